//! What the kernel says about a server: CPU time and memory, with all its threads and children.
//!
//! # Sources
//!
//! `proc_pid_stat`(5), `proc_pid_smaps`(5).

use std::fs;
use std::io;
use std::time::Duration;

/// Gives the CPU time that a process has used, with the threads that have
/// ended and the children that have not.
///
/// The kernel counts nanoseconds and shows ticks of 10 ms: a run of seconds is
/// exact to a few thousandths.
///
/// # Errors
///
/// When there is no such process.
pub fn cpu(process: u32) -> io::Result<Duration> {
    let mut ticks = 0;
    for process in family(process)? {
        let stat = Stat::read(process)?;
        ticks += stat.ticks;
    }
    Ok(time(ticks))
}

/// Gives the memory in bytes that a process and its children hold; what
/// several share is counted once.
///
/// # Errors
///
/// When there is no such process.
pub fn memory(process: u32) -> io::Result<u64> {
    let mut bytes = 0;
    for process in family(process)? {
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        let kibibytes: u64 = kibibytes.ok_or_else(|| io::Error::other("smaps without Pss"))?;
        bytes += kibibytes * 1024;
    }
    Ok(bytes)
}

/// Gives the memory in bytes that a process has in the machine, without its children.
///
/// # Errors
///
/// When there is no such process.
pub fn resident(process: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    let kibibytes: u64 = kibibytes.ok_or_else(|| io::Error::other("a process without memory"))?;
    Ok(kibibytes * 1024)
}

/// Gives the CPU time that all processes of the machine have used, and its host.
///
/// # Errors
///
/// When the kernel does not say.
pub fn machine() -> io::Result<Duration> {
    let text = fs::read_to_string("/proc/stat")?;
    let busy = text.lines().next().and_then(busy);
    let busy = busy.ok_or_else(|| io::Error::other(format!("unknown stat: {text}")))?;
    Ok(time(busy))
}

/// Adds up the ticks of a line of all cores: user, nice, system, then idle and
/// waiting, which are nobody's, then interrupts, then what the host took.
fn busy(line: &str) -> Option<u64> {
    let ticks: Result<Vec<u64>, _> = line.split_whitespace().skip(1).map(str::parse).collect();
    match *ticks.ok()?.as_slice() {
        [user, nice, system, _, _, hard, soft, stolen, ..] => {
            Some(user + nice + system + hard + soft + stolen)
        }
        _ => None,
    }
}

fn time(ticks: u64) -> Duration {
    let hertz = rustix::param::clock_ticks_per_second();
    Duration::from_nanos(ticks * 1_000_000_000 / hertz)
}

/// Gives a process and its children.
fn family(process: u32) -> io::Result<Vec<u32>> {
    let mut family = vec![process];
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(other) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // One that has ended meanwhile was nobody's server.
        if Stat::read(other).is_ok_and(|stat| stat.parent == process) {
            family.push(other);
        }
    }
    Ok(family)
}

struct Stat {
    parent: u32,
    /// Of user and system time together.
    ticks: u64,
}

impl Stat {
    fn read(process: u32) -> io::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
        Self::parse(&text).ok_or_else(|| io::Error::other(format!("unknown stat: {text}")))
    }

    /// The second field is a name that may hold anything, in parentheses.
    fn parse(text: &str) -> Option<Self> {
        let (_, fields) = text.rsplit_once(") ")?;
        let field = |number: usize| fields.split_whitespace().nth(number - 3);
        let user: u64 = field(14)?.parse().ok()?;
        let system: u64 = field(15)?.parse().ok()?;
        Some(Self {
            parent: field(4)?.parse().ok()?,
            ticks: user + system,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Stat, busy, cpu, machine, memory, resident};

    #[test]
    fn a_name_may_hold_parentheses_and_spaces() {
        let text = "7 (a ) b) S 3 7 7 0 -1 4194304 1 0 0 0 250 50 0 0 20 0 1 0";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.parent, stat.ticks), (3, 300));
    }

    #[test]
    fn time_that_nobody_used_is_not_counted() {
        let line = "cpu  100 20 30 4000 500 6 7 8 0 0";
        assert_eq!(busy(line), Some(171));
        assert_eq!(busy("cpu 1 2"), None);
        assert!(!machine().unwrap().is_zero());
    }

    #[test]
    fn this_process_has_memory_and_has_used_the_clock() {
        let me = std::process::id();
        assert!(memory(me).unwrap() > 64 * 1024);
        assert!(resident(me).unwrap() > 64 * 1024);
        assert!(cpu(me).is_ok());
        assert!(cpu(u32::MAX).is_err());
    }
}
