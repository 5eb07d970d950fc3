//! The few formulas that several controllers share.

use std::time::Duration;

/// Is an exponentially weighted moving average; the first value is taken as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ewma {
    weight: f64,
    value: Option<f64>,
}

impl Ewma {
    /// Makes an average in which a new value has this weight, from 0 to 1.
    pub(crate) const fn new(weight: f64) -> Self {
        Self {
            weight,
            value: None,
        }
    }

    /// Makes an average that begins at a value, not with the first that it takes.
    pub(crate) const fn from(value: f64, weight: f64) -> Self {
        Self {
            weight,
            value: Some(value),
        }
    }

    /// Takes a value in; gives the average.
    pub(crate) fn add(&mut self, value: f64) -> f64 {
        let old = self.value.unwrap_or(value);
        let new = self.weight.mul_add(value - old, old);
        self.value = Some(new);
        new
    }

    pub(crate) const fn get(&self) -> Option<f64> {
        self.value
    }
}

/// Gives events per second.
pub(crate) fn per_second(events: u64, time: Duration) -> f64 {
    float(events) / time.as_secs_f64()
}

/// Gives how many events a time is worth, rounded down.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float saturates when it is cast to an integer"
)]
pub(crate) fn events_in(time: Duration, events_per_second: f64) -> usize {
    (time.as_secs_f64() * events_per_second) as usize
}

/// Rounds a limit to whole events, at least `min`.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float saturates when it is cast to an integer"
)]
pub(crate) fn whole(limit: f64, min: usize) -> usize {
    (limit.round() as usize).max(min)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a rate needs no more than 52 bits"
)]
pub(crate) const fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::{Ewma, events_in, per_second};
    use std::time::Duration;

    #[test]
    fn an_average_begins_with_its_first_value_and_follows() {
        let mut average = Ewma::new(0.5);
        assert_eq!(average.get(), None);
        assert!((average.add(8.0) - 8.0).abs() < 1e-9);
        assert!((average.add(0.0) - 4.0).abs() < 1e-9);
    }

    #[test]
    fn rates_and_counts_are_inverse() {
        let second = Duration::from_secs(1);
        assert_eq!(events_in(second, per_second(12, second)), 12);
        assert_eq!(events_in(second, f64::INFINITY), usize::MAX);
    }
}
