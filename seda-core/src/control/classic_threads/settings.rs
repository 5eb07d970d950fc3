//! The constants of SEDA's thread-pool controller.
//!
//! Source: load-conditioning.md §2, last paragraph; the Sandstorm release.

use std::time::Duration;

/// How often it looks.
pub(super) const TICK: Duration = Duration::from_secs(2);
/// It acts at every fourth tick.
pub(super) const TICKS_PER_STEP: u32 = 4;
/// Fewer events than this are no reason for a thread.
pub(super) const QUEUE_MIN: u64 = 1_000;
/// The most threads of one stage.
pub(super) const THREADS_MAX: usize = 20;
