//! The constants of DAGOR.
//!
//! Source: Zhou et al., "Overload Control for Scaling `WeChat` Microservices"
//! (`SoCC` 2018), sections 4.1 and 4.2.

use std::time::Duration;

/// A mean queueing time above this is overload.
pub(super) const QUEUEING_MAX: Duration = Duration::from_millis(20);
/// A window is over after this many arrivals …
pub(super) const EVENTS: u64 = 2_000;
/// … or this long.
pub(super) const TIME: Duration = Duration::from_secs(1);
/// By this part of the admitted fewer are admitted after a window with overload.
pub(super) const ALPHA: f64 = 0.05;
/// By this part of the arrivals more are admitted after one without.
pub(super) const BETA: f64 = 0.01;
