//! A token bucket: so many events per second, and so many at once.

use std::time::Duration;

use serde::Serialize;

use crate::clock::Tick;
use crate::meta::Class;

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

/// Is the buckets of a stage: none, one for all events, or one for each class.
#[derive(Debug, Default)]
pub(crate) enum Buckets {
    #[default]
    None,
    One(Bucket),
    ByClass(Box<[Bucket; Class::COUNT_MAX]>),
}

impl Buckets {
    pub(crate) fn set_all(&mut self, rate: Rate) {
        if !matches!(self, Self::One(_)) {
            *self = Self::One(Bucket::default());
        }
        if let Self::One(bucket) = self {
            bucket.set(rate);
        }
    }

    pub(crate) fn set_by_class(&mut self, rates: [Rate; Class::COUNT_MAX]) {
        if !matches!(self, Self::ByClass(_)) {
            *self = Self::ByClass(Box::default());
        }
        if let Self::ByClass(buckets) = self {
            for (bucket, rate) in buckets.iter_mut().zip(rates) {
                bucket.set(rate);
            }
        }
    }

    /// Gives the bucket of a class, where there is one.
    pub(crate) fn of(&mut self, class: Class) -> Option<&mut Bucket> {
        match self {
            Self::None => None,
            Self::One(bucket) => Some(bucket),
            Self::ByClass(buckets) => {
                buckets.get_mut(usize::from(class.0).min(Class::COUNT_MAX - 1))
            }
        }
    }

    /// Gives the events per second that may enter, where that is bounded.
    pub(crate) fn events_per_second(&self) -> Option<f64> {
        match self {
            Self::None => None,
            Self::One(bucket) => Some(bucket.events_per_second()),
            Self::ByClass(buckets) => Some(buckets.iter().map(Bucket::events_per_second).sum()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Buckets, Rate};
    use crate::clock::Tick;
    use crate::meta::Class;

    #[test]
    fn a_class_takes_from_its_own_bucket() {
        let mut buckets = Buckets::default();
        assert!(buckets.of(Class(0)).is_none());
        let rate = Rate {
            events_per_second: 1.0,
            burst: 1.0,
        };
        buckets.set_by_class([rate; Class::COUNT_MAX]);
        let mut take = |class| {
            buckets
                .of(Class(class))
                .unwrap()
                .take(1, Tick::ZERO)
                .is_ok()
        };
        assert_eq!([take(0), take(0), take(1)], [true, false, true]);
    }

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
