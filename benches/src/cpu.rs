//! CPU time of this process, and of its threads.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Gives the CPU time that all threads of this process have used.
///
/// # Sources
///
/// `clock_gettime`(2), `CLOCK_PROCESS_CPUTIME_ID`.
pub fn process() -> Duration {
    read(ClockId::ProcessCPUTime)
}

/// Gives the CPU time that the calling thread has used.
///
/// # Sources
///
/// `clock_gettime`(2), `CLOCK_THREAD_CPUTIME_ID`.
pub fn thread() -> Duration {
    read(ClockId::ThreadCPUTime)
}

/// Computes until the calling thread has used so much CPU time.
///
/// # Blocking
///
/// At least as long, and longer where the thread does not run all the time.
pub fn burn(time: Duration) {
    let began = thread();
    while thread().saturating_sub(began) < time {
        std::hint::spin_loop();
    }
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}
