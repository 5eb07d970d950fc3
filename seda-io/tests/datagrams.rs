//! Datagrams as events: answered, refused, kept or dropped, and counted.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use seda_core::{Graph, Ledger, Plan, Running, Stage};
use seda_io::Reactor;
use seda_io::datagram::{Datagram, Datagrams, Figures, Limits, Tallies};
use seda_io::net::Address;

const PATIENCE: Duration = Duration::from_secs(10);

struct Serving {
    running: Running,
    address: Address,
    tallies: Tallies,
}

fn serve(
    workers: usize,
    socket: Datagrams,
    build: impl FnOnce(&mut Graph) -> Stage<Datagram>,
) -> Serving {
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let events = build(&mut graph);
    let address = socket.local_address().clone();
    let tallies = socket.attach(&mut graph, "datagrams", &events);
    let running = graph.start(Plan::default().workers(workers)).unwrap();
    Serving {
        running,
        address,
        tallies,
    }
}

fn udp() -> Datagrams {
    Datagrams::udp("127.0.0.1:0", Limits::default()).unwrap()
}

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("seda-{name}-{}", std::process::id()))
}

fn echo(graph: &mut Graph) -> Stage<Datagram> {
    let stage = graph.stage("events");
    stage.each(|datagram: Datagram| Ok(datagram.post.send(&datagram.from, &datagram.bytes)?))
}

/// Adds a stage with a queue of 4 that waits until `open` is dropped, and tells
/// what it has taken.
fn gated(graph: &mut Graph, open: Receiver<()>) -> (Stage<Datagram>, Receiver<Vec<u8>>) {
    let (tell, told) = channel();
    let open = Arc::new(Mutex::new(open));
    let stage = graph.stage("events").queue(4).blocking(1..=1);
    let stage = stage.each(move |datagram: Datagram| {
        let _ = open.lock().recv();
        Ok(tell.send(datagram.bytes)?)
    });
    (stage, told)
}

impl Serving {
    fn until(&self, what: &str, done: impl Fn(&Figures) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !done(&self.tallies.read()) {
            assert!(Instant::now() < until, "waited too long until {what}");
            std::thread::yield_now();
        }
    }

    /// Drains; every datagram must be accounted for.
    fn end(&self) -> (Ledger, Figures) {
        let ledger = self.running.drain(PATIENCE).unwrap();
        assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
        let figures = self.tallies.read();
        let accepted = ledger.stage("events").unwrap().accepted;
        assert_eq!(figures.received, accepted + figures.dropped, "{figures:?}");
        (ledger, figures)
    }
}

