//! CPU time of this process.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Gives the CPU time that all threads of this process have used.
///
/// # Sources
///
/// `clock_gettime`(2), `CLOCK_PROCESS_CPUTIME_ID`.
pub fn process() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}
