//! SEDA's own thread-pool controller, with its literal constants, as a baseline.
//!
//! Source: the Sandstorm release of SEDA; load-conditioning.md §2 lists the constants.

use std::time::Duration;

use crate::clock::Tick;
use crate::control::{Adjusts, Controller, Decision, Sample};

const TICK: Duration = Duration::from_secs(2);
/// It acts at every fourth tick.
const TICKS_PER_STEP: u32 = 4;
const QUEUE_MIN: u64 = 1_000;
const THREADS_MAX: usize = 20;

/// Adds a thread when the queue is long, every 8 s; a thread idle for 1 s leaves.
#[derive(Debug, Default)]
pub struct ClassicThreads {
    ticks: u32,
}

impl Controller for ClassicThreads {
    fn name(&self) -> &'static str {
        "classic threads"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Threads
    }

    fn period(&self) -> Duration {
        TICK
    }

    fn update(&mut self, _now: Tick, sample: &Sample) -> Decision {
        self.ticks = (self.ticks + 1) % TICKS_PER_STEP;
        if self.ticks != 0 || sample.queued < QUEUE_MIN || sample.threads >= THREADS_MAX {
            return Decision::none();
        }
        Decision {
            threads: Some(sample.threads + 1),
            reason: format!("{} events wait, at least {QUEUE_MIN}", sample.queued),
            ..Decision::none()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ClassicThreads;
    use crate::clock::Tick;
    use crate::control::{Controller, Sample};

    #[test]
    fn one_thread_in_four_ticks() {
        let mut controller = ClassicThreads::default();
        let sample = Sample {
            queued: 5_000,
            threads: 1,
            ..Sample::default()
        };
        let grown = (0..8).filter_map(|_| controller.update(Tick::ZERO, &sample).threads);
        assert_eq!(grown.collect::<Vec<_>>(), [2, 2]);
    }
}
