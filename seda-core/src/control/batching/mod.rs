//! The batching controller: batches as large as the latency target allows.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::{Adjusts, Controller, Decision, Sample};
use crate::law::{Ewma, events_in, float};

use settings::{BATCH_MAX, BUDGET_SHARE, DEAD_BAND, PERIOD, SPREAD_MIN, WEIGHT};

/// Lets a batch take a tenth of the stage's target: for a handler that pays for
/// each batch, whatever its size, such as one that writes to a disk and waits,
/// or sends many at once.
///
/// What a batch costs is fitted, by least squares, as a fixed part and one for
/// each event. A batch has at most what waits, so that it is large only where
/// much does: under little load nothing waits for more to come.
///
/// Without it a stage among the cores ends a batch after about 500 µs, which is
/// kind to the other stages of its worker, and pays a fixed cost more often.
///
/// ```
/// use seda_core::{Batching, Graph};
/// use std::time::Duration;
///
/// let mut graph = Graph::new("a log");
/// graph
///     .stage("append")
///     .target(Duration::from_millis(50))
///     .controller(Batching::default())
///     .each(|_line: String| Ok(()));
/// ```
///
/// Source: load-conditioning.md §2. It does not linger for more events to come.
#[derive(Debug)]
pub struct Batching {
    before: Sample,
    fit: Fit,
    batch: Option<usize>,
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            before: Sample::default(),
            fit: Fit::new(),
            batch: None,
        }
    }
}

impl Controller for Batching {
    fn name(&self) -> &'static str {
        "batching"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Batches
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn update(&mut self, _now: Tick, sample: &Sample) -> Decision {
        let batches = sample.batches.saturating_sub(self.before.batches);
        let served = sample.served.saturating_sub(self.before.served);
        let busy = sample.busy.saturating_sub(self.before.busy);
        let (Some(target), true) = (sample.target, batches > 0 && served > 0) else {
            return Decision::none();
        };
        self.before = *sample;
        let each = float(served) / float(batches);
        self.fit.add(each, busy.as_secs_f64() / float(batches));
        let (fixed, slope) = self.fit.line();
        let left = target.mul_f64(BUDGET_SHARE).as_secs_f64() - fixed;
        let left = Duration::try_from_secs_f64(left).unwrap_or_default();
        let batch = events_in(left, 1.0 / slope).clamp(1, BATCH_MAX);
        if !self.is_news(batch) {
            return Decision::none();
        }
        self.batch = Some(batch);
        Decision {
            batch: Some(batch),
            reason: format!(
                "a batch costs {:.1} µs and {:.2} µs an event: {batch} events take a tenth of {target:?}",
                fixed * 1e6,
                slope * 1e6
            ),
            ..Decision::none()
        }
    }
}

impl Batching {
    fn is_news(&self, batch: usize) -> bool {
        self.batch.is_none_or(|old| {
            let (old, new) = (float(old as u64), float(batch as u64));
            (new - old).abs() > old * DEAD_BAND
        })
    }
}

/// Is a straight line through the costs of batches, recent ones first.
#[derive(Debug)]
struct Fit {
    size: Ewma,
    cost: Ewma,
    size_squared: Ewma,
    size_by_cost: Ewma,
}

impl Fit {
    const fn new() -> Self {
        Self {
            size: Ewma::new(WEIGHT),
            cost: Ewma::new(WEIGHT),
            size_squared: Ewma::new(WEIGHT),
            size_by_cost: Ewma::new(WEIGHT),
        }
    }

    fn add(&mut self, size: f64, seconds: f64) {
        self.size.add(size);
        self.cost.add(seconds);
        self.size_squared.add(size * size);
        self.size_by_cost.add(size * seconds);
    }

    /// Gives the seconds that a batch costs, and those of each event; while all
    /// batches were of one size, all of it is the events'.
    fn line(&self) -> (f64, f64) {
        let of = |average: &Ewma| average.get().unwrap_or(0.0);
        let (size, cost) = (of(&self.size), of(&self.cost));
        let mean = (cost / size.max(1.0)).max(f64::MIN_POSITIVE);
        let variance = size.mul_add(-size, of(&self.size_squared));
        if variance <= size * size * SPREAD_MIN {
            return (0.0, mean);
        }
        let slope = size.mul_add(-cost, of(&self.size_by_cost)) / variance;
        // Noise must not make events free, nor the batch.
        let slope = slope.clamp(mean * 1e-3, mean);
        (slope.mul_add(-size, cost).max(0.0), slope)
    }
}
