//! A server for the files below a directory.
//!
//! `static_files [DIRECTORY [ADDRESS]]` serves until SIGINT or SIGTERM, and
//! prints what came out of the cache.

use std::time::Duration;

use seda_core::{BoxError, Graph, Plan};
use seda_io::Reactor;
use seda_io::http::{HttpServer, Limits, StaticFiles};
use seda_io::signal;

fn main() -> Result<(), BoxError> {
    let mut words = std::env::args().skip(1);
    let directory = words.next().unwrap_or_else(|| ".".to_owned());
    let address = words.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());

    let mut graph = Graph::new("static_files");
    Reactor::install(&mut graph);
    let files = StaticFiles::of(&directory)?.attach(&mut graph, "files");

    let server = HttpServer::bind(address, Limits::default())?;
    println!("http://{} serves {directory}", server.local_address());
    server.attach(&mut graph, "http", &files.stage);

    let running = graph.start(Plan::default())?;
    signal::wait_for_end()?;
    print!("{}", running.drain(Duration::from_secs(5))?);
    println!("{:?}", files.counts());
    Ok(())
}
