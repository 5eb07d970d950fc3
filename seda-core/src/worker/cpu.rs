//! How much CPU time a thread has had, as the kernel counts it.

use std::fs;
use std::ops::Add;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Is a thread of this process, as the kernel names it.
///
/// Source: proc(5), `/proc/PID/task/TID/schedstat`: the first number is the
/// time spent on the CPU, the second the time spent waiting on a run queue, both
/// in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct ThreadCpu(PathBuf);

/// Is what threads have had of the machine's cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CpuTime {
    /// The time on a core.
    pub(crate) used: Duration,
    /// The time in which they were ready, and no core was free for them.
    pub(crate) starved: Duration,
}

impl Add for CpuTime {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            used: self.used + other.used,
            starved: self.starved + other.starved,
        }
    }
}

impl ThreadCpu {
    /// Names the current thread; none where there is no `/proc`.
    pub(crate) fn of_current() -> Option<Self> {
        let task = fs::read_link("/proc/thread-self").ok()?;
        Some(Self(Path::new("/proc").join(task).join("schedstat")))
    }

    /// Reads its CPU time; none when it has ended.
    pub(crate) fn read(&self) -> Option<CpuTime> {
        let text = fs::read_to_string(&self.0).ok()?;
        let mut numbers = text.split_ascii_whitespace();
        let mut time = || Some(Duration::from_nanos(numbers.next()?.parse().ok()?));
        Some(CpuTime {
            used: time()?,
            starved: time().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ThreadCpu;

    #[test]
    fn work_shows_in_the_cpu_time() {
        let cpu = ThreadCpu::of_current().unwrap();
        let before = cpu.read().unwrap().used;
        let mut n = 0_u64;
        while cpu.read().unwrap().used <= before {
            n = std::hint::black_box(n + 1);
        }
    }
}
