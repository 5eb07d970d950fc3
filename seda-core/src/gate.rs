//! Why a queue must look twice at an event before it takes it.

use std::sync::atomic::{AtomicU32, Ordering};

/// Is a set of reasons; while it is empty, only the bound decides.
#[derive(Debug, Default)]
pub(crate) struct Gate(AtomicU32);

/// Is one reason to look twice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bar(u32);

/// Code outside the graph may not enqueue any more: the graph drains.
pub(crate) const INLETS_CLOSED: Bar = Bar(1);
/// Nobody may enqueue any more: the graph has stopped.
pub(crate) const CLOSED: Bar = Bar(2);
/// The handler failed faster than its restart intensity.
pub(crate) const QUARANTINED: Bar = Bar(4);
/// An admission policy decides.
pub(crate) const ADMISSION: Bar = Bar(8);

/// A controller decides who enters, or the queue tells classes apart.
pub(crate) const CONTROLLED: Bar = Bar(16);
/// The overload manager turns less urgent events away.
pub(crate) const OVERLOADED: Bar = Bar(32);

impl Gate {
    /// Tells whether only the bound decides.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn has(&self, bar: Bar) -> bool {
        self.0.load(Ordering::Acquire) & bar.0 != 0
    }

    /// Sets a reason; tells whether it was not set before.
    pub(crate) fn set(&self, bar: Bar) -> bool {
        self.0.fetch_or(bar.0, Ordering::AcqRel) & bar.0 == 0
    }

    pub(crate) fn clear(&self, bar: Bar) {
        self.0.fetch_and(!bar.0, Ordering::AcqRel);
    }
}
