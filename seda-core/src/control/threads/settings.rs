//! The constants of the thread controller: load-conditioning.md §2.

use std::time::Duration;

/// How often it looks.
pub(super) const TICK: Duration = Duration::from_millis(100);
/// More of the time than this on the CPU means that threads do not help.
pub(super) const CPU_BOUND: f64 = 0.9;
/// Less blocked time than this is not worth a thread.
pub(super) const BLOCKED_MIN: f64 = 0.2;
/// Throughput must rise this much for new threads to be kept.
pub(super) const GAIN_MIN: f64 = 1.02;
/// How long it does not try again after threads have not helped.
pub(super) const BACK_OFF: Duration = Duration::from_secs(2);
