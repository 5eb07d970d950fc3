//! Connections that stages ask for: made, refused, too late, and through a graph.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod streaming;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, bind, listen, socket};
use seda_core::{Graph, Plan, Running};
use seda_io::Reactor;
use seda_io::net::Address;
use seda_io::stream::{Connector, End, Limits, Link, Undialled};
use streaming::{Heard, PATIENCE, tell};

struct Dialling {
    running: Running,
    connector: Connector,
    heard: Heard,
}

fn dialling(limits: Limits) -> Dialling {
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let (events, heard) = tell(&mut graph);
    let connector = Connector::attach(&mut graph, "peers", limits, &events);
    let running = graph.start(Plan::default().workers(2)).unwrap();
    Dialling {
        running,
        connector,
        heard,
    }
}

impl Dialling {
    fn connect(&self, address: &Address) -> Link {
        self.connector.connect(address, PATIENCE).unwrap()
    }

    fn end(&self) {
        let ledger = self.running.drain(PATIENCE).unwrap();
        assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
        let figures = self.connector.tallies().read();
        assert_eq!(figures.dialled, figures.closed, "{figures:?}");
    }
}

#[test]
fn what_is_sent_before_the_connection_is_there_is_not_lost() {
    let dialling = dialling(Limits::default());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Ip(listener.local_addr().unwrap());
    let link = dialling.connect(&address);
    link.send(*b"early").unwrap();
    assert_eq!(dialling.heard.opened().number(), link.number());
    assert_eq!(*link.peer(), address);
    let (mut peer, _) = listener.accept().unwrap();
    let mut bytes = [0; 5];
    peer.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"early");
    peer.write_all(b"answer").unwrap();
    assert_eq!(&*dialling.heard.data(), b"answer");
    drop(peer);
    dialling.heard.peer_done();
    link.finish();
    assert_eq!(dialling.heard.closed(), End::Finished);
    dialling.end();
}

#[test]
fn a_unix_socket_can_be_dialled() {
    let path = std::env::temp_dir().join(format!("seda-dial-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let dialling = dialling(Limits::default());
    let link = dialling.connect(&Address::from(&*path));
    link.send(*b"hello").unwrap();
    link.close();
    let mut bytes = Vec::new();
    listener
        .accept()
        .unwrap()
        .0
        .read_to_end(&mut bytes)
        .unwrap();
    assert_eq!(bytes, b"hello");
    dialling.heard.opened();
    assert_eq!(dialling.heard.closed(), End::Closed);
    std::fs::remove_file(&path).unwrap();
    dialling.end();
}

#[test]
fn a_connection_that_cannot_be_says_why_and_gives_no_other_event() {
    let dialling = dialling(Limits::default());
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let rows = [
        (Address::Ip(nobody.unwrap()), ErrorKind::ConnectionRefused),
        // TCP connects to no group.
        (
            Address::Ip("224.0.0.1:9".parse().unwrap()),
            ErrorKind::NetworkUnreachable,
        ),
        (Address::Unix("/no/such/path".into()), ErrorKind::NotFound),
        (Address::Unnamed, ErrorKind::AddrNotAvailable),
    ];
    for (address, kind) in rows {
        let link = dialling.connect(&address);
        assert_eq!(dialling.heard.closed(), End::Unconnected(kind), "{address}");
        assert!(link.send(*b"late").is_err());
    }
    assert!(dialling.heard.is_empty());
    assert_eq!(dialling.connector.tallies().read().unconnected, 4);
    dialling.end();
}

#[test]
fn a_connection_that_takes_too_long_is_given_up() {
    // Nobody accepts here; when the backlog is full, Linux does not answer.
    let full = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(
        &full,
        &"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap(),
    )
    .unwrap();
    listen(&full, 0).unwrap();
    let listener = TcpListener::from(full);
    let address = Address::Ip(listener.local_addr().unwrap());
    let dialling = dialling(Limits::default());
    let first = dialling.connect(&address);
    assert_eq!(dialling.heard.opened().number(), first.number());
    let within = Duration::from_millis(20);
    let late = dialling.connector.connect(&address, within).unwrap();
    // Or not at all, when the 20 ms are over by now.
    let lost = late.send(*b"never").map_or(0, |()| 5);
    let end = dialling.heard.closed();
    assert_eq!(end, End::Unconnected(ErrorKind::TimedOut));
    let figures = dialling.connector.tallies().read();
    assert_eq!((figures.unconnected, figures.bytes_lost), (1, lost));
    dialling.end();
}

#[test]
fn the_limit_and_a_graph_that_does_not_run_are_told_at_once() {
    let dialling = dialling(Limits {
        connections_max: 1,
        ..Limits::default()
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Ip(listener.local_addr().unwrap());
    let first = dialling.connect(&address);
    let second = dialling.connector.connect(&address, PATIENCE);
    assert_eq!(second.unwrap_err(), Undialled::Full);
    dialling.heard.opened();
    first.abort();
    assert_eq!(dialling.heard.closed(), End::Aborted);
    streaming::wait_until("there is room again", || {
        dialling.connector.tallies().read().closed == 1
    });
    dialling.connect(&address).abort();
    dialling.end();
    streaming::wait_until("the workers have left", || {
        let late = dialling.connector.connect(&address, PATIENCE);
        late.is_err_and(|why| why == Undialled::NotRunning)
    });
}

#[test]
fn a_drain_waits_for_a_connection_on_its_way_and_for_what_was_sent_by_it() {
    for _ in 0..50 {
        let dialling = dialling(Limits::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Ip(listener.local_addr().unwrap());
        let link = dialling.connect(&address);
        link.send(*b"last words").unwrap();
        dialling.end();
        let mut bytes = Vec::new();
        listener
            .accept()
            .unwrap()
            .0
            .read_to_end(&mut bytes)
            .unwrap();
        assert_eq!(bytes, b"last words");
    }
}
