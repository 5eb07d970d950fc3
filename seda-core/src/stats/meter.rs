//! The counters of one stage on one worker: written by that worker alone, read by all.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::clock::Tick;
use crate::stats::histogram::Spread;

/// Is a counter with one writer: an ordinary addition, no locked instruction.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    #[inline]
    pub(crate) fn add(&self, n: usize) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_add(n as u64),
            Ordering::Release,
        );
    }

    #[inline]
    pub(crate) fn take_off(&self, n: usize) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_sub(n as u64),
            Ordering::Release,
        );
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Keeps what two workers write on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct OwnLine<T>(pub(crate) T);

/// Is what one worker counts for one stage.
#[derive(Debug)]
pub(crate) struct Meter {
    /// Events handed to a batch, less those that came back.
    pub(crate) taken: Count,
    pub(crate) handled: Count,
    pub(crate) failed: Count,
    pub(crate) expired: Count,
    /// Events that this worker dead-lettered out of the queue.
    pub(crate) dead: Count,
    pub(crate) batches: Count,
    /// Times that a batch ended with a deferred event.
    pub(crate) deferrals: Count,
    /// Nanoseconds inside the handler.
    pub(crate) busy: Count,
    /// When the batch in hand began, or 0.
    busy_since: AtomicU64,
    /// When the worker last saw the queue empty.
    empty_at: AtomicU64,
    spreads: Mutex<Spreads>,
}

/// Is a stage's histograms, as one worker sees them.
#[derive(Clone, Debug)]
pub(crate) struct Spreads {
    pub(crate) wait: Spread,
    pub(crate) service: Spread,
    /// Waiting and in hand, of what was served.
    pub(crate) sojourn: Spread,
    pub(crate) batch: Spread,
}

impl Spreads {
    pub(crate) fn new() -> Self {
        Self {
            wait: Spread::of_times(),
            service: Spread::of_times(),
            sojourn: Spread::of_times(),
            batch: Spread::of_batches(),
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.wait.merge(&other.wait);
        self.service.merge(&other.service);
        self.sojourn.merge(&other.sojourn);
        self.batch.merge(&other.batch);
    }
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            taken: Count::default(),
            handled: Count::default(),
            failed: Count::default(),
            expired: Count::default(),
            dead: Count::default(),
            batches: Count::default(),
            deferrals: Count::default(),
            busy: Count::default(),
            busy_since: AtomicU64::new(0),
            empty_at: AtomicU64::new(0),
            spreads: Mutex::new(Spreads::new()),
        }
    }

    #[inline]
    pub(crate) fn begin(&self, now: Tick) {
        self.busy_since
            .store(now.as_nanos().max(1), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn end(&self) {
        self.busy_since.store(0, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn saw_empty(&self, now: Tick) {
        self.empty_at.store(now.as_nanos(), Ordering::Relaxed);
    }

    /// Gives when the worker last left nothing in the queue.
    pub(crate) fn empty_at(&self) -> Tick {
        Tick::from_nanos(self.empty_at.load(Ordering::Relaxed))
    }

    /// Gives when the batch in hand began, if there is one.
    pub(crate) fn busy_since(&self) -> Option<Tick> {
        match self.busy_since.load(Ordering::Relaxed) {
            0 => None,
            since => Some(Tick::from_nanos(since)),
        }
    }

    /// Lets the histograms be changed or read; the lock is held by readers for microseconds.
    pub(crate) fn spreads<R>(&self, work: impl FnOnce(&mut Spreads) -> R) -> R {
        work(&mut self.spreads.lock())
    }

    /// Gives the events that are finished, whichever way.
    pub(crate) fn finished(&self) -> u64 {
        self.handled.get() + self.failed.get() + self.expired.get() + self.dead.get()
    }
}
