//! A server on a Unix socket that sends everything back.
//!
//! It serves until SIGINT or SIGTERM, writes what is on its way, prints where
//! every event went, and removes its path.

use std::path::PathBuf;
use std::time::Duration;

use seda_core::{BoxError, Graph, Plan};
use seda_io::Reactor;
use seda_io::signal;
use seda_io::stream::{Limits, Listener, StreamEvent};

fn main() -> Result<(), BoxError> {
    let mut graph = Graph::new("unix_echo");
    Reactor::install(&mut graph);

    let echo = graph.stage("echo").queue(1_024).each(|event: StreamEvent| {
        match event {
            StreamEvent::Data(link, received) => link.send(received)?,
            StreamEvent::PeerDone(link) => link.finish(),
            StreamEvent::Opened(_) | StreamEvent::Drained(_) | StreamEvent::Closed(..) => {}
        }
        Ok(())
    });

    let own = || std::env::temp_dir().join(format!("unix_echo-{}", std::process::id()));
    let path = std::env::args().nth(1).map_or_else(own, PathBuf::from);
    let listener = Listener::unix(path, Limits::default())?;
    println!("{}", listener.local_address());
    let tallies = listener.attach(&mut graph, "unix", &echo);

    let running = graph.start(Plan::default())?;
    signal::wait_for_end()?;
    print!("{}", running.drain(Duration::from_secs(5))?);
    println!("{:?}", tallies.read());
    Ok(())
}
