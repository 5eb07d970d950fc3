//! The static cap: so many events in flight, chosen by hand.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::in_flight::Bound;
use crate::control::{Adjusts, Controller, Decision, Sample};

use settings::PERIOD;

/// Bounds the events that wait or are in hand by a number that never changes.
///
/// A baseline: what a semaphore in front of a service does. Where the number
/// is what the service does within its budget, nothing is better; when the
/// service gets slower, everything it admits is late (the same number then is
/// a longer time), and a guess that is too high is no bound at all. A stage
/// with a [`target`](crate::StageBuilder::target) finds the number itself.
///
/// ```
/// use seda_core::Cap;
/// use seda_core::simulator::{Arrivals, Service, Tunnel};
/// use std::time::Duration;
///
/// let ms = Duration::from_millis;
/// let tunnel = Tunnel::new(2, Service::exponential(ms(1)), ms(25), 42);
/// let twice = || Arrivals::poisson(2.0 * tunnel.capacity());
/// let right = tunnel.fly(twice(), |stage| stage.controller(Cap::new(20)))?;
/// let wrong = tunnel.fly(twice(), |stage| stage.controller(Cap::new(100)))?;
/// assert!(right.goodput() > 0.95 && wrong.goodput() < 0.05);
/// # Ok::<(), seda_core::BoxError>(())
/// ```
#[derive(Debug)]
pub struct Cap {
    most: usize,
    bound: Bound,
}

impl Cap {
    /// Bounds the events in flight by `most`, at least 1.
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            bound: Bound::default(),
        }
    }
}

impl Controller for Cap {
    fn name(&self) -> &'static str {
        "cap"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Admission
    }

    fn period(&self) -> Duration {
        self.bound.period(PERIOD)
    }

    fn update(&mut self, _now: Tick, _sample: &Sample) -> Decision {
        self.bound.set(self.most, || "by hand".into())
    }
}
