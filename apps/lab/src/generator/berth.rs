//! Where the generator's thread runs, and how exactly it is woken.

use std::io;
use std::num::NonZeroU64;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{
    CpuSet, current_timer_slack, sched_getaffinity, sched_setaffinity, set_current_timer_slack,
};

/// Nanoseconds: how late the system may wake a thread to save power. It is 50,000
/// where nobody says otherwise.
const SLACK: NonZeroU64 = NonZeroU64::MIN;

/// Does something whose threads are bound to a core, if one is said, and are woken
/// as exactly as the system can.
///
/// Threads inherit both from the one that starts them (`sched_setaffinity`(2),
/// `PR_SET_TIMERSLACK`(2const)); this one has its own again afterwards.
///
/// # Errors
///
/// When the machine has no such core.
pub(super) fn bound<T>(cpu: Option<usize>, start: impl FnOnce() -> T) -> io::Result<T> {
    let before = sched_getaffinity(None)?;
    let slack = current_timer_slack()?;
    if let Some(cpu) = cpu {
        let known = cpu < CpuSet::MAX_CPU && before.is_set(cpu);
        if !known {
            return Err(io::Error::other(no_such(cpu, &before)));
        }
        let mut set = CpuSet::new();
        set.set(cpu);
        sched_setaffinity(None, &set)?;
    }
    set_current_timer_slack(Some(SLACK))?;
    let done = start();
    set_current_timer_slack(NonZeroU64::new(slack))?;
    sched_setaffinity(None, &before)?;
    Ok(done)
}

fn no_such(cpu: usize, known: &CpuSet) -> String {
    let known = (0..CpuSet::MAX_CPU).filter(|cpu| known.is_set(*cpu));
    let known: Vec<String> = known.map(|cpu| cpu.to_string()).collect();
    let known = known.join(", ");
    format!("this process has no core {cpu}; it has {known}")
}

/// Lets this process have that many descriptors more than a program needs.
///
/// # Errors
///
/// When the administrator allows fewer; says how to have more.
pub(super) fn reserve_descriptors(connections: usize) -> io::Result<()> {
    /// Descriptors of a program: files, pipes, its epoll.
    const OTHERS: u64 = 64;
    let wanted = (connections as u64).saturating_add(OTHERS);
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let raised = Rlimit {
        current: Some(wanted),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).map_err(|error| {
        io::Error::other(format!(
            "{connections} connections need {wanted} descriptors: {error}; \
             lower `--connections`, or raise the limit with `ulimit -n`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_inherit_the_core_and_this_one_has_its_own_again() {
        let before = sched_getaffinity(None).unwrap();
        let slack = current_timer_slack().unwrap();
        let first = (0..CpuSet::MAX_CPU)
            .find(|cpu| before.is_set(*cpu))
            .unwrap();
        let look = || {
            (
                sched_getaffinity(None).unwrap(),
                current_timer_slack().unwrap(),
            )
        };
        let seen = bound(Some(first), || std::thread::spawn(look)).unwrap();
        let (cores, exactly) = seen.join().unwrap();
        assert_eq!((cores.count(), cores.is_set(first), exactly), (1, true, 1));
        assert!(sched_getaffinity(None).unwrap() == before);
        assert_eq!(current_timer_slack().unwrap(), slack);
        let error = bound(Some(9_999), || ()).unwrap_err().to_string();
        assert!(
            error.starts_with("this process has no core 9999; it has"),
            "{error}"
        );
    }
}
