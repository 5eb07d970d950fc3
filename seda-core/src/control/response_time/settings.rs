//! The constants of the response-time limit.
//!
//! Source: load-conditioning.md §2, "Response-time limit".

use std::time::Duration;

/// How often it looks.
pub(super) const WINDOW: Duration = Duration::from_millis(100);
/// Fewer events than this say too little about how long they take.
pub(super) const EVENTS_MIN: u64 = 20;
/// The most that the limit is lowered at once, before damping.
pub(super) const GRADIENT_MIN: f64 = 0.5;
/// The most that the limit is raised at once, before damping.
pub(super) const GRADIENT_MAX: f64 = 1.25;
/// The part of a change that is made at once.
pub(super) const DAMPING: f64 = 0.5;
/// What a limit that rises gets besides, in events, so that a small one does.
pub(super) const RISE: f64 = 0.5;
/// The most that may be allowed in flight; the least is one for each worker.
pub(super) const LIMIT_MAX: f64 = 4_096.0;
