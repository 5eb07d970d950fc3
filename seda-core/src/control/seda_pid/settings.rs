//! The constants of SEDA's PID controller.
//!
//! Source: load-conditioning.md §2, last paragraph; `ResponseTimeControllerPID`
//! of the Sandstorm release.

use std::time::Duration;

/// A window is over after this many events …
pub(super) const EVENTS: u64 = 100;
/// … or this long.
pub(super) const TIME: Duration = Duration::from_secs(5);
/// The weight of the past in the smoothed percentile.
pub(super) const PAST: f64 = 0.8;
/// Events per second for an error of the whole target.
pub(super) const PROPORTIONAL: f64 = 1.0;
/// Events per second for an error that grows by the whole target each second.
pub(super) const DERIVATIVE: f64 = -0.5;
/// Events per second for an error of the whole target that lasts a second.
pub(super) const INTEGRAL: f64 = 0.002;
/// How many windows the integral goes back.
pub(super) const WINDOWS: usize = 100;
/// How many events may enter at once.
pub(super) const DEPTH: f64 = 10.0;
/// The rate in the beginning, in events per second.
pub(super) const RATE_FIRST: f64 = 10.0;
/// The lowest rate, in events per second.
pub(super) const RATE_MIN: f64 = 0.05;
/// The highest rate, in events per second.
pub(super) const RATE_MAX: f64 = 5_000.0;
