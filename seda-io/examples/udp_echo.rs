//! A UDP server that sends every datagram back.
//!
//! It serves until SIGINT or SIGTERM, and prints where every datagram went.

use std::time::Duration;

use seda_core::{BoxError, Graph, Plan};
use seda_io::Reactor;
use seda_io::datagram::{Datagram, Datagrams, Limits};
use seda_io::signal;

fn main() -> Result<(), BoxError> {
    let mut graph = Graph::new("udp_echo");
    Reactor::install(&mut graph);

    let echo = graph.stage("echo").queue(1_024);
    let echo = echo.each(|datagram: Datagram| {
        let Datagram { bytes, from, post } = datagram;
        Ok(post.send(&from, &bytes)?)
    });

    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:0");
    let socket = Datagrams::udp(address, Limits::default())?;
    println!("{}", socket.local_address());
    let tallies = socket.attach(&mut graph, "udp", &echo);

    let running = graph.start(Plan::default())?;
    signal::wait_for_end()?;
    print!("{}", running.drain(Duration::from_secs(5))?);
    println!("{:?}", tallies.read());
    Ok(())
}
