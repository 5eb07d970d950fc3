//! CPU time of this process, and of the calling thread.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Gives the CPU time of all threads (`clock_gettime`(2), `CLOCK_PROCESS_CPUTIME_ID`).
pub(crate) fn process() -> Duration {
    read(ClockId::ProcessCPUTime)
}

/// Gives the CPU time of this thread (`clock_gettime`(2), `CLOCK_THREAD_CPUTIME_ID`).
pub(crate) fn thread() -> Duration {
    read(ClockId::ThreadCPUTime)
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}
