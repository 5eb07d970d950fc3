//! The constants of SEDA's multiclass controller.
//!
//! Source: load-conditioning.md §2, last paragraph;
//! `ResponseTimeControllerMulticlass` of the Sandstorm release.

use std::time::Duration;

/// A window is over after this many events …
pub(super) const EVENTS: u64 = 100;
/// … or this long.
pub(super) const TIME: Duration = Duration::from_secs(1);
/// The weight of the past in the smoothed percentile.
pub(super) const PAST: f64 = 0.7;
/// Above this error, a part of the target, rates fall.
pub(super) const HIGH: f64 = 0.0;
/// Below this error, a part of the target, rates rise.
pub(super) const LOW: f64 = -0.5;
/// The error at which nothing would be added.
pub(super) const LOW_WATER: f64 = -0.1;
/// What is added for each unit of error below that, in events per second.
pub(super) const INCREASE: f64 = 2.0;
/// What the rate of the most urgent class is divided by.
pub(super) const DECREASE: f64 = 1.2;
/// What the rates of less urgent classes are divided by, first.
pub(super) const DECREASE_LESS_URGENT: f64 = 10.0;
/// How many events may enter at once.
pub(super) const DEPTH: f64 = 1.0;
/// The rate of a class in the beginning, in events per second.
pub(super) const RATE_FIRST: f64 = 100.0;
/// The lowest rate, in events per second.
pub(super) const RATE_MIN: f64 = 0.05;
/// The highest rate, in events per second.
pub(super) const RATE_MAX: f64 = 5_000.0;
