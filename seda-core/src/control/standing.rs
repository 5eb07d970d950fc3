//! Whether a queue stands: it has not been empty for an interval.

use std::time::Duration;

use crate::clock::Tick;
use crate::control::Sample;

/// Remembers when a queue was last empty, as workers or this saw it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    interval: Duration,
    empty_at: Tick,
}

impl Standing {
    pub(super) const fn new(interval: Duration) -> Self {
        Self {
            interval,
            empty_at: Tick::ZERO,
        }
    }

    /// Gives for how long the queue has not been empty, if that is longer than
    /// the interval.
    pub(super) fn since(&mut self, now: Tick, sample: &Sample) -> Option<Duration> {
        // No worker sees a queue empty that has had no events at all.
        let seen = if sample.queued == 0 {
            now
        } else {
            sample.empty_at
        };
        self.empty_at = self.empty_at.max(seen);
        let stood = now.since(self.empty_at);
        (stood > self.interval).then_some(stood)
    }
}
