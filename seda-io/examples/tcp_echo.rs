//! A TCP server that sends everything back.
//!
//! It serves until SIGINT or SIGTERM, writes what is on its way, and prints where
//! every event went.

use std::time::Duration;

use seda_core::{BoxError, Graph, Plan};
use seda_io::Reactor;
use seda_io::signal;
use seda_io::stream::{Limits, Listener, StreamEvent};

fn main() -> Result<(), BoxError> {
    let mut graph = Graph::new("tcp_echo");
    Reactor::install(&mut graph);

    let echo = graph.stage("echo").queue(1_024).each(|event: StreamEvent| {
        match event {
            StreamEvent::Data(link, received) => link.send(received)?,
            StreamEvent::PeerDone(link) => link.finish(),
            StreamEvent::Opened(_) | StreamEvent::Drained(_) | StreamEvent::Closed(..) => {}
        }
        Ok(())
    });

    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:0");
    let listener = Listener::tcp(address, Limits::default())?;
    println!("{}", listener.local_address());
    let tallies = listener.attach(&mut graph, "tcp", &echo);

    let running = graph.start(Plan::default())?;
    signal::wait_for_end()?;
    print!("{}", running.drain(Duration::from_secs(5))?);
    println!("{:?}", tallies.read());
    Ok(())
}
