//! The constants of SEDA's direct controller.
//!
//! Source: load-conditioning.md §2, last paragraph; `ResponseTimeControllerDirect`
//! of the Sandstorm release.

use std::time::Duration;

/// A window is over after this many events …
pub(super) const EVENTS: u64 = 100;
/// … or this long.
pub(super) const TIME: Duration = Duration::from_secs(1);
/// The weight of the past in the smoothed percentile.
pub(super) const PAST: f64 = 0.7;
/// Below this part of the target the rate rises.
pub(super) const LOW: f64 = 0.9;
/// Above this part of the target the rate falls.
pub(super) const HIGH: f64 = 1.2;
/// What is added, in events per second.
pub(super) const INCREASE: f64 = 0.5;
/// What the rate is divided by.
pub(super) const DECREASE: f64 = 2.0;
/// How many events may enter at once.
pub(super) const DEPTH: f64 = 10.0;
/// The rate in the beginning, in events per second.
pub(super) const RATE_FIRST: f64 = 10.0;
/// The lowest rate, in events per second.
pub(super) const RATE_MIN: f64 = 0.05;
/// The highest rate, in events per second.
pub(super) const RATE_MAX: f64 = 5_000.0;
