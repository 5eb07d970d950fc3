//! Streams under TLS: both sides, who is not who it should be, garbage, and ends cut short.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod certified;
mod streaming;

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use certified::{client, file, peer, server};
use seda_core::{Graph, Plan, Running};
use seda_io::Reactor;
use seda_io::net::{Address, Names};
use seda_io::stream::{Connector, Dialler, End, Limits, Link, Listener, StreamEvent, Unsendable};
use seda_io::tls::{TlsClient, TlsServer};
use streaming::{Heard, PATIENCE, Streaming, attach, echo, noise, tell};

fn listener(tls: TlsServer, limits: Limits) -> Listener {
    Listener::tcp("127.0.0.1:0", limits).unwrap().with_tls(tls)
}

/// A server of which the test hears everything.
fn heard_by(tls: TlsServer, limits: Limits) -> (Streaming, Heard) {
    let mut heard = None;
    let streaming = attach(Plan::default().workers(1), listener(tls, limits), |graph| {
        let (stage, told) = tell(graph);
        heard = Some(told);
        stage
    });
    (streaming, heard.unwrap())
}

fn echoing(tls: TlsServer) -> Streaming {
    attach(
        Plan::default().workers(1),
        listener(tls, Limits::default()),
        echo,
    )
}

/// A graph that connects under TLS, to hosts of any name on this machine.
struct Dialling {
    running: Running,
    connector: Connector,
    heard: Heard,
}

impl Dialling {
    fn new(tls: TlsClient) -> Self {
        let mut graph = Graph::new("test");
        Reactor::install(&mut graph);
        let names = Names::attach_fn(&mut graph, "names", |_| {
            Ok(vec![Ipv4Addr::LOCALHOST.into()])
        });
        let (events, heard) = tell(&mut graph);
        let dialler = Dialler::new(Limits::default())
            .with_tls(tls)
            .with_names(&names);
        let connector = dialler.attach(&mut graph, "peers", &events);
        let running = graph.start(Plan::default().workers(1)).unwrap();
        Self {
            running,
            connector,
            heard,
        }
    }

    fn end(&self) {
        let ledger = self.running.drain(PATIENCE).unwrap();
        assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
        let figures = self.connector.tallies().read();
        assert_eq!(figures.dialled, figures.closed, "{figures:?}");
    }
}

/// Sends by a link that may have ended already, if its handshake has failed by now.
fn send_if_there(link: &Link, bytes: &[u8]) {
    if let Err(unsent) = link.send(bytes) {
        assert_eq!(unsent.reason, Unsendable::Ended);
    }
}

/// Gives the address of a server by a name.
fn named(name: &str, address: &Address) -> Address {
    let Address::Ip(address) = address else {
        panic!("{address} is no port");
    };
    Address::Name(name.into(), address.port())
}

