//! A graph that watches child processes, for tests.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use seda_core::{Graph, Plan, Running, Stage};
use seda_io::Reactor;
use seda_io::process::{Exit, Exited, Processes};

/// What nothing in a test takes, unless it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const SIGTERM: i32 = 15;

/// A graph that watches children and tells of their ends.
pub(crate) fn watching(
    queue: usize,
    more: impl FnOnce(&mut Graph, &Processes<usize>),
) -> (Running, Processes<usize>, Receiver<(usize, Exit)>) {
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let (tell, told) = mpsc::channel();
    let exits = graph.stage("exits").queue(queue);
    let exits: Stage<Exited<usize>> = exits.each(move |exited: Exited<usize>| {
        tell.send((exited.tag, exited.exit?))?;
        Ok(())
    });
    let processes = Processes::attach(&mut graph, "processes", &exits);
    more(&mut graph, &processes);
    let running = graph.start(Plan::default().workers(2)).unwrap();
    (running, processes, told)
}
