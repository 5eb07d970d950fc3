//! The constants of SEDA's queueing-model controller.
//!
//! Source: load-conditioning.md §2, last paragraph; `ResponseTimeControllerMM1`
//! of the Sandstorm release.

use std::time::Duration;

/// A window is over after this many batches …
pub(super) const BATCHES: u64 = 100;
/// … or this long. Both are those of its first benchmarks; later runs of it
/// had 5,000 and 5 s.
pub(super) const TIME: Duration = Duration::from_secs(1);
/// The weight of the past in the service rate when it rises.
pub(super) const PAST_UP: f64 = 0.9;
/// The weight of the past in the service rate when it falls, and in the
/// arrival rate.
pub(super) const PAST: f64 = 0.1;
/// Fewer events than this say too little about the service rate.
pub(super) const EVENTS_MIN: u64 = 2;
/// Less time in handlers than this does not, either.
pub(super) const BUSY_MIN: Duration = Duration::from_millis(2);
/// Nine of ten events of an M/M/1 queue take at most this many times the mean:
/// the logarithm of ten.
pub(super) const NINETIETH: f64 = 2.302;
/// The part of the service rate that may enter when more comes in than can be
/// done, or when the target cannot be met.
pub(super) const OVERLOADED: f64 = 0.1;
/// How many events may enter at once.
pub(super) const DEPTH: f64 = 100.0;
/// The lowest rate, in events per second.
pub(super) const RATE_MIN: f64 = 0.5;
