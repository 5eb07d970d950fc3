//! Adaptive LIFO: the newest first once a queue has formed.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::standing::Standing;
use crate::control::{Adjusts, Controller, Decision, Sample};
use crate::dials::Order;

use settings::{INTERVAL, PERIOD, TARGET};

/// Serves the newest event first while a queue has formed, that is, was not
/// empty for 5 ms, else the oldest; and bounds waits as [`CoDel`](crate::CoDel)
/// does.
///
/// It needs no knowledge of the service. Under overload those that are served
/// are served at once, so that almost all work is in time however much comes
/// in; but those that came first lose, and hear of it last: they wait below
/// the newer ones until these are gone, or the queue is full and new events
/// are refused while old ones hold its room. An inlet that evicts the oldest
/// ([`Overflow::DropOldest`](crate::Overflow::DropOldest)) goes well with it.
/// Events with a key keep their order, and so does a queue that has them.
///
/// The original serves the newest first as soon as a queue forms, and says not
/// when that is; here it is when the queue was not empty for the target of the
/// controlled delay. (To wait for its interval instead would be too late: the
/// expired events at the bottom are gone through at once whenever nothing newer
/// waits, which leaves the queue empty in the midst of overload, and the next
/// interval's events would all wait for nearly as long.) Its parameters, and
/// how it is carried over, are those of [`CoDel`](crate::CoDel), and so is the
/// example.
///
/// Source: Maurer, "Fail at Scale" (ACM Queue 13(8), 2015).
#[derive(Debug)]
pub struct AdaptiveLifo {
    target: Duration,
    interval: Duration,
    /// Whether the newest is first.
    forming: Standing,
    /// Whether the bound is strict.
    standing: Standing,
    set: Option<(Order, Duration)>,
}

impl Default for AdaptiveLifo {
    fn default() -> Self {
        Self::new(TARGET, INTERVAL)
    }
}

impl AdaptiveLifo {
    /// Makes a controller that serves the newest first in a queue that was not
    /// empty for `target`, and lets events wait up to that in one that was not
    /// empty for `interval`.
    pub const fn new(target: Duration, interval: Duration) -> Self {
        Self {
            target,
            interval,
            forming: Standing::new(target),
            standing: Standing::new(interval),
            set: None,
        }
    }
}

impl Controller for AdaptiveLifo {
    fn name(&self) -> &'static str {
        "adaptive lifo"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Admission
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        let forming = self.forming.since(now, sample);
        let standing = self.standing.since(now, sample);
        let (order, which) = match forming {
            None => (Order::OldestFirst, "oldest"),
            Some(_) => (Order::NewestFirst, "newest"),
        };
        let bound = standing.map_or(self.interval, |_| self.target);
        if self.set.replace((order, bound)) == Some((order, bound)) {
            return Decision::none();
        }
        let stood = forming.or(standing).unwrap_or_default();
        Decision {
            order: Some(order),
            wait_max: Some(bound),
            reason: format!(
                "it was not empty for {stood:.0?}: the {which} first, none after {bound:?}"
            ),
            ..Decision::none()
        }
    }
}
