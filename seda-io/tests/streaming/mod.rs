//! A running graph with stream sockets for tests, and what its stage has heard.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part of it, and stops at the first thing that is not as it must be"
)]

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use seda_core::{Graph, Ledger, Plan, Running, Stage};
use seda_io::Reactor;
use seda_io::net::Address;
use seda_io::stream::{End, Figures, Limits, Link, Listener, Received, StreamEvent, Tallies};

/// What nothing in a test takes, unless it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A graph with a TCP listener in front of one stage.
pub(crate) struct Streaming {
    pub(crate) running: Running,
    pub(crate) address: Address,
    tallies: Tallies,
}

/// Serves the stage that `build` adds, with one worker.
pub(crate) fn listen(
    limits: Limits,
    build: impl FnOnce(&mut Graph) -> Stage<StreamEvent>,
) -> Streaming {
    listen_by(Plan::default().workers(1), limits, build)
}

pub(crate) fn listen_by(
    plan: Plan,
    limits: Limits,
    build: impl FnOnce(&mut Graph) -> Stage<StreamEvent>,
) -> Streaming {
    attach(plan, Listener::tcp("127.0.0.1:0", limits).unwrap(), build)
}

pub(crate) fn attach(
    plan: Plan,
    listener: Listener,
    build: impl FnOnce(&mut Graph) -> Stage<StreamEvent>,
) -> Streaming {
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let events = build(&mut graph);
    let address = listener.local_address().clone();
    let tallies = listener.attach(&mut graph, "streams", &events);
    let running = graph.start(plan).unwrap();
    Streaming {
        running,
        address,
        tallies,
    }
}

/// Adds a stage that sends everything back and ends when the peer does.
pub(crate) fn echo(graph: &mut Graph) -> Stage<StreamEvent> {
    graph.stage("events").each(|event: StreamEvent| {
        match event {
            StreamEvent::Data(link, received) => link.send(received)?,
            StreamEvent::PeerDone(link) => link.finish(),
            _ => {}
        }
        Ok(())
    })
}

/// Adds a stage that hands every event to the test.
pub(crate) fn tell(graph: &mut Graph) -> (Stage<StreamEvent>, Heard) {
    let (tell, told) = channel();
    let stage = graph.stage("events");
    (
        stage.each(move |event: StreamEvent| Ok(tell.send(event)?)),
        Heard(told),
    )
}

/// Listens with a stage that hands every event to the test.
pub(crate) fn listen_and_tell(limits: Limits) -> (Streaming, Heard) {
    let mut heard = None;
    let streaming = listen(limits, |graph| {
        let (stage, told) = tell(graph);
        heard = Some(told);
        stage
    });
    (streaming, heard.unwrap())
}

/// The events that a stage has handed to the test.
pub(crate) struct Heard(pub(crate) Receiver<StreamEvent>);

impl Heard {
    pub(crate) fn next(&self) -> StreamEvent {
        self.0.recv_timeout(PATIENCE).unwrap()
    }

    pub(crate) fn opened(&self) -> Link {
        match self.next() {
            StreamEvent::Opened(link) => link,
            other => panic!("not opened but {other:?}"),
        }
    }

    pub(crate) fn data(&self) -> Received {
        match self.next() {
            StreamEvent::Data(_, received) => received,
            other => panic!("no data but {other:?}"),
        }
    }

    pub(crate) fn drained(&self) {
        match self.next() {
            StreamEvent::Drained(_) => {}
            other => panic!("not drained but {other:?}"),
        }
    }

    pub(crate) fn peer_done(&self) {
        match self.next() {
            StreamEvent::PeerDone(_) => {}
            other => panic!("not done but {other:?}"),
        }
    }

    pub(crate) fn closed(&self) -> End {
        match self.next() {
            StreamEvent::Closed(_, end) => end,
            other => panic!("not closed but {other:?}"),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.try_recv().is_err()
    }
}

impl Streaming {
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address.to_string()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    pub(crate) fn figures(&self) -> Figures {
        self.tallies.read()
    }

    /// Waits until the source's counters are as they should be.
    pub(crate) fn until(&self, what: &str, done: impl Fn(&Figures) -> bool) {
        wait_until(what, || done(&self.figures()));
    }

    /// Drains; every event and every connection must be accounted for.
    pub(crate) fn end(&self) -> Ledger {
        let ledger = self.running.drain(PATIENCE).unwrap();
        assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
        let figures = self.figures();
        assert_eq!(
            figures.accepted + figures.dialled,
            figures.closed,
            "{figures:?}"
        );
        assert_eq!(figures.undelivered, 0, "{figures:?}");
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

/// Reads to the end; tells whether that was a reset.
pub(crate) fn read_to_end(stream: &mut impl Read) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => (bytes, false),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => (bytes, true),
        Err(error) => panic!("{error}"),
    }
}

/// Numbers that look like chance and are the same for the same seed.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..len).map(|_| next()).collect()
}
