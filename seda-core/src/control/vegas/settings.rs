//! The constants of Vegas.
//!
//! Source: `VegasLimit` of Netflix's concurrency-limits, its defaults.

/// Events in flight that are allowed at first.
pub(super) const LIMIT_FIRST: f64 = 20.0;
/// The least that may be allowed in flight.
pub(super) const LIMIT_MIN: f64 = 1.0;
/// The most that may be allowed in flight.
pub(super) const LIMIT_MAX: f64 = 1_000.0;
/// Below so many units of events that wait, the limit is raised by one unit;
/// a unit is the whole part of log10(limit), at least 1 event.
pub(super) const ALPHA: f64 = 3.0;
/// Above so many units of events that wait, the limit is lowered by one unit;
/// by so many units it is raised while at most one waits.
pub(super) const BETA: f64 = 6.0;
/// After so many windows for each event that is allowed in flight, the time
/// without load is taken anew. The original draws a factor from 0.5 to 1 each
/// time, so that many servers do not probe at once; this is the mean.
pub(super) const PROBE_EVERY: f64 = 30.0 * 0.75;
