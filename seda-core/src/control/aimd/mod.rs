//! AIMD: one more for each event in time, a tenth less for each that was not.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::in_flight::Bound;
use crate::control::windowed::{PERIOD, Seen, Windowed};
use crate::control::{Adjusts, Controller, Decision, Sample};
use crate::law::whole;

use settings::{BACK_OFF, LIMIT_FIRST, LIMIT_MAX, LIMIT_MIN};

/// Bounds events in flight as TCP Reno does a window: for an event that took
/// longer than the timeout the limit falls by a tenth, for each other one it
/// rises by one, while at least half of it is used.
///
/// A baseline. It needs a timeout, and must see events take longer to learn
/// that there were too many: with the budget as timeout, a good part of what
/// it admits is late. As the limit never goes below 20, a service that gets
/// slower has a queue too long for its budget.
///
/// It is told the average of 100 ms at a time, as by the `WindowedLimit` that
/// the original is used with. An event that expired took too long.
///
/// Give the stage no `target`, else it gets an expiry that the original has
/// not, and a queue that does not bound it before:
///
/// ```
/// use seda_core::{Aimd, Graph};
/// use std::time::Duration;
///
/// let mut graph = Graph::new("baseline");
/// let aimd = Aimd::new(Duration::from_millis(25));
/// let stage = graph.stage("serve").queue(10_000).controller(aimd);
/// stage.each(|_: u32| Ok(()));
/// ```
///
/// # Sources
///
/// `AIMDLimit` of Netflix's concurrency-limits, version 0.5; D. Chiu, R. Jain:
/// Analysis of the increase and decrease algorithms for congestion avoidance
/// in computer networks, 1989.
#[derive(Debug)]
pub struct Aimd {
    timeout: Duration,
    /// A whole number.
    limit: f64,
    windowed: Windowed,
    bound: Bound,
}

impl Aimd {
    /// Lowers the limit for each event that takes longer than `timeout`.
    pub fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            limit: LIMIT_FIRST,
            windowed: Windowed::default(),
            bound: Bound::default(),
        }
    }

    /// Takes a window in.
    fn see(&mut self, seen: Seen) {
        if seen.drops > 0 || seen.time() > self.timeout {
            self.limit = (self.limit * BACK_OFF).floor().max(LIMIT_MIN);
        } else if seen.in_flight * 2.0 >= self.limit {
            self.limit = (self.limit + 1.0).min(LIMIT_MAX);
        }
    }
}

impl Controller for Aimd {
    fn name(&self) -> &'static str {
        "aimd"
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
            return self.bound.begin(whole(self.limit, 1));
        };
        self.see(seen);
        let timeout = self.timeout;
        self.bound.set(whole(self.limit, 1), || {
            format!(
                "events take {:.1?} beside a timeout of {timeout:?}, and {} expired",
                seen.time(),
                seen.drops
            )
        })
    }
}
