//! Many children at once. One test a file: it counts the threads of the whole process.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod tied;
mod watching;

use std::fs;

use seda_io::process::{Exit, StopSignal};
use tied::Tie;
use watching::{PATIENCE, SIGTERM, watching};

#[test]
fn two_hundred_children_need_no_threads() {
    let (running, processes, told) = watching(4, |_, _| {});
    let (before, tie) = (threads(), Tie::new());
    let watched: Vec<_> = (0..200)
        .map(|tag| {
            let child = tie.idler().start().unwrap();
            processes.watch(child, tag).unwrap()
        })
        .collect();
    assert_eq!((processes.count(), threads()), (200, before));
    for child in &watched {
        assert!(child.signal(StopSignal::Terminate).unwrap());
    }
    // Their stage has room for four: the others are kept and offered again.
    let mut ended: Vec<_> = (0..200)
        .map(|_| told.recv_timeout(PATIENCE).unwrap())
        .collect();
    ended.sort_unstable_by_key(|(tag, _)| *tag);
    for (tag, ended) in ended.into_iter().enumerate() {
        assert_eq!(ended, (tag, Exit::Signal(SIGTERM)));
    }
    let ledger = running.drain(PATIENCE).unwrap();
    assert_eq!(ledger.stage("exits").unwrap().handled, 200);
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}
