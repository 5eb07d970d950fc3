//! The server of this project: a source of connections, and a stage that counts.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use seda_core::{Batch, BoxError, Graph, Handler, Plan};
use seda_io::Reactor;
use seda_io::net::Address;
use seda_io::stream::{Limits, Listener, StreamEvent};

use crate::bandwidth::burst::{ANSWER, Progress};
use crate::bandwidth::counted::tell;

/// Connections, as many as are measured, and some.
const CONNECTIONS_MAX: usize = 12_000;

#[derive(Clone)]
struct Count {
    bytes: Arc<AtomicU64>,
    clients: HashMap<u64, Progress>,
}

impl Handler for Count {
    type Event = StreamEvent;

    fn handle(&mut self, events: &mut Batch<StreamEvent>) -> Result<(), BoxError> {
        for event in events {
            match event {
                StreamEvent::Data(link, received) => {
                    let bytes = received.len();
                    drop(received);
                    self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
                    let progress = self.clients.entry(link.number()).or_default();
                    for _ in 0..progress.take(bytes) {
                        link.send(ANSWER)?;
                    }
                }
                StreamEvent::PeerDone(link) => link.finish(),
                StreamEvent::Closed(link, _) => drop(self.clients.remove(&link.number())),
                StreamEvent::Opened(_) | StreamEvent::Drained(_) => {}
            }
        }
        Ok(())
    }
}

/// Serves until nobody asks for its count any more.
///
/// # Errors
///
/// When there is no port, or the graph does not start.
pub fn serve() -> Result<Infallible, BoxError> {
    let mut graph = Graph::new("bandwidth");
    Reactor::install(&mut graph);
    let bytes = Arc::new(AtomicU64::new(0));
    let count = Count {
        bytes: Arc::clone(&bytes),
        clients: HashMap::new(),
    };
    let count = graph.stage("count").queue(CONNECTIONS_MAX).handler(count);
    let limits = Limits {
        connections_max: CONNECTIONS_MAX,
        ..Limits::default()
    };
    let listener = Listener::tcp((Ipv4Addr::LOCALHOST, 0), limits)?;
    let address = ip(listener.local_address())?;
    listener.attach(&mut graph, "clients", &count);
    let _running = graph.start(Plan::default().workers(1))?;
    Ok(tell(address, &bytes)?)
}

fn ip(address: &Address) -> Result<SocketAddr, BoxError> {
    match address {
        Address::Ip(address) => Ok(*address),
        other => Err(format!("no port: {other}").into()),
    }
}
