//! Urgent requests overtake the others in front of a slow stage, and nobody is
//! served who has stopped waiting.
//!
//! It heeds `Priority: u=0` to `u=2` (RFC 9218) as urgent, and takes
//! `Request-Timeout: 2` to mean that its client waits two seconds. It serves
//! until SIGINT or SIGTERM.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use seda_core::{Batch, BoxError, Class, Classes, Graph, Handler, Plan};
use seda_io::Reactor;
use seda_io::http::{Exchange, HttpServer, Limits, Response, StatusCode, TimeoutUnit, Wishes};
use seda_io::signal::{Asked, Signals};

const URGENT: Class = Class::HIGH;
const USUAL: Class = Class::NORMAL;
/// The class of each urgency; who says nothing has an urgency of 3.
const BY_URGENCY: [Class; 8] = [URGENT, URGENT, URGENT, USUAL, USUAL, USUAL, USUAL, USUAL];
/// The longest that a request may ask to be waited for.
const TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// Takes its time, and says how long a request has waited for it.
#[derive(Clone)]
struct Slow;

impl Handler for Slow {
    type Event = Exchange;

    fn handle(&mut self, exchanges: &mut Batch<Exchange>) -> Result<(), BoxError> {
        while let Some(exchange) = exchanges.next() {
            let urgency = match exchanges.meta().class() {
                URGENT => "urgent",
                _ => "usual",
            };
            let waited = exchanges.waited().as_millis();
            thread::sleep(Duration::from_millis(50));
            let text = format!("{urgency}: waited {waited} ms\n");
            exchange.respond(Response::text(StatusCode::OK, text));
        }
        Ok(())
    }
}

fn main() -> Result<(), BoxError> {
    let mut graph = Graph::new("http_priority");
    Reactor::install(&mut graph);

    let slow = graph.stage("slow").queue(1_024).batch(1).blocking(1..=1);
    let slow = slow.classes(Classes::strict(2)).handler(Slow);

    let wishes = Wishes::none().priority("Priority", BY_URGENCY).timeout(
        "Request-Timeout",
        TimeoutUnit::Seconds,
        TIMEOUT_MAX,
    );
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:0");
    let server = HttpServer::bind(address, Limits::default())?.with_wishes(wishes);
    println!("http://{}", server.local_address());
    let tallies = server.attach(&mut graph, "http", &slow);

    let (tell, told) = mpsc::channel();
    let signals = Signals::new(&[Asked::Interrupt, Asked::Terminate])?;
    signals.attach_fn(&mut graph, "signals", move |asked| {
        let _ = tell.send(asked);
    });

    let running = graph.start(Plan::default())?;
    told.recv()?;
    print!("{}", running.drain(Duration::from_secs(5))?);
    println!("{:?}", tallies.read());
    Ok(())
}
