//! The thread controller of blocking domains, in its simple form.

use std::time::Duration;

use crate::clock::Tick;
use crate::control::{Adjusts, Controller, Decision, Sample};

const TICK: Duration = Duration::from_millis(100);
/// More of the time than this on the CPU means that threads do not help.
const CPU_BOUND: f64 = 0.9;
/// Less blocked time than this is not worth a thread.
const BLOCKED_MIN: f64 = 0.2;
/// Throughput must rise this much for new threads to be kept.
const GAIN_MIN: f64 = 1.02;
/// How long it does not try again after threads have not helped.
const BACK_OFF: Duration = Duration::from_secs(2);

/// Grows a pool whose threads block while events wait, keeps the growth only
/// if throughput rises, and asks whether the stage is CPU-bound first
/// (architecture.md §7, defect 4). A thread that is idle leaves by itself.
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
        if blocked < BLOCKED_MIN || wanted <= sample.threads {
            return Decision::none();
        }
        self.trial = Some(Trial {
            threads: sample.threads,
            events_per_second: rate,
        });
        Decision {
            threads: Some(wanted),
            reason: format!(
                "{} events wait and threads are blocked {:.0} % of their time",
                sample.queued,
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

#[cfg(test)]
mod tests {
    use super::ThreadControl;
    use crate::clock::Tick;
    use crate::control::{Controller, Sample};
    use std::time::Duration;

    /// A stage that blocks 10 ms and then spends `cpu` ms on one of 2 cores.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a model of a few hundred events"
    )]
    fn run(blocks: Duration, cpu: Duration, ticks: u64) -> (usize, Vec<String>) {
        let mut controller = ThreadControl::new(32, 2);
        let tick = controller.period();
        let mut sample = Sample {
            threads: 1,
            queued: 1_000,
            cpu: Some(Duration::ZERO),
            ..Sample::default()
        };
        let mut reasons = Vec::new();
        for n in 0..ticks {
            let decision =
                controller.update(Tick::ZERO.after(tick * u32::try_from(n).unwrap()), &sample);
            if let Some(threads) = decision.threads {
                sample.threads = threads;
                reasons.push(decision.reason);
            }
            let each = (blocks + cpu).as_secs_f64();
            let by_threads = sample.threads as f64 / each;
            let by_cores = if cpu.is_zero() {
                f64::MAX
            } else {
                2.0 / cpu.as_secs_f64()
            };
            let done = by_threads.min(by_cores) * tick.as_secs_f64();
            sample.served += done as u64;
            sample.busy += tick * u32::try_from(sample.threads).unwrap();
            sample.cpu = sample.cpu.map(|used| used + cpu.mul_f64(done));
        }
        (sample.threads, reasons)
    }

    #[test]
    fn a_stage_that_blocks_gets_threads_within_two_seconds() {
        let (threads, reasons) = run(Duration::from_millis(10), Duration::ZERO, 20);
        assert!(threads >= 29, "{threads}: {reasons:?}");
    }

    #[test]
    fn a_stage_bound_by_the_cpu_does_not() {
        let (threads, reasons) = run(Duration::ZERO, Duration::from_millis(10), 40);
        assert!(threads <= 3, "{threads}: {reasons:?}");
    }
}
