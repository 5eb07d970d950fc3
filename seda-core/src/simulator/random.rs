//! The only randomness there is: a seeded generator and the distributions made of it.

use std::ops::Range;
use std::time::Duration;

/// Is a seeded generator of what the simulator leaves to chance.
#[derive(Clone, Debug)]
pub(crate) struct Random(fastrand::Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Gives a number of its own for something that shall not disturb the rest.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.0.fork())
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// Gives a number from 0, included, to 1, excluded.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0.f64()
    }

    /// Gives one of a range of places; its start when there is none.
    pub(crate) fn pick(&mut self, places: Range<usize>) -> usize {
        if places.is_empty() {
            places.start
        } else {
            self.0.usize(places)
        }
    }

    pub(crate) fn exponential(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(-(1.0 - self.unit()).ln())
    }

    /// Gives a Pareto-distributed time of at least `min` with tail index `alpha`.
    pub(crate) fn pareto(&mut self, min: Duration, alpha: f64) -> Duration {
        let stretch = (1.0 - self.unit()).powf(-1.0 / alpha);
        // A tail index below 1 has no mean; keep single values representable.
        min.mul_f64(stretch.min(1e6))
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }
}
