//! The constants of the gradient controller with minRTT.
//!
//! Source: Envoy's adaptive concurrency filter, its defaults or, where there are
//! none, those of the example in its documentation; but for the period.

use std::time::Duration;

/// How often it looks; the original does at each event's end.
pub(super) const PERIOD: Duration = Duration::from_millis(10);
/// How often the limit is changed (`concurrency_update_interval`).
pub(super) const WINDOW: Duration = Duration::from_millis(100);
/// How long a minRTT is good for (`min_rtt_calc_params.interval`).
pub(super) const MIN_RTT_EVERY: Duration = Duration::from_mins(1);
/// How many events it is measured over (`request_count`).
pub(super) const MIN_RTT_EVENTS: u64 = 50;
/// The least that is allowed in flight, and all while minRTT is measured
/// (`min_concurrency`).
pub(super) const LIMIT_MIN: f64 = 3.0;
/// The most that may be allowed in flight (`max_concurrency_limit`).
pub(super) const LIMIT_MAX: f64 = 1_000.0;
/// The part of minRTT by which events may take longer (`buffer`).
pub(super) const BUFFER: f64 = 0.25;
/// The most that the limit is lowered at once, before headroom.
pub(super) const GRADIENT_MIN: f64 = 0.5;
/// The most that the limit is raised at once, before headroom.
pub(super) const GRADIENT_MAX: f64 = 2.0;
/// After so many windows with the least limit, minRTT is measured anew: it was
/// perhaps too short.
pub(super) const WINDOWS_AT_MIN: u32 = 5;
