//! Quantiles and curves of a histogram of nanoseconds.

use hdrhistogram::Histogram;

use crate::record::{Distribution, Spread};

/// Decimal digits of a latency.
pub(crate) const DIGITS: u8 = 3;
/// The longest latency that is told from longer ones, in nanoseconds: an hour.
pub(crate) const LONGEST: u64 = 3_600_000_000_000;

/// Gives the quantiles with the curve that they are points of.
pub(crate) fn distribution(histogram: &Histogram<u64>) -> Distribution {
    Distribution {
        spread: spread(histogram),
        curve: curve(histogram),
    }
}

/// Gives the quantiles, in milliseconds.
pub(crate) fn spread(histogram: &Histogram<u64>) -> Spread {
    if histogram.is_empty() {
        return Spread::default();
    }
    let at = |part| millis(histogram.value_at_quantile(part));
    Spread {
        count: histogram.len(),
        mean: histogram.mean() / 1e6,
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: millis(histogram.max()),
    }
}

/// Gives the curve by hundredths, then by thousandths of the last hundredth, and so on.
fn curve(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    if histogram.is_empty() {
        return Vec::new();
    }
    let hundredths = (0..99).map(|n| f64::from(n) / 100.0);
    let tail = [1e-2, 1e-3, 1e-4].into_iter();
    let tail =
        tail.flat_map(|scale| (0..9).map(move |n| 1.0 - scale * (1.0 - f64::from(n) / 10.0)));
    let parts = hundredths.chain(tail).chain([1.0]);
    let point = |part| (millis(histogram.value_at_quantile(part)), part);
    parts.map(point).collect()
}

#[allow(clippy::cast_precision_loss, reason = "nanoseconds of a run")]
fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}
