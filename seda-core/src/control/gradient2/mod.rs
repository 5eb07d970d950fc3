//! Gradient2: the limit follows how events take longer than usual.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::in_flight::Bound;
use crate::control::windowed::{PERIOD, Seen, Windowed};
use crate::control::{Adjusts, Controller, Decision, Sample};
use crate::law::whole;

use settings::{
    DECAY, DRIFT_MAX, GRADIENT_MIN, LIMIT_FIRST, LIMIT_MAX, LIMIT_MIN, LONG_WINDOWS, QUEUE,
    SMOOTHING, TOLERANCE, WARM_UP_WINDOWS,
};

/// Bounds events in flight by comparing how long one takes with the long-term
/// average: while events take at most 1.5 times as long as usual the limit
/// rises, else it falls with the ratio of the two.
///
/// A baseline; it needs nothing at all. It rides out times that scatter, which
/// [`Vegas`](crate::Vegas) does not. But under a lasting overload the long
/// queue becomes what is usual, and the limit creeps up; and as it never goes
/// below 20, a service that gets slower has a queue too long for its budget.
///
/// It is told the average of 100 ms at a time, as by the `WindowedLimit` that
/// the original is used with: told of each event by itself, it takes what is
/// usual from the last half second, and follows any overload up to its most.
///
/// Give the stage no `target`, else it gets an expiry that the original has
/// not, and a queue that does not bound it before:
///
/// ```
/// use seda_core::{Gradient2, Graph};
///
/// let mut graph = Graph::new("baseline");
/// let stage = graph.stage("serve").queue(10_000);
/// stage.controller(Gradient2::default()).each(|_: u32| Ok(()));
/// ```
///
/// # Sources
///
/// `Gradient2Limit` of Netflix's concurrency-limits, version 0.5.
#[derive(Debug)]
pub struct Gradient2 {
    limit: f64,
    /// How long events usually take, in seconds.
    usual: f64,
    /// Windows that were averaged, up to the warm-up.
    warm: u32,
    windowed: Windowed,
    bound: Bound,
}

impl Default for Gradient2 {
    fn default() -> Self {
        Self {
            limit: LIMIT_FIRST,
            usual: 0.0,
            warm: 0,
            windowed: Windowed::default(),
            bound: Bound::default(),
        }
    }
}

impl Gradient2 {
    /// Takes a window in.
    fn see(
        &mut self,
        Seen {
            took, in_flight, ..
        }: Seen,
    ) {
        let usual = self.average(took);
        if usual > DRIFT_MAX * took {
            self.usual *= DECAY;
        }
        // A limit that is not felt is not raised.
        if in_flight < self.limit / 2.0 {
            return;
        }
        let gradient = (TOLERANCE * usual / took).clamp(GRADIENT_MIN, 1.0);
        let wanted = self.limit.mul_add(gradient, QUEUE);
        let limit = SMOOTHING.mul_add(wanted - self.limit, self.limit);
        self.limit = limit.clamp(LIMIT_MIN, LIMIT_MAX);
    }

    fn average(&mut self, took: f64) -> f64 {
        let weight = if self.warm < WARM_UP_WINDOWS {
            self.warm += 1;
            1.0 / f64::from(self.warm)
        } else {
            2.0 / f64::from(LONG_WINDOWS + 1)
        };
        self.usual += weight * (took - self.usual);
        self.usual
    }
}

impl Controller for Gradient2 {
    fn name(&self) -> &'static str {
        "gradient2"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Admission
    }

    fn period(&self) -> Duration {
        self.bound.period(PERIOD)
    }

    fn wants_sojourns(&self) -> bool {
        true
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        let Some(seen) = self.windowed.add(now, sample, self.limit) else {
            return self.bound.begin(whole(self.limit.floor(), 1));
        };
        self.see(seen);
        let usual = Duration::from_secs_f64(self.usual);
        self.bound.set(whole(self.limit.floor(), 1), || {
            format!("events take {:.1?}, and usually {usual:.1?}", seen.time())
        })
    }
}
