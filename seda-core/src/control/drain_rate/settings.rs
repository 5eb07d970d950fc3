//! The constants of the drain-rate prediction.
//!
//! Source: load-conditioning.md §2, "Drain-rate prediction", but for the dead band.

use std::time::Duration;

/// How often it looks.
pub(super) const PERIOD: Duration = Duration::from_millis(10);
/// The weight of a new measurement of the rate.
pub(super) const WEIGHT: f64 = 0.3;
/// Fewer events than this say too little about the rate, within [`WAIT_MAX`].
pub(super) const EVENTS_MIN: u64 = 32;
/// After this long it goes by the events that there are.
pub(super) const WAIT_MAX: Duration = Duration::from_millis(100);
/// A bound that would change by less than this is left alone, so that the last
/// decisions tell a story.
pub(super) const DEAD_BAND: f64 = 0.02;
/// However much more urgent classes take, this part of the rate is reckoned
/// to be left for the others, since none starves.
pub(super) const SHARE_MIN: f64 = 1.0 / 64.0;
