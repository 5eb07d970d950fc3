//! A TCP server under TLS that sends everything back.
//!
//! `tls_echo [ADDRESS [CHAIN KEY]]` shows the certificate chain and proves it by
//! the key, both in PEM; without them, those of the tests. It serves until SIGINT or
//! SIGTERM, writes what is on its way, and prints where every event went.

use std::time::Duration;

use seda_core::{BoxError, Graph, Plan};
use seda_io::Reactor;
use seda_io::signal;
use seda_io::stream::{Limits, Listener, StreamEvent};
use seda_io::tls::TlsServer;

const CERTIFICATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificates");

fn main() -> Result<(), BoxError> {
    let mut words = std::env::args().skip(1);
    let address = words.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let chain = words.next().unwrap_or(format!("{CERTIFICATES}/server.pem"));
    let key = words.next().unwrap_or(format!("{CERTIFICATES}/server.key"));

    let mut graph = Graph::new("tls_echo");
    Reactor::install(&mut graph);
    let echo = graph.stage("echo").queue(1_024).each(|event: StreamEvent| {
        match event {
            StreamEvent::Data(link, received) => link.send(received)?,
            StreamEvent::PeerDone(link) => link.finish(),
            StreamEvent::Opened(_) | StreamEvent::Drained(_) | StreamEvent::Closed(..) => {}
        }
        Ok(())
    });

    let tls = TlsServer::from_pem(chain, key)?.with_protocols(&[])?;
    let listener = Listener::tcp(address, Limits::default())?.with_tls(tls);
    println!("{}", listener.local_address());
    let tallies = listener.attach(&mut graph, "tls", &echo);

    let running = graph.start(Plan::default())?;
    signal::wait_for_end()?;
    print!("{}", running.drain(Duration::from_secs(5))?);
    println!("{:?}", tallies.read());
    Ok(())
}
