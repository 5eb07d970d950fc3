//! The response-time limit: as many in flight as are done within the target.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::admission::BUDGET_SHARE;
use crate::clock::Tick;
use crate::control::in_flight::{Bound, in_flight};
use crate::control::sojourns::Window;
use crate::control::{Adjusts, Controller, Decision, Sample};
use crate::law::{float, per_second, whole};

use settings::{DAMPING, EVENTS_MIN, GRADIENT_MAX, GRADIENT_MIN, LIMIT_MAX, RISE, WINDOW};

/// Bounds the events that wait or are in hand so that nine of ten are done
/// within 0.8 of the stage's target: every 100 ms the limit follows the ratio
/// of the two, by half of it.
///
/// It needs nothing but the target, and takes the place of
/// [`DrainRate`](crate::DrainRate). As it goes by what events really took, it
/// needs no idea of workers and their rate, and so bounds also what waits for
/// something else: a lock, a disk, a service behind this one. It is slower to
/// follow, by some tenths of a second, and tells neither a wait before a retry
/// nor whether an event would miss a deadline of its own.
///
/// It begins with no bound but the queue's. An event that expired counts as
/// one that took the whole target. The limit is lowered from what was in
/// flight, where that was less than it (by Little's law: events per second ×
/// time of one): by the formula alone a limit that nobody felt takes seconds to
/// come down, in which what is too much expires and is not refused.
///
/// ```
/// use seda_core::ResponseTime;
/// use seda_core::simulator::{Arrivals, Service, Tunnel};
/// use std::time::Duration;
///
/// let ms = Duration::from_millis;
/// let tunnel = Tunnel::new(2, Service::exponential(ms(1)), ms(25), 42);
/// let twice = Arrivals::poisson(2.0 * tunnel.capacity());
/// let flight = tunnel.fly(twice, |stage| {
///     stage.target(ms(25)).controller(ResponseTime::default())
/// })?;
/// assert!(flight.goodput() > 0.95 && flight.all.latency.p99 <= ms(25));
/// # Ok::<(), seda_core::BoxError>(())
/// ```
///
/// Source: load-conditioning.md §2.
#[derive(Debug)]
pub struct ResponseTime {
    limit: f64,
    window: Window,
    /// What there was when the window began.
    before: (Tick, Sample),
    bound: Bound,
}

impl Default for ResponseTime {
    fn default() -> Self {
        Self {
            limit: LIMIT_MAX,
            window: Window::new(),
            before: (Tick::ZERO, Sample::default()),
            bound: Bound::default(),
        }
    }
}

impl ResponseTime {
    fn change(&mut self, gradient: f64, in_flight: f64, threads: usize) {
        let from = if gradient < 1.0 {
            self.limit.min(in_flight)
        } else {
            self.limit
        };
        let rise = if gradient > 1.0 { RISE } else { 0.0 };
        let limit = from.mul_add(DAMPING.mul_add(gradient - 1.0, 1.0), rise);
        let least = float(threads.max(1) as u64);
        self.limit = limit.min(LIMIT_MAX).max(least);
    }
}

impl Controller for ResponseTime {
    fn name(&self) -> &'static str {
        "response time"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Admission
    }

    fn period(&self) -> Duration {
        WINDOW
    }

    fn wants_sojourns(&self) -> bool {
        true
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        let Some(target) = sample.target else {
            return Decision::none();
        };
        self.window.add(&sample.sojourns);
        let (then, before) = self.before;
        let expired = sample.expired.saturating_sub(before.expired);
        if self.window.count().saturating_add(expired) < EVENTS_MIN {
            return Decision::none();
        }
        self.before = (now, *sample);
        // Not all that were served need be in the window.
        let served = sample.served.saturating_sub(before.served);
        let told = expired.saturating_mul(self.window.count());
        self.window
            .record(target, told.checked_div(served).unwrap_or(expired));
        let took = self.window.take().p90.max(Duration::from_nanos(1));
        let beyond = sample.passage.beyond;
        let allowed = target.mul_f64(BUDGET_SHARE).saturating_sub(beyond);
        let ratio = allowed.div_duration_f64(took);
        let gradient = ratio.clamp(GRADIENT_MIN, GRADIENT_MAX);
        let was_hit = sample.rejected > before.rejected || float(in_flight(sample)) >= self.limit;
        if gradient >= 1.0 && !was_hit {
            return Decision::none();
        }
        let finished = sample.finished.saturating_sub(before.finished);
        let rate = per_second(finished, now.since(then));
        self.change(gradient, rate * took.as_secs_f64(), sample.threads);
        self.bound.set(whole(self.limit, 1), || {
            let relation = if ratio < 1.0 { "above" } else { "within" };
            format!("p90 {took:.1?} is {relation} {allowed:.1?}, 0.8 of the target")
        })
    }
}
