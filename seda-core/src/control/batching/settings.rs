//! The constants of the batching controller.
//!
//! Source: load-conditioning.md §2, "Batching", but for the last two.

use std::time::Duration;

/// How often it looks.
pub(super) const PERIOD: Duration = Duration::from_millis(10);
/// The part of the budget that one batch may take.
pub(super) const BUDGET_SHARE: f64 = 0.1;
/// The weight of a new measurement in the fit.
pub(super) const WEIGHT: f64 = 0.05;
/// The most events of a batch, whatever they take.
pub(super) const BATCH_MAX: usize = 4_096;
/// Batch sizes whose variance is below this part of their square say nothing
/// about what is fixed: one size has a cost, and no slope.
pub(super) const SPREAD_MIN: f64 = 1e-3;
/// A size that would change by less than this part is left alone.
pub(super) const DEAD_BAND: f64 = 0.1;
