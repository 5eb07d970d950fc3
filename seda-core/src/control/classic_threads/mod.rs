//! SEDA's own thread-pool controller, as a baseline.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::{Adjusts, Controller, Decision, Sample};

use settings::{QUEUE_MIN, THREADS_MAX, TICK, TICKS_PER_STEP};

/// Adds a thread when the queue is long, every 8 s; a thread idle for 1 s leaves.
///
/// It needs nothing, and finds a pool of some threads for a stage that blocks,
/// if it is given minutes. It does not ask whether the stage is bound by the
/// CPU (architecture.md §7, defect 4), so that it gives such a stage 20 threads
/// too; [`ThreadControl`](crate::ThreadControl) does ask. It is what
/// [`Plan::seda_classic`](crate::Plan::seda_classic) gives every stage.
///
/// Source: the thread-pool controller of the Sandstorm release of SEDA.
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
