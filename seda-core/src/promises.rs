//! Events that a source will make of what it has taken over from a handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the events that a source has promised and not made yet.
///
/// A source that handlers hand things to, such as child processes to wait for,
/// holds something that no queue shows. A promise counts like an accepted event
/// until it is kept, so a drain waits for it. Clones are one count.
///
/// A promise must be made before the handler that hands something over returns,
/// and kept after the event that becomes of it was enqueued.
///
/// ```
/// use seda_core::Promises;
///
/// let promises = Promises::default();
/// promises.make();
/// assert_eq!(promises.open(), 1);
/// promises.keep();
/// assert_eq!(promises.open(), 0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Promises(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    made: AtomicU64,
    kept: AtomicU64,
}

impl Promises {
    /// Promises one event.
    pub fn make(&self) {
        self.0.made.fetch_add(1, Ordering::AcqRel);
    }

    /// Says that one of them was enqueued, or will never be.
    pub fn keep(&self) {
        self.0.kept.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts the promises that are not kept yet.
    pub fn open(&self) -> u64 {
        let kept = self.kept();
        self.made().saturating_sub(kept)
    }

    pub(crate) fn made(&self) -> u64 {
        self.0.made.load(Ordering::Acquire)
    }

    pub(crate) fn kept(&self) -> u64 {
        self.0.kept.load(Ordering::Acquire)
    }
}
