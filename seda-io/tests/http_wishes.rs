//! What requests say about their urgency and their patience holds in the queues.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use parking_lot::Mutex;
use seda_core::{Class, Classes, Clock, Graph, Plan, Running};
use seda_io::Reactor;
use seda_io::http::{Exchange, HttpServer, Limits, Response, StatusCode, Tallies};
use seda_io::http::{TimeoutUnit, Wishes};
use serving::{PATIENCE, Raw, wait_until};

const HASTE: [Class; 8] = {
    let (urgent, usual) = (Class::HIGH, Class::NORMAL);
    [urgent, urgent, usual, usual, usual, usual, usual, usual]
};

/// A server in front of one stage that handles an exchange each time it is let.
struct Gated {
    running: Running,
    tallies: Tallies,
    address: std::net::SocketAddr,
    clock: Clock,
    open: Sender<()>,
    entered: Receiver<String>,
}

impl Gated {
    fn heeding(wishes: Wishes) -> Self {
        let clock = Clock::manual();
        let mut graph = Graph::new("test").with_clock(clock.clone());
        Reactor::install(&mut graph);
        let (open, gate) = mpsc::channel::<()>();
        let (enter, entered) = mpsc::channel();
        let gate = Arc::new(Mutex::new(gate));
        let stage = graph.stage("requests").batch(1).blocking(1..=1);
        let stage = stage.classes(Classes::strict(2));
        let requests = stage.each(move |exchange: Exchange| {
            enter.send(exchange.request().target().path().to_owned())?;
            gate.lock().recv()?;
            exchange.respond(Response::new(StatusCode::OK));
            Ok(())
        });
        let server = HttpServer::bind("127.0.0.1:0", Limits::default()).unwrap();
        let server = server.with_wishes(wishes);
        let address = server.local_address().ip().unwrap();
        let tallies = server.attach(&mut graph, "http", &requests);
        let running = graph.start(Plan::default().workers(1)).unwrap();
        Self {
            running,
            tallies,
            address,
            clock,
            open,
            entered,
        }
    }

    /// Sends a request of its own connection, and waits until it is in the queue.
    fn ask(&self, path: &str, header: &str) -> Raw {
        let accepted = || self.running.ledger().stage("requests").unwrap().accepted;
        let before = accepted();
        let mut client = Raw::connect(self.address);
        client.send(format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n"
        ));
        wait_until("it is accepted", || accepted() > before);
        client
    }

    fn next(&self) -> String {
        self.entered.recv_timeout(PATIENCE).unwrap()
    }

    fn end(&self) {
        let ledger = self.running.drain(PATIENCE).unwrap();
        assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    }
}

#[test]
fn urgent_requests_overtake_those_that_wait() {
    let gated = Gated::heeding(Wishes::none().priority("Priority", HASTE));
    let mut clients = vec![gated.ask("/in-hand", "X: y")];
    assert_eq!(gated.next(), "/in-hand");
    for (path, header) in [
        ("/usual", "X: y"),
        ("/patient", "Priority: u=7"),
        ("/pressing", "priority: i, u=1"),
        ("/nonsense", "Priority: u=urgent"),
        ("/now", "Priority: u=0"),
    ] {
        clients.push(gated.ask(path, header));
    }
    for expected in ["/pressing", "/now", "/usual", "/patient", "/nonsense"] {
        gated.open.send(()).unwrap();
        assert_eq!(gated.next(), expected);
    }
    gated.open.send(()).unwrap();
    for client in &mut clients {
        assert_eq!(client.answer().status, 200);
    }
    assert_eq!(gated.tallies.read().bad_priorities, 1);
    gated.end();
}

#[test]
fn a_request_that_is_waited_for_no_longer_is_answered_503_and_others_are_handled() {
    let wishes = Wishes::none();
    let wishes = wishes.timeout("Request-Timeout", TimeoutUnit::Seconds, PATIENCE);
    let gated = Gated::heeding(wishes);
    let mut in_hand = gated.ask("/in-hand", "Request-Timeout: 1");
    assert_eq!(gated.next(), "/in-hand");
    let mut hasty = gated.ask("/hasty", "Request-Timeout: 1");
    let mut boundless = gated.ask("/boundless", "Request-Timeout: 3600");
    let mut patient = gated.ask("/patient", "Request-Timeout: 5");
    let mut nonsense = gated.ask("/nonsense", "Request-Timeout: soon");
    gated.clock.advance(Duration::from_secs(2));
    gated.open.send(()).unwrap();
    assert_eq!(gated.next(), "/boundless");
    // What takes longer than it was waited for is answered none the less.
    assert_eq!(in_hand.answer().status, 200);
    let answer = hasty.answer();
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    gated.open.send(()).unwrap();
    assert_eq!(boundless.answer().status, 200);
    for (client, path) in [(&mut patient, "/patient"), (&mut nonsense, "/nonsense")] {
        assert_eq!(gated.next(), path);
        gated.open.send(()).unwrap();
        assert_eq!(client.answer().status, 200);
    }
    let figures = gated.tallies.read();
    assert_eq!((figures.expired, figures.abandoned), (1, 0));
    assert_eq!(figures.bad_timeouts, 1);
    gated.end();
}

#[test]
fn no_wish_is_trusted_beyond_its_bound() {
    let bound = Duration::from_secs(2);
    let wishes = Wishes::none();
    let wishes = wishes.timeout("Request-Timeout", TimeoutUnit::Milliseconds, bound);
    let gated = Gated::heeding(wishes);
    let mut in_hand = gated.ask("/in-hand", "X: y");
    assert_eq!(gated.next(), "/in-hand");
    let mut greedy = gated.ask("/greedy", "Request-Timeout: 99999999999999999999999");
    gated.clock.advance(bound + Duration::from_millis(1));
    gated.open.send(()).unwrap();
    assert_eq!(in_hand.answer().status, 200);
    assert_eq!(greedy.answer().status, 503);
    gated.end();
}

#[test]
fn nothing_is_heeded_by_default() {
    let gated = Gated::heeding(Wishes::none());
    let mut clients = vec![gated.ask("/in-hand", "X: y")];
    assert_eq!(gated.next(), "/in-hand");
    clients.push(gated.ask("/first", "Request-Timeout: 0"));
    clients.push(gated.ask("/second", "Priority: u=0"));
    gated.clock.advance(Duration::from_secs(1));
    for expected in ["/first", "/second"] {
        gated.open.send(()).unwrap();
        assert_eq!(gated.next(), expected);
    }
    gated.open.send(()).unwrap();
    for client in &mut clients {
        assert_eq!(client.answer().status, 200);
    }
    gated.end();
}
