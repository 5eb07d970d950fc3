//! The constants of AIMD.
//!
//! Source: `AIMDLimit` of Netflix's concurrency-limits, its defaults; that of the
//! timeout is 5 s.

/// Events in flight that are allowed at first.
pub(super) const LIMIT_FIRST: f64 = 20.0;
/// The least that may be allowed in flight.
pub(super) const LIMIT_MIN: f64 = 20.0;
/// The most that may be allowed in flight.
pub(super) const LIMIT_MAX: f64 = 200.0;
/// By this the limit is multiplied when events took too long.
pub(super) const BACK_OFF: f64 = 0.9;