fn client() -> UdpSocket {
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

#[test]
fn every_sender_gets_its_own_answer_on_several_workers() {
    let serving = serve(3, udp(), echo);
    let to = serving.address.to_string();
    let clients: Vec<_> = (0..16).map(|_| client()).collect();
    for round in 0..20_u8 {
        for (client, number) in clients.iter().zip(0..) {
            client.send_to(&[round, number], &to).unwrap();
        }
        for (client, number) in clients.iter().zip(0..) {
            let mut bytes = [0; 8];
            let (count, from) = client.recv_from(&mut bytes).unwrap();
            assert_eq!(
                (&bytes[..count], from.to_string()),
                (&[round, number][..], to.clone())
            );
        }
    }
    let (_, figures) = serving.end();
    assert_eq!((figures.received, figures.sent), (320, 320));
}

#[test]
fn an_empty_datagram_is_one_and_a_long_one_is_dropped_and_counted() {
    let limits = Limits {
        bytes_max: 4,
        ..Limits::default()
    };
    let socket = Datagrams::udp("127.0.0.1:0", limits).unwrap();
    let serving = serve(1, socket, echo);
    let client = client();
    for bytes in ["", "12345", "1234"] {
        client
            .send_to(bytes.as_bytes(), serving.address.to_string())
            .unwrap();
    }
    let mut bytes = [0; 8];
    assert_eq!(client.recv(&mut bytes).unwrap(), 0);
    assert_eq!(client.recv(&mut bytes).unwrap(), 4);
    let (_, figures) = serving.end();
    assert_eq!((figures.received, figures.too_long), (2, 1));
}

#[test]
fn a_refused_udp_datagram_is_dropped_and_counted() {
    let (open, opened) = channel::<()>();
    let mut taken = None;
    let serving = serve(1, udp(), |graph| {
        let (stage, told) = gated(graph, opened);
        taken = Some(told);
        stage
    });
    let client = client();
    for n in 0..20_u8 {
        client.send_to(&[n], serving.address.to_string()).unwrap();
    }
    serving.until("all are read", |figures| figures.received == 20);
    serving.until("some are dropped", |figures| figures.dropped > 0);
    drop(open);
    let (ledger, figures) = serving.end();
    let taken: Vec<_> = taken.unwrap().try_iter().collect();
    assert!(taken.is_sorted(), "{taken:?}");
    assert_eq!(taken.len() as u64, 20 - figures.dropped);
    assert!(taken.len() >= 4, "a queue of 4 takes 4: {ledger}");
}

#[test]
fn a_refused_unix_datagram_is_kept_and_none_is_lost() {
    let (open, opened) = channel::<()>();
    let mut taken = None;
    let path = path("kept");
    let socket = Datagrams::unix(&path, Limits::default()).unwrap();
    let serving = serve(2, socket, |graph| {
        let (stage, told) = gated(graph, opened);
        taken = Some(told);
        stage
    });
    let client = UnixDatagram::unbound().unwrap();
    client.set_nonblocking(true).unwrap();
    let (mut sent, mut open) = (0_u16, Some(open));
    while sent < 1_000 {
        match client.send_to(&sent.to_be_bytes(), &path) {
            Ok(_) => sent += 1,
            // It waits for the stage: the pressure has come out here.
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                serving.until("it was refused", |figures| figures.postponed > 0);
                open.take();
            }
        }
    }
    assert!(open.is_none(), "1,000 fit in no socket");
    serving.until("all are read", |figures| figures.received == 1_000);
    let (_, figures) = serving.end();
    assert_eq!(figures.dropped, 0);
    let all: Vec<_> = (0..1_000_u16).map(|n| n.to_be_bytes().to_vec()).collect();
    assert!(taken.unwrap().try_iter().eq(all));
    assert!(!path.exists());
}

#[test]
fn a_send_that_cannot_be_says_why_and_how_many_went_before() {
    let socket = udp();
    let post = socket.post();
    let receiver = client();
    let to = Address::Ip(receiver.local_addr().unwrap());
    let nowhere = Address::Unix("/nowhere".into());
    let long = vec![0; 70_000];
    let some: [(&Address, &[u8]); 3] = [(&to, b"one"), (&to, b"two"), (&to, &long)];
    let partly = post.send_all(some).unwrap_err();
    assert_eq!(partly.sent, 2);
    let error = post.send(&nowhere, b"x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
    for sent in [b"one", b"two"] {
        let mut bytes = [0; 3];
        receiver.recv(&mut bytes).unwrap();
        assert_eq!(&bytes, sent);
    }
    let serving = serve(1, socket, echo);
    let (_, figures) = serving.end();
    assert_eq!((figures.sent, figures.unsent), (2, 2));
}

#[test]
fn a_port_in_use_is_an_error() {
    let first = udp();
    let second = Datagrams::udp(first.local_address().to_string(), Limits::default());
    assert_eq!(second.unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[test]
fn a_drain_delivers_what_was_read_before() {
    let (open, opened) = channel::<()>();
    let path = path("drained");
    let socket = Datagrams::unix(&path, Limits::default()).unwrap();
    let serving = serve(1, socket, |graph| gated(graph, opened).0);
    let client = UnixDatagram::unbound().unwrap();
    for n in 0..8_u8 {
        client.send_to(&[n], &path).unwrap();
    }
    serving.until("some are refused", |figures| figures.postponed > 0);
    serving.running.begin_drain();
    drop(open);
    let (_, figures) = serving.end();
    assert_eq!(figures.dropped, 0);
}
