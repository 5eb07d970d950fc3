//! A server for the files below a directory.
//!
//! `static_files [DIRECTORY [ADDRESS]]` serves until SIGINT or SIGTERM, and
//! prints what came out of the cache.

use std::sync::mpsc;
use std::time::Duration;

use seda_core::{BoxError, Graph, Plan};
use seda_io::Reactor;
use seda_io::http::{HttpServer, Limits, StaticFiles};
use seda_io::signal::{Asked, Signals};

fn main() -> Result<(), BoxError> {
    let mut words = std::env::args().skip(1);
    let directory = words.next().unwrap_or_else(|| ".".to_owned());
    let address = words.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());

    let mut graph = Graph::new("static_files");
    Reactor::install(&mut graph);
    let files = StaticFiles::of(&directory)?.attach(&mut graph, "files");

    let server = HttpServer::bind(address, Limits::default())?;
    println!("http://{} serves {directory}", server.local_addr());
    server.attach(&mut graph, "http", &files.stage);

    let (tell, told) = mpsc::channel();
    let signals = Signals::new(&[Asked::Interrupt, Asked::Terminate])?;
    signals.attach_fn(&mut graph, "signals", move |asked| {
        let _ = tell.send(asked);
    });

    let running = graph.start(Plan::default())?;
    told.recv()?;
    print!("{}", running.drain(Duration::from_secs(5))?);
    println!("{:?}", files.counts());
    Ok(())
}