#[test]
fn bytes_go_both_ways_and_each_side_ends_for_itself() {
    let protocols = ["other", "echo"];
    let streaming = echoing(server("server").with_protocols(&["echo"]).unwrap());
    let dialling = Dialling::new(client("authority.pem").with_protocols(&protocols).unwrap());
    let address = named("localhost", &streaming.address);
    let link = dialling.connector.connect(&address, PATIENCE).unwrap();
    let sent = noise(7, 250_000);
    // Before it has come about, and in several records.
    link.send(sent.clone()).unwrap();
    link.finish();
    assert_eq!(dialling.heard.opened().protocol().as_deref(), Some("echo"));
    let mut received = Vec::new();
    loop {
        match dialling.heard.next() {
            StreamEvent::Data(_, bytes) => received.extend_from_slice(&bytes),
            StreamEvent::PeerDone(_) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(received == sent, "{} bytes", received.len());
    assert_eq!(dialling.heard.closed(), End::Finished);
    dialling.end();
    streaming.end();
}

#[test]
fn who_is_not_who_it_should_be_is_not_spoken_to() {
    let trusting = || client("authority.pem");
    let rows = [
        ("another name", server("server"), trusting(), "other.test"),
        ("expired", server("expired"), trusting(), "localhost"),
        (
            "an unknown authority",
            server("server"),
            client("client.pem"),
            "localhost",
        ),
        (
            "not for servers",
            server("client"),
            trusting(),
            "client.test",
        ),
    ];
    for (what, server, client, name) in rows {
        let (streaming, _) = heard_by(server, Limits::default());
        let dialling = Dialling::new(client);
        let address = named(name, &streaming.address);
        let link = dialling.connector.connect(&address, PATIENCE).unwrap();
        send_if_there(&link, b"a secret");
        let end = dialling.heard.closed();
        assert_eq!(end, End::Unconnected(ErrorKind::InvalidData), "{what}");
        streaming.until("the server knows", |it| it.closed == 1);
        assert_eq!(streaming.figures().bytes_received, 0, "{what}");
        dialling.end();
        streaming.end();
    }
}

#[test]
fn a_server_hears_nothing_of_a_client_without_the_certificate_that_it_wants() {
    let tls = server("server")
        .with_client_roots(file("authority.pem"))
        .unwrap();
    let (streaming, heard) = heard_by(tls, Limits::default());
    let known = client("authority.pem").with_identity(file("client.pem"), file("client.key"));
    let known = Dialling::new(known.unwrap());
    let address = named("localhost", &streaming.address);
    let link = known.connector.connect(&address, PATIENCE).unwrap();
    link.send(*b"it is me").unwrap();
    heard.opened();
    assert_eq!(&heard.data()[..], b"it is me");
    link.abort();
    assert!(matches!(heard.closed(), End::Broken(_)));
    let unknown = Dialling::new(client("authority.pem"));
    let link = unknown.connector.connect(&address, PATIENCE).unwrap();
    send_if_there(&link, b"let me in");
    assert_eq!(heard.closed(), End::Unconnected(ErrorKind::InvalidData));
    assert!(heard.is_empty(), "it was never opened");
    known.end();
    unknown.end();
    streaming.end();
}

#[test]
fn what_is_no_tls_ends_the_connection_and_nothing_else() {
    let (streaming, heard) = heard_by(server("server"), Limits::default());
    let garbage: [&[u8]; 3] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &[0; 100],
        b"\x16\x03\x01\xff\xff",
    ];
    for bytes in garbage {
        let mut socket = streaming.connect();
        socket.write_all(bytes).unwrap();
        assert_eq!(heard.closed(), End::Unconnected(ErrorKind::InvalidData));
    }
    let mut cut = streaming.connect();
    cut.write_all(b"\x16\x03\x01\x00\x05\x01").unwrap();
    cut.shutdown(Shutdown::Write).unwrap();
    assert_eq!(heard.closed(), End::Unconnected(ErrorKind::UnexpectedEof));
    assert_eq!(streaming.figures().unconnected, 4);
    let mut good = peer(&streaming.address.to_string(), usize::MAX);
    good.write_all(b"hello").unwrap();
    heard.opened();
    assert_eq!(&heard.data()[..], b"hello");
    drop(good);
    heard.closed();
    streaming.end();
}

#[test]
fn a_server_that_speaks_no_tls_is_not_connected_to() {
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let dialling = Dialling::new(client("authority.pem"));
    let address = Address::Ip(plain.local_addr().unwrap());
    let _link = dialling.connector.connect(&address, PATIENCE).unwrap();
    let mut socket = plain.accept().unwrap().0;
    socket.write_all(b"220 hello, who is there?\r\n").unwrap();
    assert_eq!(
        dialling.heard.closed(),
        End::Unconnected(ErrorKind::InvalidData)
    );
    dialling.end();
}

#[test]
fn a_handshake_takes_its_time_and_no_longer() {
    let mut limits = Limits::default();
    limits.timeouts.handshake = Duration::from_millis(20);
    let (streaming, heard) = heard_by(server("server"), limits);
    let silent = streaming.connect();
    assert_eq!(heard.closed(), End::Unconnected(ErrorKind::TimedOut));
    drop(silent);
    streaming.end();
}

#[test]
fn a_drain_waits_for_no_handshake() {
    let (streaming, heard) = heard_by(server("server"), Limits::default());
    let silent: Vec<TcpStream> = (0..3).map(|_| streaming.connect()).collect();
    streaming.until("they are in", |it| it.accepted == 3);
    streaming.end();
    assert!(heard.is_empty());
    drop(silent);
}

#[test]
fn an_end_that_somebody_has_cut_short_is_told_from_a_farewell() {
    let (streaming, heard) = heard_by(server("server"), Limits::default());
    for says_farewell in [true, false] {
        let mut peer = peer(&streaming.address.to_string(), usize::MAX);
        peer.write_all(b"all of it?").unwrap();
        if says_farewell {
            peer.conn.send_close_notify();
            peer.conn.complete_io(&mut peer.sock).unwrap();
        }
        peer.sock.socket.shutdown(Shutdown::Write).unwrap();
        let link = heard.opened();
        assert_eq!(&heard.data()[..], b"all of it?");
        if says_farewell {
            heard.peer_done();
            // The other direction lasts.
            link.send(*b"yes").unwrap();
            link.finish();
            let mut answer = Vec::new();
            peer.read_to_end(&mut answer).unwrap();
            assert_eq!(answer, b"yes");
            assert_eq!(heard.closed(), End::Finished);
        } else {
            assert_eq!(heard.closed(), End::Broken(ErrorKind::UnexpectedEof));
        }
    }
    streaming.end();
}

#[test]
fn records_may_come_in_pieces_of_any_size() {
    let streaming = echoing(server("server"));
    for most in [1, 5, 6, 100, usize::MAX] {
        let mut peer = peer(&streaming.address.to_string(), most);
        let sent = noise(most as u64, 3_000);
        // Records of different lengths, some of them empty of meaning.
        for piece in [&sent[..1], &sent[1..1_000], &[], &sent[1_000..]] {
            peer.write_all(piece).unwrap();
            peer.flush().unwrap();
        }
        peer.conn.send_close_notify();
        while peer.conn.wants_write() {
            peer.conn.write_tls(&mut peer.sock).unwrap();
        }
        let mut received = Vec::new();
        peer.read_to_end(&mut received).unwrap();
        assert!(received == sent, "{most} bytes at once");
    }
    streaming.end();
}

#[test]
fn a_farewell_waits_for_a_slow_reader() {
    let (streaming, heard) = heard_by(
        server("server"),
        Limits {
            high_mark_bytes: 20_000_000,
            ..Limits::default()
        },
    );
    let mut peer = peer(&streaming.address.to_string(), usize::MAX);
    peer.flush().unwrap();
    let link = heard.opened();
    let sent = noise(3, 15_000_000);
    link.send(sent.clone()).unwrap();
    link.finish();
    streaming.until("the socket is full", |it| it.bytes_sent > 0);
    let mut received = Vec::new();
    // A missing farewell would be an error.
    peer.read_to_end(&mut received).unwrap();
    assert!(received == sent);
    peer.conn.send_close_notify();
    peer.flush().unwrap();
    assert_eq!(
        peer.conn.complete_io(&mut peer.sock).unwrap_or_default().0,
        0
    );
    drop(peer);
    heard.peer_done();
    assert_eq!(heard.closed(), End::Finished);
    streaming.end();
}
