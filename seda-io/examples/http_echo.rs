//! An HTTP server that sends every request's body back.
//!
//! It serves until SIGINT or SIGTERM, answers what is in flight, and prints where
//! every request went.

use std::time::Duration;

use seda_core::{BoxError, Graph, Plan};
use seda_io::Reactor;
use seda_io::http::{Exchange, HttpServer, Limits, Response, StatusCode};
use seda_io::signal;

fn main() -> Result<(), BoxError> {
    let mut graph = Graph::new("http_echo");
    Reactor::install(&mut graph);

    let echo = graph.stage("echo").queue(1_024).each(|exchange: Exchange| {
        let (request, reply) = exchange.split();
        reply.respond(Response::new(StatusCode::OK).with_body(request.into_body()));
        Ok(())
    });

    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:0");
    let server = HttpServer::bind(address, Limits::default())?;
    println!("http://{}", server.local_address());
    let tallies = server.attach(&mut graph, "http", &echo);

    let running = graph.start(Plan::default())?;
    signal::wait_for_end()?;
    print!("{}", running.drain(Duration::from_secs(5))?);
    println!("{:?}", tallies.read());
    Ok(())
}
