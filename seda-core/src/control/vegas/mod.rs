//! Vegas: the limit follows how many events seem to wait.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::in_flight::Bound;
use crate::control::windowed::{PERIOD, Seen, Windowed};
use crate::control::{Adjusts, Controller, Decision, Sample};
use crate::law::whole;

use settings::{ALPHA, BETA, LIMIT_FIRST, LIMIT_MAX, LIMIT_MIN, PROBE_EVERY};

/// Bounds events in flight as TCP Vegas does a window: from the shortest time
/// that was seen and the time that events take now it reckons how many of them
/// wait, and keeps that number between 3 and 6, times log10 of the limit.
///
/// A baseline; it needs nothing at all. Where events take about the same time
/// it finds a short queue by itself. It knows no budget, so that whether what
/// it admits is in time is luck; where times scatter, the shortest one says
/// little, and where the service gets slower for good, it learns so only with
/// the next probe.
///
/// It is told the average of 100 ms at a time, as by the `WindowedLimit` that
/// the original is used with. An event that expired is a drop. The original
/// draws the time to the next probe at random, so that many servers do not
/// probe at once; here it is the mean of that. **Mended:** at a limit of 1,000
/// the original steps by its square root, 31, in place of its logarithm, 3.
///
/// Give the stage no `target`, else it gets an expiry that the original has
/// not, and a queue that does not bound it before:
///
/// ```
/// use seda_core::{Graph, Vegas};
///
/// let mut graph = Graph::new("baseline");
/// let stage = graph.stage("serve").queue(10_000).controller(Vegas::default());
/// stage.each(|_: u32| Ok(()));
/// ```
///
/// # Sources
///
/// `VegasLimit` of Netflix's concurrency-limits, version 0.5; L. Brakmo,
/// L. Peterson: TCP Vegas, 1995.
#[derive(Debug)]
pub struct Vegas {
    limit: f64,
    /// The shortest time that was seen since the last probe, in seconds.
    unloaded: Option<f64>,
    /// Windows.
    since_probe: u32,
    windowed: Windowed,
    bound: Bound,
}

impl Default for Vegas {
    fn default() -> Self {
        Self {
            limit: LIMIT_FIRST,
            unloaded: None,
            since_probe: 0,
            windowed: Windowed::default(),
            bound: Bound::default(),
        }
    }
}

impl Vegas {
    /// Takes a window in; gives how many events of it seem to wait, unless it
    /// only says how long one takes without load.
    fn see(&mut self, seen: Seen) -> Option<f64> {
        self.since_probe += 1;
        let probes = f64::from(self.since_probe) >= PROBE_EVERY * self.limit;
        if probes || self.unloaded.is_none_or(|unloaded| seen.took < unloaded) {
            self.unloaded = Some(seen.took);
            self.since_probe = if probes { 0 } else { self.since_probe };
            return None;
        }
        let share = 1.0 - self.unloaded.unwrap_or(seen.took) / seen.took;
        let waiting = (self.limit * share).ceil();
        let unit = unit(self.limit);
        let step = if seen.drops > 0 {
            -unit
        } else if seen.in_flight * 2.0 < self.limit {
            // A limit that is not felt is not raised.
            0.0
        } else {
            unit * steps(waiting / unit)
        };
        self.limit = (self.limit + step).clamp(LIMIT_MIN, LIMIT_MAX);
        Some(waiting)
    }
}

/// Gives what the limit is raised or lowered by: the logarithm of it.
fn unit(limit: f64) -> f64 {
    limit.log10().floor().max(1.0)
}

/// Says by how many units the limit is changed while so many wait.
fn steps(units: f64) -> f64 {
    if units <= 1.0 {
        BETA
    } else if units < ALPHA {
        1.0
    } else if units > BETA {
        -1.0
    } else {
        0.0
    }
}

impl Controller for Vegas {
    fn name(&self) -> &'static str {
        "vegas"
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
        let Some(waiting) = self.see(seen) else {
            return Decision::none();
        };
        let unloaded = Duration::from_secs_f64(self.unloaded.unwrap_or(seen.took));
        self.bound.set(whole(self.limit, 1), || {
            format!(
                "events take {:.1?}, without load {unloaded:.1?}, so that about {waiting} wait, and {} expired",
                seen.time(),
                seen.drops
            )
        })
    }
}
