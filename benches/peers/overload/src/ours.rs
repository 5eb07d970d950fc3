//! Our server: one stage that works, and nothing set but its target.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use seda_core::{BoxError, Graph, Plan};
use seda_io::Reactor;
use seda_io::http::{Exchange, HttpServer, Limits, Response, StatusCode};

use crate::burn::Work;

/// Connections, as many as the other servers take.
const CONNECTIONS_MAX: usize = 20_000;

/// Says what the stage is given.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Where the stage runs.
    pub plan: Plan,
    /// Its target; without one it has its bound and no controller of admission.
    pub target: Option<Duration>,
}

/// Serves on the port, until the process is ended.
///
/// # Errors
///
/// When the port is not to be had, or the graph does not start.
pub fn serve(port: u16, terms: Terms, work: Arc<Work>) -> Result<(), BoxError> {
    let mut graph = Graph::new("overload");
    Reactor::install(&mut graph);
    let limits = Limits {
        requests_max: u32::MAX,
        connections_max: CONNECTIONS_MAX,
        ..Limits::default()
    };
    let server = HttpServer::bind((Ipv4Addr::LOCALHOST, port), limits)?;
    let address = server.local_address().to_string();
    let stage = graph.stage("work");
    let stage = match terms.target {
        Some(target) => stage.target(target),
        None => stage,
    };
    let stage = stage.each(move |exchange: Exchange| {
        work.run();
        exchange.respond(Response::text(StatusCode::OK, plain::HELLO));
        Ok(())
    });
    server.attach(&mut graph, "http", &stage);
    let _running = graph.start(terms.plan)?;
    println!("listening on {address}");
    loop {
        thread::park();
    }
}
