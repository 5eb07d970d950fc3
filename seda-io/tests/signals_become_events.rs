//! Signals as events of a graph. One test a file: signals go to the whole process.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use seda_core::{Graph, Plan};
use seda_io::Reactor;
use seda_io::signal::{Asked, Signals};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn signals_reach_a_stage_and_a_closure() {
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let (tell, told) = mpsc::channel();
    let (whisper, whispered) = mpsc::channel();
    let stage = graph
        .stage("asked")
        .queue(1)
        .each(move |asked: Asked| Ok(tell.send(asked)?));
    let signals = Signals::new(&[Asked::User1, Asked::User2]).unwrap();
    signals.attach(&mut graph, "to a stage", &stage);
    let signals = Signals::new(&[Asked::User1]).unwrap();
    signals.attach_fn(&mut graph, "to a closure", move |asked| {
        whisper.send(asked).unwrap();
    });
    let running = graph.start(Plan::default().workers(2)).unwrap();
    for _ in 0..3 {
        kill_process(getpid(), Signal::USR1).unwrap();
        assert_eq!(told.recv_timeout(PATIENCE), Ok(Asked::User1));
        assert_eq!(whispered.recv_timeout(PATIENCE), Ok(Asked::User1));
    }
    kill_process(getpid(), Signal::USR2).unwrap();
    assert_eq!(told.recv_timeout(PATIENCE), Ok(Asked::User2));
    let ledger = running.drain(PATIENCE).unwrap();
    assert_eq!(ledger.stage("asked").unwrap().handled, 4);
}
