//! The constants of a path's target.

use std::time::Duration;

/// How often it looks: as often as the drain rates that it builds on.
pub(super) const PERIOD: Duration = Duration::from_millis(10);
/// The weight of a new measurement.
pub(super) const WEIGHT: f64 = 0.3;
/// However little a stage takes, its queue may hold what this part of the
/// budget is worth: events come in batches. Deadlines hold the whole together.
pub(super) const SHARE_MIN: f64 = 0.125;
/// A division that would move by less than this part of the budget is no news.
pub(super) const NEWS: f64 = 0.05;
