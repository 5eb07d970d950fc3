//! Answers with less while the server is pressed, so that everybody gets an answer.
//!
//! A page has a hundred sums, which take 5 ms of a core. Under pressure it has
//! ten, and says so in its text and in the header `Brownout`. Ask more than a
//! core can do (`h2load -n 20000 -c 200 http://…`) and see the level rise; it
//! serves until SIGINT or SIGTERM.

use std::hint::black_box;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use seda_core::{Batch, BoxError, Graph, Handler, OverloadManager, Plan};
use seda_io::Reactor;
use seda_io::http::{Exchange, HttpServer, Limits, Response, StatusCode};
use seda_io::signal::{Asked, Signals};

/// How long an answer may take; the queue's time against it makes the pressure.
const TARGET: Duration = Duration::from_millis(100);
/// From this level of 255 on, answers are brief.
const BRIEF_FROM: u8 = 128;
/// What one sum takes of a core.
const SUM: Duration = Duration::from_micros(50);

/// Adds up for a while.
#[derive(Clone)]
struct Sums;

impl Handler for Sums {
    type Event = Exchange;

    fn handle(&mut self, exchanges: &mut Batch<Exchange>) -> Result<(), BoxError> {
        let level = exchanges.pressure();
        let (sums, word) = if level > BRIEF_FROM {
            (10, "in brief")
        } else {
            (100, "in full")
        };
        for exchange in exchanges {
            let text = format!("{sums} sums, {word}: {}\n", add_up(SUM * sums));
            let answer = Response::text(StatusCode::OK, text);
            exchange.respond(answer.with_header("Brownout", &level.to_string())?);
        }
        Ok(())
    }
}

fn add_up(time: Duration) -> u64 {
    let begun = Instant::now();
    let mut sum = 0_u64;
    while begun.elapsed() < time {
        sum = black_box(sum.wrapping_mul(31) + 1);
    }
    sum
}

fn main() -> Result<(), BoxError> {
    let mut graph = Graph::new("http_brownout");
    Reactor::install(&mut graph);
    let sums = graph.stage("sums").queue(10_000).batch(4);
    let sums = sums.target(TARGET).handler(Sums);
    graph.overload(OverloadManager::default());

    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:0");
    let server = HttpServer::bind(address, Limits::default())?;
    println!("http://{}", server.local_address());
    let tallies = server.attach(&mut graph, "http", &sums);

    let (tell, told) = mpsc::channel();
    let signals = Signals::new(&[Asked::Interrupt, Asked::Terminate])?;
    signals.attach_fn(&mut graph, "signals", move |asked| {
        let _ = tell.send(asked);
    });

    let running = graph.start(Plan::default().workers(1))?;
    told.recv()?;
    for decided in running
        .snapshot()
        .overload
        .iter()
        .flat_map(|found| &found.decided)
    {
        println!("{}", decided.reason);
    }
    print!("{}", running.drain(Duration::from_secs(5))?);
    println!("{:?}", tallies.read());
    Ok(())
}
