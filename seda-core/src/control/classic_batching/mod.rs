//! SEDA's own batching controller, as a baseline.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::{Adjusts, Controller, Decision, Sample};
use crate::law::{Ewma, float, per_second, whole};

use settings::{
    BATCH_MAX, BATCH_MIN, FACTOR, HIGH, LOW, PAST, VERY_HIGH, VERY_LOW, WINDOW, WINDOWS_PER_STEP,
};

/// Looks for the smallest batch that does not cost throughput: makes batches
/// smaller until throughput falls below 0.9 of the best that was seen, then
/// larger until it is back.
///
/// It needs nothing. It takes every change of throughput for its own doing: a
/// load that falls makes batches larger, and one that is below capacity lets
/// them shrink to one. It moves by a fifth every 5 s, so that it goes from
/// 1,000 events to 1 in about three minutes.
///
/// [`Plan::seda_classic`](crate::Plan::seda_classic) does not add it, since in
/// SEDA's own configuration it was off.
///
/// Mended: sizes are rounded, not cut, when they grow; cut, a batch of one to
/// four events never grew again.
///
/// ```
/// use seda_core::{ClassicBatching, Graph};
///
/// let mut graph = Graph::new("a baseline");
/// graph
///     .stage("serve")
///     .controller(ClassicBatching::default())
///     .each(|_request: u32| Ok(()));
/// ```
///
/// Source: Welsh, Culler and Brewer, "SEDA" (SOSP 2001), and the Sandstorm
/// release.
#[derive(Debug)]
pub struct ClassicBatching {
    before: Option<(Tick, u64)>,
    throughput: Ewma,
    /// Events per second.
    best: f64,
    batch: usize,
    going: Going,
    windows: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Going {
    Down,
    Up,
}

impl Default for ClassicBatching {
    fn default() -> Self {
        Self {
            before: None,
            throughput: Ewma::from(0.0, 1.0 - PAST),
            best: 0.0,
            batch: BATCH_MAX,
            going: Going::Down,
            windows: 0,
        }
    }
}

impl ClassicBatching {
    fn shrink(&mut self) {
        let smaller = float(self.batch as u64) / FACTOR;
        // Towards zero, as the original did, so that it arrives at the least.
        self.batch = whole(smaller.floor(), BATCH_MIN);
        self.going = Going::Down;
    }

    fn grow(&mut self) {
        let larger = float(self.batch as u64) * FACTOR;
        self.batch = whole(larger.ceil(), BATCH_MIN).min(BATCH_MAX);
        self.going = Going::Up;
    }

    /// Acts on a throughput; says why.
    fn step(&mut self, now: f64) -> String {
        let best = self.best;
        if now < VERY_LOW * best || now >= VERY_HIGH * best {
            self.batch = BATCH_MAX;
            self.going = Going::Down;
        }
        match self.going {
            Going::Down if now <= LOW * best => {
                self.grow();
                return format!("{now:.0} events/s are at most {LOW} x the best, {best:.0}");
            }
            Going::Down => {
                self.best = best.max(now);
                self.shrink();
            }
            Going::Up => {
                self.best = best.max(now);
                if now < HIGH * self.best {
                    return self.search_on(now);
                }
                self.shrink();
            }
        }
        format!("{now:.0} events/s hold with smaller batches, the best were {best:.0}")
    }

    fn search_on(&mut self, now: f64) -> String {
        self.grow();
        if self.batch == BATCH_MAX {
            // Larger is not possible: what there is now is the best.
            self.best = now;
            self.going = Going::Down;
        }
        format!(
            "{now:.0} events/s are not yet {HIGH} x the best, {:.0}",
            self.best
        )
    }
}

impl Controller for ClassicBatching {
    fn name(&self) -> &'static str {
        "classic batching"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Batches
    }

    fn period(&self) -> Duration {
        WINDOW
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        let before = self.before.replace((now, sample.served));
        let Some((then, served)) = before else {
            return Decision {
                batch: Some(BATCH_MAX),
                reason: format!("it begins with {BATCH_MAX} events a batch"),
                ..Decision::none()
            };
        };
        let done = sample.served.saturating_sub(served);
        let throughput = self.throughput.add(per_second(done, now.since(then)));
        self.windows = (self.windows + 1) % WINDOWS_PER_STEP;
        if self.windows != 0 {
            return Decision::none();
        }
        let old = sample.batch;
        let why = self.step(throughput);
        if self.batch == old {
            return Decision::none();
        }
        Decision {
            batch: Some(self.batch),
            reason: format!("{why}: {old} -> {} events a batch", self.batch),
            ..Decision::none()
        }
    }
}
