//! SEDA's admission controller by a queueing model, as a baseline.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::window::Window;
use crate::control::{Adjusts, Controller, Decision, Sample};
use crate::law::{Ewma, float, per_second};

use settings::{
    BATCHES, BUSY_MIN, DEPTH, EVENTS_MIN, NINETIETH, OVERLOADED, PAST, PAST_UP, RATE_MIN, TIME,
};

/// Bounds the rate at which events enter to what an M/M/1 queue with the
/// measured service rate can take, if nine of ten events are to be done within
/// the target: service rate − 2.302 / target.
///
/// It needs the target only. It goes by how long handlers take, not by how
/// long events do, so that it settles in seconds; but the model has one server
/// and knows nothing of queues that are there already: when more was let in
/// than can be done it lets in a tenth, several threads count as 1 + ln n of
/// them, and the bucket lets bursts of 100 in.
///
/// The original looked after each batch and estimated every 5,000 batches or
/// 5 s (100 or 1 s in its first benchmarks, and here). Until its first
/// estimate, everything enters. Mended: a rate above 1,000 a second is what it
/// says (architecture.md §7, defect 1), and the counters are exact (defect 7).
///
/// [`SedaDirect`](crate::SedaDirect) has an example that holds for this one
/// too.
///
/// Source: the Sandstorm release of SEDA.
#[derive(Debug)]
pub struct SedaQueueing {
    target: Duration,
    window: Window,
    before: Option<(Tick, Sample)>,
    /// Events per second that could be done.
    service: f64,
    /// Events per second that entered.
    arrivals: Ewma,
    rate: Option<f64>,
}

impl SedaQueueing {
    /// Makes a controller that wants nine of ten events done within `target`.
    pub fn new(target: Duration) -> Self {
        Self {
            target,
            window: Window::new(BATCHES, TIME).cautious(),
            before: None,
            service: 0.0,
            arrivals: Ewma::from(0.0, 1.0 - PAST),
            rate: None,
        }
    }

    /// Takes in a window; gives the service rate and the arrival rate.
    fn estimate(&mut self, now: Tick, sample: &Sample) -> Option<(f64, f64)> {
        let (then, before) = *self.before.get_or_insert((now, *sample));
        let wall = now.since(then);
        if wall.is_zero() {
            return None;
        }
        let batches = sample.batches.saturating_sub(before.batches);
        self.window.pass(batches, wall);
        let served = sample.served.saturating_sub(before.served);
        let busy = sample.busy.saturating_sub(before.busy);
        if served < EVENTS_MIN || busy < BUSY_MIN {
            return None;
        }
        self.before = Some((now, *sample));
        let servers = 1.0 + float(sample.threads.max(1) as u64).ln();
        let new = servers * per_second(served, busy);
        let past = if new < self.service { PAST } else { PAST_UP };
        self.service = past.mul_add(self.service - new, new);
        let entered = sample.accepted.saturating_sub(before.accepted);
        let arrivals = self.arrivals.add(per_second(entered, wall));
        Some((self.service, arrivals))
    }

    fn bound(&self, service: f64, arrivals: f64) -> (f64, String) {
        let target = self.target;
        let least = format!("{OVERLOADED} x service rate of {service:.0} events/s");
        if arrivals > service {
            let why = format!("{arrivals:.0} events/s come in: {least}");
            return (service * OVERLOADED, why);
        }
        let rate = service - NINETIETH / target.as_secs_f64();
        if rate < 0.0 {
            let why = format!("the target of {target:?} cannot be met: {least}");
            return (service * OVERLOADED, why);
        }
        let why = format!("M/M/1 with {service:.0} events/s meets {target:?}");
        (rate, why)
    }
}

impl Controller for SedaQueueing {
    fn name(&self) -> &'static str {
        "seda queueing"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Admission
    }

    fn period(&self) -> Duration {
        self.window.period()
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        let Some((service, arrivals)) = self.estimate(now, sample) else {
            return Decision::none();
        };
        let (rate, why) = self.bound(service, arrivals);
        let rate = rate.max(RATE_MIN);
        let same = |old: f64| (old - rate).abs() < f64::EPSILON;
        if self.rate.is_some_and(same) {
            return Decision::none();
        }
        let old = self.rate.replace(rate);
        let old = old.map_or_else(|| "everything".to_owned(), |old| format!("{old:.1}"));
        let reason = format!("{why}: {old} -> {rate:.1} events/s");
        Decision::of_rate(rate, DEPTH, reason)
    }
}
