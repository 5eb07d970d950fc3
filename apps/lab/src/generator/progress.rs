//! How far a run is, for who waits for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::errand::End;

/// Counts what the generator does, for another thread to read.
#[derive(Debug, Default)]
pub(super) struct Progress {
    begun: AtomicU64,
    answered: AtomicU64,
    rejected: AtomicU64,
    failed: AtomicU64,
}

/// Is how far a run is. Requests are counted from its beginning, warm-up included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How long it has run.
    pub elapsed: Duration,
    /// How long it runs, but for answers that are then still under way.
    pub whole: Duration,
    /// Requests that were due.
    pub begun: u64,
    /// Of these, answered.
    pub answered: u64,
    /// Of these, refused.
    pub rejected: u64,
    /// Of these, failed.
    pub failed: u64,
}

impl Progress {
    pub(super) fn note_begun(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note(&self, end: End) {
        let count = match end {
            End::Answered => &self.answered,
            End::Rejected => &self.rejected,
            End::Failed(_) => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, elapsed: Duration, whole: Duration) -> Seen {
        Seen {
            elapsed,
            whole,
            begun: self.begun.load(Ordering::Relaxed),
            answered: self.answered.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}
