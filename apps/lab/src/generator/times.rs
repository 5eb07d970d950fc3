//! How long things took, as a histogram.

use hdrhistogram::{CreationError, Histogram};

use crate::record::{Distribution, Spread};

/// Nanoseconds, a microsecond: what is told apart at least.
pub(super) const UNIT: u64 = 1_000;
/// Nanoseconds, an hour: what is longer counts as that.
pub(super) const LONGEST: u64 = 3_600_000_000_000;
/// Digits that a histogram tells apart.
pub(super) const DIGITS: u8 = 3;
/// Points of a curve for each halving of what is above.
const POINTS_PER_HALF: u32 = 8;

/// Is the times of one kind, in nanoseconds.
#[derive(Clone, Debug)]
pub(super) struct Times(Histogram<u64>);

impl Times {
    pub(super) fn new() -> Result<Self, CreationError> {
        Ok(Self(Histogram::new_with_bounds(UNIT, LONGEST, DIGITS)?))
    }

    pub(super) fn count(&mut self, nanos: u64) {
        self.0.saturating_record(nanos);
    }

    pub(super) fn clear(&mut self) {
        self.0.reset();
    }

    pub(super) fn quantile(&self, part: f64) -> Option<f64> {
        let counted = !self.0.is_empty();
        counted.then(|| millis(self.0.value_at_quantile(part)))
    }

    pub(super) fn spread(&self) -> Spread {
        let at = |part| self.quantile(part).unwrap_or(0.0);
        Spread {
            count: self.0.len(),
            mean: self.0.mean() / 1e6,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: millis(self.0.max()),
        }
    }

    pub(super) fn some_spread(&self) -> Option<Spread> {
        (!self.0.is_empty()).then(|| self.spread())
    }

    pub(super) fn distribution(&self) -> Distribution {
        let points = self.0.iter_quantiles(POINTS_PER_HALF);
        let curve = points.map(|it| (millis(it.value_iterated_to()), it.quantile_iterated_to()));
        Distribution {
            spread: self.spread(),
            curve: curve.collect(),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "nanoseconds of a run")]
pub(super) fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}
