//! Which core does what, and how many descriptors a process may have.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Descriptors: 10,000 connections on each side, and what else a process needs.
const DESCRIPTORS: u64 = 65_536;

/// The core of a server.
pub const SERVER: [usize; 1] = [0];
/// The core of the load.
pub const LOAD: [usize; 1] = [1];
/// The cores of a server with two workers; the load takes its share of the second.
pub const BOTH: [usize; 2] = [0, 1];

/// Does something while this thread, and whatever it starts, is bound to some cores.
///
/// # Errors
///
/// When the machine has no such core.
pub fn on<T>(cores: &[usize], work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let before = sched_getaffinity(None)?;
    bind(cores)?;
    let done = work();
    sched_setaffinity(None, &before)?;
    done
}

/// Binds this thread, and whatever it starts, to some cores.
///
/// # Errors
///
/// When the machine has no such core.
pub fn bind(cores: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core);
    }
    Ok(sched_setaffinity(None, &set)?)
}

/// Lets this process, and whatever it starts, have many descriptors, or as many as it may.
pub fn raise_descriptors() {
    let most = getrlimit(Resource::Nofile).maximum;
    let wanted = |maximum: Option<u64>| Rlimit {
        current: maximum,
        maximum,
    };
    let many = most.map_or(DESCRIPTORS, |most| most.max(DESCRIPTORS));
    // More than the maximum is for the administrator; the maximum is for everybody.
    if setrlimit(Resource::Nofile, wanted(Some(many))).is_err() {
        let _ = setrlimit(Resource::Nofile, wanted(most));
    }
}
