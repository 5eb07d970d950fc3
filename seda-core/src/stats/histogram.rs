//! High dynamic range histograms of waits, service times and batch sizes.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::stats::seconds;

/// The longest time that a histogram tells apart, in nanoseconds: one hour.
const TIME_MAX: u64 = 3_600_000_000_000;
/// The largest batch that a histogram tells apart.
const BATCH_MAX: u64 = 1 << 20;
const NANOS_PER_SECOND: f64 = 1e9;

/// Counts values with about 1 % precision.
#[derive(Clone)]
pub(crate) struct Spread(Option<Histogram<u64>>);

impl Spread {
    pub(crate) fn of_times() -> Self {
        Self(Histogram::new_with_bounds(1, TIME_MAX, 2).ok())
    }

    pub(crate) fn of_batches() -> Self {
        Self(Histogram::new_with_bounds(1, BATCH_MAX, 2).ok())
    }

    pub(crate) fn record(&mut self, value: u64, times: u64) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record_n(value, times);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if let (Some(mine), Some(theirs)) = (&mut self.0, &other.0)
            && !theirs.is_empty()
        {
            // Both have the same bounds, so that adding cannot fail.
            let _ = mine.add(theirs);
        }
    }

    /// Gives what was recorded since `earlier`, which was a copy of this.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        if let (Some(mine), Some(theirs)) = (&mut since.0, &earlier.0) {
            // Counts only grow, so that this cannot fail.
            let _ = mine.subtract(theirs);
        }
        since
    }

    pub(crate) fn times(&self) -> Times {
        let sizes = self.sizes();
        Times {
            count: sizes.count,
            min: Duration::from_nanos(self.min()),
            mean: Duration::from_secs_f64(sizes.mean / NANOS_PER_SECOND),
            p50: Duration::from_nanos(sizes.p50),
            p90: Duration::from_nanos(sizes.p90),
            p99: Duration::from_nanos(sizes.p99),
            max: Duration::from_nanos(sizes.max),
        }
    }

    pub(crate) fn sizes(&self) -> Sizes {
        let at = |quantile: f64| {
            let histogram = self.0.as_ref();
            histogram.map_or(0, |h| h.value_at_quantile(quantile))
        };
        Sizes {
            count: self.0.as_ref().map_or(0, Histogram::len),
            mean: self.mean(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: at(1.0),
        }
    }

    fn min(&self) -> u64 {
        match &self.0 {
            Some(histogram) if !histogram.is_empty() => histogram.min(),
            _ => 0,
        }
    }

    fn mean(&self) -> f64 {
        match &self.0 {
            Some(histogram) if !histogram.is_empty() => histogram.mean(),
            _ => 0.0,
        }
    }
}

impl fmt::Debug for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spread").field(&self.times()).finish()
    }
}

/// Sums up how long something took, each figure to about 1 %.
///
/// It covers everything since the start. Of events that take less than about a
/// microsecond only some batches are recorded, so `count` may be less than the
/// number of events. It is serialized in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Times {
    /// How many values were recorded.
    pub count: u64,
    /// The shortest.
    #[serde(serialize_with = "seconds::exact")]
    pub min: Duration,
    /// Their mean.
    #[serde(serialize_with = "seconds::exact")]
    pub mean: Duration,
    /// Half were at most this long.
    #[serde(serialize_with = "seconds::exact")]
    pub p50: Duration,
    /// Nine of ten were at most this long.
    #[serde(serialize_with = "seconds::exact")]
    pub p90: Duration,
    /// 99 of 100 were at most this long.
    #[serde(serialize_with = "seconds::exact")]
    pub p99: Duration,
    /// The longest.
    #[serde(serialize_with = "seconds::exact")]
    pub max: Duration,
}

/// Sums up how many there were at once, each figure to about 1 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Sizes {
    /// How many values were recorded.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Half were at most this large.
    pub p50: u64,
    /// Nine of ten were at most this large.
    pub p90: u64,
    /// 99 of 100 were at most this large.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

#[cfg(test)]
mod tests {
    use super::Spread;
    use std::time::Duration;

    #[test]
    fn merged_histograms_sum_up_both_workers() {
        let (mut one, mut other) = (Spread::of_times(), Spread::of_times());
        one.record(1_000_000, 50);
        other.record(3_000_000, 50);
        one.merge(&other);
        let times = one.times();
        assert_eq!(times.count, 100);
        let about = |time: Duration, micros: u64| {
            time.as_micros().abs_diff(micros.into()) * 100 <= micros.into()
        };
        assert!(
            about(times.p50, 1_000) && about(times.p99, 3_000),
            "{times:?}"
        );
        assert!(
            about(times.mean, 2_000) && about(times.max, 3_000),
            "{times:?}"
        );
    }

    #[test]
    fn what_came_since_is_told_apart() {
        let mut all = Spread::of_times();
        all.record(9_000_000, 100);
        let before = all.clone();
        all.record(1_000_000, 10);
        let since = all.since(&before).times();
        assert_eq!(since.count, 10);
        assert!(since.max < Duration::from_millis(2), "{since:?}");
        assert!(since.min > Duration::from_micros(900), "{since:?}");
    }

    #[test]
    fn nothing_recorded_sums_up_to_nothing() {
        assert_eq!(Spread::of_times().times(), super::Times::default());
        assert_eq!(Spread::of_batches().sizes(), super::Sizes::default());
    }

    #[test]
    fn times_are_serialized_in_seconds() {
        let mut spread = Spread::of_times();
        spread.record(1 << 30, 1);
        let json = serde_json::to_value(spread.times()).unwrap();
        assert!(
            (json["p50"].as_f64().unwrap() - 1.07).abs() < 0.02,
            "{json}"
        );
    }
}
