//! What a worker reads before every batch, on a cache line of its own.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::clock::nanos;
use crate::dials::Order;

/// Is set beside the stage's budget where the queue has classes, so that a look
/// at the bounds tells both; no budget is that long.
const CLASSED: u64 = 1 << 63;

/// Is how the events that wait are to be taken. It changes seldom and is read
/// at every batch, so that it shares no cache line with anything that is written.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Serving {
    /// The most events of one batch.
    batch_max: AtomicUsize,
    /// A controller has chosen it, and answers for how long a batch takes.
    batch_decided: AtomicBool,
    newest_first: AtomicBool,
    /// The stage's latency budget, the longest wait, and the handlers further
    /// down the path, in nanoseconds; 0 is none.
    target: AtomicU64,
    wait_max: AtomicU64,
    service_beyond: AtomicU64,
}

impl Serving {
    pub(crate) const fn new() -> Self {
        Self {
            batch_max: AtomicUsize::new(1),
            batch_decided: AtomicBool::new(false),
            newest_first: AtomicBool::new(false),
            target: AtomicU64::new(0),
            wait_max: AtomicU64::new(0),
            service_beyond: AtomicU64::new(0),
        }
    }

    /// Tells whether only a deadline of its own can make an event too late, and
    /// its class says nothing.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        let bounds = [&self.target, &self.wait_max, &self.service_beyond];
        let all = bounds.map(|bound| bound.load(Ordering::Relaxed));
        all.into_iter().fold(0, |any, bound| any | bound) == 0
    }

    /// Gives the most events of one batch.
    #[inline]
    pub(crate) fn batch_max(&self) -> usize {
        self.batch_max.load(Ordering::Relaxed)
    }

    /// Tells whether a controller has chosen the most events of a batch.
    #[inline]
    pub(crate) fn is_batch_decided(&self) -> bool {
        self.batch_decided.load(Ordering::Relaxed)
    }

    pub(crate) fn set_batch(&self, batch_max: usize) {
        self.batch_max.store(batch_max.max(1), Ordering::Relaxed);
    }

    /// Has a controller answer for how long a batch takes from now on.
    pub(crate) fn decide_batch(&self, batch_max: usize) {
        self.set_batch(batch_max);
        self.batch_decided.store(true, Ordering::Relaxed);
    }

    /// Gives which of the events that wait is served next.
    #[inline]
    pub(crate) fn order(&self) -> Order {
        if self.newest_first.load(Ordering::Relaxed) {
            Order::NewestFirst
        } else {
            Order::OldestFirst
        }
    }

    pub(crate) fn set_order(&self, order: Order) {
        let newest_first = order == Order::NewestFirst;
        self.newest_first.store(newest_first, Ordering::Relaxed);
    }

    /// Gives the stage's latency budget.
    pub(crate) fn target(&self) -> Option<Duration> {
        match self.target.load(Ordering::Relaxed) & !CLASSED {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    pub(crate) fn set_target(&self, target: Duration) {
        let classed = self.target.load(Ordering::Relaxed) & CLASSED;
        let target = nanos(target) & !CLASSED;
        self.target.store(target | classed, Ordering::Relaxed);
    }

    /// Tells whether the queue has classes.
    pub(crate) fn has_classes(&self) -> bool {
        self.target.load(Ordering::Relaxed) & CLASSED != 0
    }

    pub(crate) fn set_classes(&self) {
        self.target.fetch_or(CLASSED, Ordering::Relaxed);
    }

    /// Gives how long an event may wait at most.
    pub(crate) fn wait_max(&self) -> Option<Duration> {
        duration(&self.wait_max)
    }

    pub(crate) fn set_wait_max(&self, longest: Duration) {
        self.wait_max.store(nanos(longest), Ordering::Relaxed);
    }

    /// Gives the nanoseconds that handlers further down the path will take.
    pub(crate) fn service_beyond(&self) -> u64 {
        self.service_beyond.load(Ordering::Relaxed)
    }

    pub(crate) fn set_service_beyond(&self, service: Duration) {
        self.service_beyond.store(nanos(service), Ordering::Relaxed);
    }
}

fn duration(nanos: &AtomicU64) -> Option<Duration> {
    match nanos.load(Ordering::Relaxed) {
        0 => None,
        nanos => Some(Duration::from_nanos(nanos)),
    }
}
