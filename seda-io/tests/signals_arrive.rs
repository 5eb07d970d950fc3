//! Signals to this very process, received through a descriptor.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};
use seda_io::signal::{Asked, Signals, wait_for_end};

const PATIENCE: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};
const AT_ONCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

fn readable(signals: &Signals, timeout: &Timespec) -> bool {
    let mut descriptors = [PollFd::new(signals, PollFlags::IN)];
    poll(&mut descriptors, Some(timeout)).unwrap() == 1
}

/// One test, because signals are of the process and tests are threads.
#[test]
fn signals_make_the_descriptor_readable_until_they_are_taken() {
    let mut signals = Signals::new(&[Asked::Interrupt, Asked::Terminate]).unwrap();
    let mut others = Signals::new(&[Asked::Terminate]).unwrap();
    assert!(!readable(&signals, &AT_ONCE));

    kill_process(getpid(), Signal::TERM).unwrap();
    assert!(readable(&signals, &PATIENCE));
    assert_eq!(signals.pending().collect::<Vec<_>>(), [Asked::Terminate]);
    assert!(!readable(&signals, &AT_ONCE));
    assert_eq!(signals.pending().count(), 0);
    assert!(readable(&others, &PATIENCE), "each receiver gets it");

    for _ in 0..3 {
        kill_process(getpid(), Signal::INT).unwrap();
    }
    assert!(readable(&signals, &PATIENCE));
    assert_eq!(signals.pending().collect::<Vec<_>>(), [Asked::Interrupt]);
    assert_eq!(others.pending().collect::<Vec<_>>(), [Asked::Terminate]);

    let waiting = std::thread::spawn(|| wait_for_end().unwrap());
    while !waiting.is_finished() {
        // It may not have begun to wait when the first one comes.
        kill_process(getpid(), Signal::TERM).unwrap();
        std::thread::yield_now();
    }
    assert_eq!(waiting.join().unwrap(), Asked::Terminate);
    signals.pending().count();
    for signal in [Signal::TERM, Signal::INT] {
        kill_process(getpid(), signal).unwrap();
    }
    let both = [signals.wait().unwrap(), signals.wait().unwrap()];
    assert!(both.contains(&Asked::Interrupt) && both.contains(&Asked::Terminate));

    drop((signals, others));
    kill_process(getpid(), Signal::TERM).unwrap();
}
