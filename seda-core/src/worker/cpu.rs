//! How much CPU time a thread has had, as the kernel counts it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Is a thread of this process, as the kernel names it.
///
/// Source: proc(5), `/proc/PID/task/TID/schedstat`: the first number is the
/// time spent on the CPU in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct ThreadCpu(PathBuf);

impl ThreadCpu {
    /// Names the current thread; none where there is no `/proc`.
    pub(crate) fn of_current() -> Option<Self> {
        let task = fs::read_link("/proc/thread-self").ok()?;
        Some(Self(Path::new("/proc").join(task).join("schedstat")))
    }

    /// Reads its CPU time; none when it has ended.
    pub(crate) fn used(&self) -> Option<Duration> {
        let text = fs::read_to_string(&self.0).ok()?;
        let nanos = text.split_ascii_whitespace().next()?.parse().ok()?;
        Some(Duration::from_nanos(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::ThreadCpu;

    #[test]
    fn work_shows_in_the_cpu_time() {
        let cpu = ThreadCpu::of_current().unwrap();
        let before = cpu.used().unwrap();
        let mut n = 0_u64;
        while cpu.used().unwrap() <= before {
            n = std::hint::black_box(n + 1);
        }
    }
}
