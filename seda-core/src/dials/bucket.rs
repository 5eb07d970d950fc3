//! A token bucket: so many events per second, and so many at once.

use std::time::Duration;

use serde::Serialize;

use crate::clock::Tick;

/// Is a bound on how many events enter in a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// How many may enter each second.
    pub events_per_second: f64,
    /// How many may enter at once after a pause, at least 1.
    pub burst: f64,
}

/// Holds tokens that grow with time; every event takes one.
///
/// Time is taken as it is, to the nanosecond: clamping the step to a
/// millisecond once capped every rate at 1,000 a second (architecture.md §7,
/// defect 1).
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    rate: Option<Rate>,
    tokens: f64,
    at: Option<Tick>,
}

impl Bucket {
    /// Changes how it fills; what it holds stays, as far as it is deep enough.
    pub(crate) fn set(&mut self, rate: Rate) {
        let burst = rate.burst.max(1.0);
        if self.rate.is_none() {
            self.tokens = burst;
        }
        self.tokens = self.tokens.min(burst);
        self.rate = Some(Rate { burst, ..rate });
    }

    pub(crate) fn events_per_second(&self) -> f64 {
        self.rate
            .map_or(f64::INFINITY, |rate| rate.events_per_second)
    }

    /// Takes `n` tokens, or none and says when there would be as many.
    #[allow(clippy::cast_precision_loss, reason = "queues are below 2^52")]
    pub(crate) fn take(&mut self, n: usize, now: Tick) -> Result<(), Duration> {
        let Some(rate) = self.rate else {
            return Ok(());
        };
        let since = self.at.map_or(0.0, |at| now.since(at).as_secs_f64());
        // Stamps of different workers may come in any order.
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
        self.tokens = (self.tokens + since * rate.events_per_second).min(rate.burst);
        let missing = n as f64 - self.tokens;
        if missing <= 0.0 {
            self.tokens -= n as f64;
            return Ok(());
        }
        let wait = missing / rate.events_per_second;
        Err(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX))
    }

    #[allow(clippy::cast_precision_loss, reason = "queues are below 2^52")]
    pub(crate) fn put_back(&mut self, n: usize) {
        let burst = self.rate.map_or(0.0, |rate| rate.burst);
        self.tokens = (self.tokens + n as f64).min(burst);
    }
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Rate};
    use crate::clock::Tick;

    fn bucket(events_per_second: f64, burst: f64) -> Bucket {
        let mut bucket = Bucket::default();
        bucket.set(Rate {
            events_per_second,
            burst,
        });
        bucket
    }

    #[test]
    fn a_high_rate_is_not_capped_by_the_step() {
        let mut bucket = bucket(1_000_000.0, 1.0);
        let entered = (0..100_000_u64).filter(|n| {
            let now = Tick::from_nanos(n * 500);
            bucket.take(1, now).is_ok()
        });
        // 50 ms at a million a second.
        assert!((49_900..=50_001).contains(&entered.count()));
    }

    #[test]
    fn what_is_refused_takes_nothing_and_hears_when_to_come_back() {
        let mut bucket = bucket(10.0, 4.0);
        let wait = bucket.take(5, Tick::ZERO).unwrap_err();
        assert_eq!(wait.as_millis(), 100);
        assert!(bucket.take(4, Tick::ZERO).is_ok());
        assert!(bucket.take(1, Tick::ZERO).is_err());
        bucket.put_back(1);
        assert!(bucket.take(1, Tick::ZERO).is_ok());
    }

    #[test]
    fn a_stamp_from_the_past_gives_nothing_twice() {
        let mut bucket = bucket(1.0, 1.0);
        let at = |secs: u64| Tick::from_nanos(secs * 1_000_000_000);
        assert!(bucket.take(1, at(9)).is_ok());
        assert!(bucket.take(1, at(5)).is_err());
        assert!(bucket.take(1, at(9)).is_err());
        assert!(bucket.take(1, at(10)).is_ok());
    }
}
