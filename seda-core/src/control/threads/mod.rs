//! The thread controller of blocking domains, in its simple form.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::{Adjusts, Controller, Decision, Sample};

use settings::{BACK_OFF, BLOCKED_MIN, CPU_BOUND, GAIN_MIN, TICK};

/// Grows a pool whose threads block while events wait, or that has fewer than
/// there are cores; keeps the growth only if throughput rises, and asks whether
/// the stage is CPU-bound first (architecture.md §7, defect 4). A thread that is idle leaves by itself.
#[derive(Debug)]
pub struct ThreadControl {
    max: usize,
    cores: usize,
    before: Option<(Tick, Sample)>,
    trial: Option<Trial>,
    rest_until: Tick,
}

/// Is growth that has not yet shown what it is worth.
#[derive(Clone, Copy, Debug)]
struct Trial {
    threads: usize,
    events_per_second: f64,
}

impl ThreadControl {
    /// Makes a controller for a pool of up to `max` threads on `cores` cores.
    pub fn new(max: usize, cores: usize) -> Self {
        Self {
            max: max.max(1),
            cores: cores.max(1),
            before: None,
            trial: None,
            rest_until: Tick::ZERO,
        }
    }

    fn judge(&mut self, now: Tick, rate: f64, threads: usize) -> Option<Decision> {
        let trial = self.trial.take()?;
        if rate >= trial.events_per_second * GAIN_MIN {
            return None;
        }
        self.rest_until = now.after(BACK_OFF);
        Some(Decision {
            threads: Some(trial.threads),
            reason: format!(
                "{threads} threads do {rate:.0} events/s, {} did {:.0}: back",
                trial.threads, trial.events_per_second
            ),
            ..Decision::none()
        })
    }

    fn grow(&mut self, sample: &Sample, rate: f64, blocked: f64) -> Decision {
        let cap = if blocked < 1.0 - CPU_BOUND {
            self.max.min(self.cores + 1)
        } else {
            self.max
        };
        let wanted = (sample.threads + (sample.threads / 4).max(1)).min(cap);
        let worth = blocked >= BLOCKED_MIN || sample.threads < self.cores;
        if !worth || wanted <= sample.threads {
            return Decision::none();
        }
        self.trial = Some(Trial {
            threads: sample.threads,
            events_per_second: rate,
        });
        Decision {
            threads: Some(wanted),
            reason: format!(
                "{} events wait and {} threads on {} cores are blocked {:.0} % of their time",
                sample.queued,
                sample.threads,
                self.cores,
                blocked * 100.0
            ),
            ..Decision::none()
        }
    }
}

impl Controller for ThreadControl {
    fn name(&self) -> &'static str {
        "threads"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Threads
    }

    fn period(&self) -> Duration {
        TICK
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        let Some((then, before)) = self.before.replace((now, *sample)) else {
            return Decision::none();
        };
        let wall = now.since(then).as_secs_f64();
        if wall <= 0.0 {
            return Decision::none();
        }
        let rate = per_second(sample.served.saturating_sub(before.served), wall);
        if let Some(back) = self.judge(now, rate, sample.threads) {
            return back;
        }
        if sample.queued == 0 || now < self.rest_until {
            return Decision::none();
        }
        self.grow(sample, rate, blocked_share(&before, sample))
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a rate needs no more than 52 bits"
)]
fn per_second(events: u64, seconds: f64) -> f64 {
    events as f64 / seconds
}

/// Gives the part of the time inside handlers that was not spent on the CPU;
/// all of it where CPU time is not known.
fn blocked_share(before: &Sample, sample: &Sample) -> f64 {
    let (Some(cpu), Some(cpu_before)) = (sample.cpu, before.cpu) else {
        return 1.0;
    };
    let cpu = cpu.saturating_sub(cpu_before).as_secs_f64();
    let busy = sample.busy.saturating_sub(before.busy).as_secs_f64();
    if busy <= 0.0 {
        // Handlers that outlast the tick have not been counted yet.
        return 1.0;
    }
    (1.0 - cpu / busy).clamp(0.0, 1.0)
}
