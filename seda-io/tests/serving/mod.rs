//! A running server for tests, and a client that sends exactly what it is told.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses a part of it, and stops at the first thing that is not as it must be"
)]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use seda_core::{Graph, Ledger, Plan, Running, Sink, Stage};
use seda_io::Reactor;
use seda_io::http::{Exchange, Figures, HttpServer, Limits, Response, StatusCode, Tallies};

/// What nothing in a test takes, unless it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A graph with a server in front of one stage.
pub(crate) struct Serving {
    pub(crate) running: Running,
    pub(crate) address: SocketAddr,
    tallies: Tallies,
}

/// Serves the stage that `build` adds, with one worker.
pub(crate) fn serve(limits: Limits, build: impl FnOnce(&mut Graph) -> Stage<Exchange>) -> Serving {
    serve_by(Plan::default().workers(1), limits, build)
}

pub(crate) fn serve_by(
    plan: Plan,
    limits: Limits,
    build: impl FnOnce(&mut Graph) -> Stage<Exchange>,
) -> Serving {
    serve_in(Graph::new("test"), plan, limits, build)
}

pub(crate) fn serve_in(
    mut graph: Graph,
    plan: Plan,
    limits: Limits,
    build: impl FnOnce(&mut Graph) -> Stage<Exchange>,
) -> Serving {
    Reactor::install(&mut graph);
    let requests = build(&mut graph);
    let server = HttpServer::bind("127.0.0.1:0", limits).unwrap();
    let address = server.local_address().ip().unwrap();
    let tallies = server.attach(&mut graph, "http", &requests);
    let running = graph.start(plan).unwrap();
    Serving {
        running,
        address,
        tallies,
    }
}

/// Adds a stage that answers with the body of the request.
pub(crate) fn echo(graph: &mut Graph) -> Stage<Exchange> {
    graph.stage("requests").each(|exchange: Exchange| {
        let (request, reply) = exchange.split();
        reply.respond(Response::new(StatusCode::OK).with_body(request.into_body()));
        Ok(())
    })
}

/// Exchanges as they come to a test, each with the sink to a stage that tells it events.
pub(crate) type Exchanges<E> = mpsc::Receiver<(Exchange, Sink<E>)>;

/// Serves such that exchanges come to the test, and the events that it has sent
/// to the sink with them.
pub(crate) fn serve_told<E: Send + Sync + 'static>(
    limits: Limits,
) -> (Serving, Exchanges<E>, mpsc::Receiver<E>) {
    let (tell, exchanges) = mpsc::channel();
    let (hear, events) = mpsc::channel();
    let serving = serve(limits, |graph| {
        let heard = graph.stage("heard");
        let heard = heard.each(move |event: E| Ok(hear.send(event)?));
        graph.stage("requests").each_with(|wire| {
            let heard = wire.to(&heard);
            let tell = tell.clone();
            move |exchange: Exchange| Ok(tell.send((exchange, heard.clone()))?)
        })
    });
    (serving, exchanges, events)
}

impl Serving {
    pub(crate) fn connect(&self) -> Raw {
        Raw::connect(self.address)
    }

    pub(crate) fn figures(&self) -> Figures {
        self.tallies.read()
    }

    /// Waits until the server's counters are as they should be.
    pub(crate) fn until(&self, what: &str, done: impl Fn(&Figures) -> bool) {
        wait_until(what, || done(&self.figures()));
    }

    /// Drains; every event must be accounted for.
    pub(crate) fn end(&self) -> Ledger {
        let ledger = self.running.drain(PATIENCE).unwrap();
        assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
        let figures = self.figures();
        assert_eq!(figures.opened, figures.closed, "{figures:?}");
        ledger
    }
}

/// Looks again and again; gives up when it takes too long.
pub(crate) fn wait_until(what: &str, done: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < until, "waited too long until {what}");
        std::thread::yield_now();
    }
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (have, value) = line.split_once(": ")?;
            have.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// A client that sends bytes and reads answers.
pub(crate) struct Raw(pub(crate) BufReader<TcpStream>);

impl Raw {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends a request with this body.
    pub(crate) fn post(&mut self, body: &str) {
        let length = body.len();
        self.send(format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
    }

    pub(crate) fn answer(&mut self) -> Answer {
        let mut answer = self.answer_without_body();
        let length = answer
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        answer.body = vec![0; length];
        self.0.read_exact(&mut answer.body).unwrap();
        answer
    }

    /// Reads the head of an answer, and leaves its body, if there is one.
    pub(crate) fn answer_without_body(&mut self) -> Answer {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.0.read_line(&mut head).unwrap(), 0, "ended in {head:?}");
        }
        let status = head.get(9..12).unwrap().parse().unwrap();
        let body = Vec::new();
        Answer { status, head, body }
    }

    /// Tells whether the server has closed the connection, having sent nothing more.
    pub(crate) fn has_ended(&mut self) -> bool {
        match self.0.fill_buf() {
            Ok(bytes) => bytes.is_empty(),
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}
