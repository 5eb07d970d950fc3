//! Controlled delay, in the form that sheds requests.

pub(super) mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::standing::Standing;
use crate::control::{Adjusts, Controller, Decision, Sample};

use settings::{INTERVAL, PERIOD, TARGET};

/// Bounds how long events wait: while the queue stands, that is, was not empty
/// for an interval, up to a target (5 ms by default), else up to the interval
/// (100 ms).
///
/// It needs no knowledge of the service, and turns nobody away at the door:
/// what has waited too long expires. So bursts pass, and a standing queue is
/// kept short. It does not look at what an event still needs: with a budget
/// near the interval, or just above capacity, where the queue is now and then
/// empty, events that are let wait for the interval are too late.
///
/// The original gives each request its bound when it arrives, by when the
/// queue was last empty; here the bound is set every 5 ms, and holds for all
/// that wait. Of the controlled delay of networks (RFC 8289) only target and
/// interval are left, not the growing rate of drops.
///
/// ```
/// use seda_core::{CoDel, Graph};
///
/// let mut graph = Graph::new("controlled delay");
/// graph
///     .stage("serve")
///     .controller(CoDel::default())
///     .each(|_request: u32| Ok(()));
/// ```
///
/// Source: Maurer, "Fail at Scale" (ACM Queue 13(8), 2015).
#[derive(Debug)]
pub struct CoDel {
    target: Duration,
    interval: Duration,
    standing: Standing,
    bound: Option<Duration>,
}

impl Default for CoDel {
    fn default() -> Self {
        Self::new(TARGET, INTERVAL)
    }
}

impl CoDel {
    /// Makes a controller that lets events wait up to `target` in a queue that
    /// was not empty for `interval`, else up to that.
    pub const fn new(target: Duration, interval: Duration) -> Self {
        Self {
            target,
            interval,
            standing: Standing::new(interval),
            bound: None,
        }
    }
}

impl Controller for CoDel {
    fn name(&self) -> &'static str {
        "codel"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Admission
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        let stood = self.standing.since(now, sample);
        let bound = stood.map_or(self.interval, |_| self.target);
        if self.bound.replace(bound) == Some(bound) {
            return Decision::none();
        }
        let interval = self.interval;
        let why = stood.map_or_else(
            || format!("it was empty within {interval:?}"),
            |stood| format!("it was not empty for {stood:.0?}, more than {interval:?}"),
        );
        Decision {
            wait_max: Some(bound),
            reason: format!("{why}: events wait up to {bound:?}"),
            ..Decision::none()
        }
    }
}
