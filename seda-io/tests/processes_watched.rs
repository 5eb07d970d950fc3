//! Child processes watched by a graph: how they ended, ending them, many at once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod tied;
mod watching;

use std::fs;

use seda_io::process::{Exit, Spawn, StopSignal};
use tied::Tie;
use watching::{PATIENCE, SIGTERM, watching};

const SIGKILL: i32 = 9;

fn shell(script: &str) -> Spawn {
    Spawn::new("/bin/sh").args(["-c", script])
}

#[test]
fn the_end_of_a_child_becomes_an_event() {
    let (running, processes, told) = watching(8, |_, _| {});
    for (tag, (script, exit)) in [
        ("exit 0", Exit::Code(0)),
        ("exit 7", Exit::Code(7)),
        ("kill -KILL $$", Exit::Signal(SIGKILL)),
    ]
    .into_iter()
    .enumerate()
    {
        processes
            .watch(shell(script).start().unwrap(), tag)
            .unwrap();
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), (tag, exit));
    }
    let ledger = running.drain(PATIENCE).unwrap();
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    assert_eq!(processes.count(), 0);
}

#[test]
fn a_child_that_has_ended_before_it_is_watched_is_not_missed() {
    let (running, processes, told) = watching(8, |_, _| {});
    let child = shell("exit 3").start().unwrap();
    let status = format!("/proc/{}/stat", child.id());
    while !fs::read_to_string(&status).unwrap().contains(") Z ") {
        std::thread::yield_now();
    }
    processes.watch(child, 1).unwrap();
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), (1, Exit::Code(3)));
    running.drain(PATIENCE).unwrap();
}

#[test]
fn a_watched_child_can_be_ended_from_any_thread() {
    let tie = Tie::new();
    let (running, processes, told) = watching(8, |_, _| {});
    for (signal, number) in [
        (StopSignal::Terminate, SIGTERM),
        (StopSignal::Kill, SIGKILL),
    ] {
        let child = tie.idler().start().unwrap();
        let watched = processes.watch(child, 5).unwrap();
        assert!(watched.signal(signal).unwrap());
        assert_eq!(
            told.recv_timeout(PATIENCE).unwrap(),
            (5, Exit::Signal(number))
        );
        assert!(!watched.signal(signal).unwrap(), "it has been reaped");
    }
    running.drain(PATIENCE).unwrap();
}

#[test]
fn a_drain_waits_for_children_that_a_stage_has_just_started() {
    for _ in 0..50 {
        let mut start = None;
        let (running, _, told) = watching(8, |graph, processes| {
            let processes = processes.clone();
            let stage = graph.stage("start").blocking(1..=1);
            start = Some(stage.each(move |tag: usize| {
                processes.watch(shell("exit 4").start()?, tag)?;
                Ok(())
            }));
        });
        running.inlet(&start.unwrap()).enqueue(9).unwrap();
        let ledger = running.drain(PATIENCE).unwrap();
        assert_eq!(ledger.stage("exits").unwrap().handled, 1);
        assert_eq!(told.try_recv().unwrap(), (9, Exit::Code(4)));
    }
}

#[test]
fn a_stop_leaves_no_child_behind() {
    let tie = Tie::new();
    let (running, processes, _told) = watching(8, |_, _| {});
    let child = tie.idler().start().unwrap();
    let watched = processes.watch(child, 0).unwrap();
    let status = format!("/proc/{}/stat", watched.id());
    running.stop();
    assert!(!watched.signal(StopSignal::Terminate).unwrap());
    // Reaped, or dead and waiting for the end of this process.
    while fs::read_to_string(&status).is_ok_and(|stat| !stat.contains(") Z ")) {
        std::thread::yield_now();
    }
    let child = shell("exit 0").start().unwrap();
    let unwatched = processes.watch(child, 6).unwrap_err();
    assert!(unwatched.child.is_some() && unwatched.tag == 6);
}
