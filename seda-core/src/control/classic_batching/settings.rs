//! The constants of SEDA's batching controller.
//!
//! Source: load-conditioning.md §2, last paragraph; `AggThrottle` of the
//! Sandstorm release, which also says that it acts at every fifth window.

use std::time::Duration;

/// How often it measures throughput.
pub(super) const WINDOW: Duration = Duration::from_secs(1);
/// It acts at every fifth window.
pub(super) const WINDOWS_PER_STEP: u32 = 5;
/// The weight of the past in the smoothed throughput.
pub(super) const PAST: f64 = 0.7;
/// What a batch is multiplied or divided by.
pub(super) const FACTOR: f64 = 1.2;
/// At this part of the best throughput or less, batches grow again.
pub(super) const LOW: f64 = 0.90;
/// At this part of the best throughput or more, they shrink again.
pub(super) const HIGH: f64 = 0.98;
/// Below this part of the best throughput it starts over.
pub(super) const VERY_LOW: f64 = 0.2;
/// From this multiple of the best throughput on it starts over.
pub(super) const VERY_HIGH: f64 = 2.0;
/// The smallest batch, in events.
pub(super) const BATCH_MIN: usize = 1;
/// The largest batch, in events; it begins with it.
pub(super) const BATCH_MAX: usize = 1_000;
