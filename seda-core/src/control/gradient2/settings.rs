//! The constants of Gradient2.
//!
//! Source: `Gradient2Limit` of Netflix's concurrency-limits, its defaults.

/// Events in flight that are allowed at first.
pub(super) const LIMIT_FIRST: f64 = 20.0;
/// The least that may be allowed in flight.
pub(super) const LIMIT_MIN: f64 = 20.0;
/// The most that may be allowed in flight.
pub(super) const LIMIT_MAX: f64 = 200.0;
/// Over how many windows the usual time is averaged.
pub(super) const LONG_WINDOWS: u32 = 600;
/// The first windows, whose usual time is their plain mean.
pub(super) const WARM_UP_WINDOWS: u32 = 10;
/// So many times the usual time an event may take before the limit is lowered.
pub(super) const TOLERANCE: f64 = 1.5;
/// The most that one window may lower the limit, before smoothing.
pub(super) const GRADIENT_MIN: f64 = 0.5;
/// How many more are tried each time, so that the limit can rise at all.
pub(super) const QUEUE: f64 = 4.0;
/// The weight of the new limit beside the old one.
pub(super) const SMOOTHING: f64 = 0.2;
/// When the usual time is more than so many times that of an event, load has
/// gone, and the usual time is out of date.
pub(super) const DRIFT_MAX: f64 = 2.0;
/// By this the usual time is then multiplied.
pub(super) const DECAY: f64 = 0.95;
