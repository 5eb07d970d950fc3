//! High dynamic range histograms of waits, service times and batch sizes.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest time that a histogram tells apart, in nanoseconds: one hour.
const TIME_MAX: u64 = 3_600_000_000_000;
/// The largest batch that a histogram tells apart.
const BATCH_MAX: u64 = 1 << 20;

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
        if let (Some(mine), Some(theirs)) = (&mut self.0, &other.0) {
            // Both have the same bounds, so that adding cannot fail.
            let _ = mine.add(theirs);
        }
    }

    pub(crate) fn times(&self) -> Times {
        let at = |quantile: f64| {
            let histogram = self.0.as_ref();
            Duration::from_nanos(histogram.map_or(0, |h| h.value_at_quantile(quantile)))
        };
        Times {
            count: self.0.as_ref().map_or(0, Histogram::len),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: at(1.0),
        }
    }

    pub(crate) fn mean(&self) -> f64 {
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

/// Sums up how long something took. Values are sampled when events are short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Times {
    /// How many values were recorded.
    pub count: u64,
    /// Half were at most this long.
    pub p50: Duration,
    /// Nine of ten were at most this long.
    pub p90: Duration,
    /// 99 of 100 were at most this long.
    pub p99: Duration,
    /// The longest, to about 1 %.
    pub max: Duration,
}
