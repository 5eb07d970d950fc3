//! The end of a source of connections: what stages still send is written.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod streaming;

use std::io::Write;
use std::net::TcpStream;
use std::thread;

use seda_core::{Graph, Plan};
use seda_io::stream::{End, Limits, Listener, StreamEvent};
use streaming::{PATIENCE, attach, listen, listen_and_tell, noise, read_to_end, wait_until};

#[test]
fn a_drain_stops_accepting_and_reading_and_writes_what_is_sent_later() {
    let (streaming, heard) = listen_and_tell(Limits {
        high_mark_bytes: 16 << 20,
        ..Limits::default()
    });
    let mut client = streaming.connect();
    let link = heard.opened();
    client.write_all(b"question").unwrap();
    let question = heard.data();
    // More than fits in a socket, so that the drain waits until it is read.
    let sent = noise(1, 16 << 20);
    link.send(sent.clone()).unwrap();
    let running = streaming.running.clone();
    let drain = thread::spawn(move || running.drain(PATIENCE).unwrap());
    wait_until("the port is closed", || {
        TcpStream::connect(streaming.address.to_string()).is_err()
    });
    drop(question);
    assert!(!drain.is_finished());
    // Nobody reads this any more.
    client.write_all(&noise(3, 10_000)).unwrap();
    let (bytes, reset) = read_to_end(&mut client);
    assert!(bytes == sent && !reset, "{} bytes", bytes.len());
    let ledger = drain.join().unwrap();
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    let account = ledger.stage("events").unwrap();
    assert_eq!(account.handled, account.accepted);
    assert_eq!(streaming.figures().bytes_received, 8, "the question only");
    assert_eq!(streaming.figures().bytes_lost, 0);
    streaming.end();
}

/// Linux resets a connection that is closed with bytes unread, and throws away
/// what it has not sent yet.
#[test]
fn bytes_that_nobody_has_read_do_not_cut_off_the_last_ones_that_were_sent() {
    let (streaming, heard) = listen_and_tell(Limits {
        high_mark_bytes: 256 << 10,
        ..Limits::default()
    });
    let mut client = streaming.connect();
    let link = heard.opened();
    client.write_all(b"question").unwrap();
    let held = heard.data();
    client.write_all(&noise(4, 10_000)).unwrap();
    let sent = noise(5, 256 << 10);
    link.send(sent.clone()).unwrap();
    streaming.until("the socket has taken it", |figures| {
        figures.bytes_sent == 256 << 10
    });
    streaming.end();
    drop(held);
    let (bytes, reset) = read_to_end(&mut client);
    assert!(bytes == sent && !reset, "{} bytes", bytes.len());
}

/// Each link is used by a second stage, in threads of its own: what it sends
/// comes when the first stage is long empty.
#[test]
fn what_a_later_stage_sends_during_a_drain_is_written() {
    for round in 0..50 {
        let streaming = listen(Limits::default(), |graph: &mut Graph| {
            let answer = graph.stage("answer").blocking(1..=2);
            let answer = answer.each(|(link, bytes): (seda_io::stream::Link, Vec<u8>)| {
                link.send(bytes)?;
                link.finish();
                Ok(())
            });
            graph.stage("events").each_with(|wire| {
                let answer = wire.to(&answer);
                move |event: StreamEvent| {
                    if let StreamEvent::Data(link, received) = event {
                        answer.enqueue((link, received.into_vec()))?;
                    }
                    Ok(())
                }
            })
        });
        let mut client = streaming.connect();
        client.write_all(b"in flight").unwrap();
        streaming.until("it was read", |figures| figures.bytes_received == 9);
        let ledger = streaming.end();
        assert_eq!(ledger.stage("answer").unwrap().handled, 1);
        let answer = read_to_end(&mut client);
        assert_eq!(answer, (b"in flight".to_vec(), false), "round {round}");
    }
}

#[test]
fn a_drain_delivers_events_that_were_refused_before() {
    let (open, opened) = std::sync::mpsc::channel::<()>();
    let opened = parking_lot::Mutex::new(opened);
    let streaming = listen(Limits::default(), |graph: &mut Graph| {
        let stage = graph.stage("events").queue(1).blocking(1..=1);
        let opened = std::sync::Arc::new(opened);
        stage.each(move |_: StreamEvent| {
            // Closed by the test, once for all.
            let _ = opened.lock().recv();
            Ok(())
        })
    });
    let clients: Vec<_> = (0..8).map(|_| streaming.connect()).collect();
    streaming.until("most are refused", |figures| {
        figures.accepted == 8 && figures.postponed > 0
    });
    streaming.running.begin_drain();
    drop(open);
    let ledger = streaming.end();
    assert_eq!(ledger.stage("events").unwrap().handled, 8);
    drop(clients);
}

#[test]
fn a_stop_lets_go_of_everything() {
    let (streaming, heard) = listen_and_tell(Limits::default());
    let mut client = streaming.connect();
    let link = heard.opened();
    client.write_all(b"unread").unwrap();
    assert!(streaming.running.stop().balances());
    let (bytes, _) = read_to_end(&mut client);
    assert!(bytes.is_empty());
    assert!(link.send(*b"late").is_err());
    streaming.until("it was let go", |figures| figures.closed == 1);
}

#[test]
fn a_quarantined_stage_does_not_hold_up_a_drain() {
    let streaming = listen(Limits::default(), |graph: &mut Graph| {
        let intensity = seda_core::Intensity {
            count: 1,
            window: PATIENCE,
        };
        let stage = graph.stage("events").restarts(intensity);
        stage.each(|_: StreamEvent| panic!("on purpose"))
    });
    let clients: Vec<_> = (0..8).map(|_| streaming.connect()).collect();
    wait_until("the stage takes no more", || {
        for mut client in &clients {
            client.write_all(b"x").unwrap();
        }
        let figures = streaming.figures();
        figures.postponed > 0 && figures.accepted == 8
    });
    let ledger = streaming.running.drain(PATIENCE).unwrap();
    assert!(ledger.balances(), "{ledger}");
    let account = ledger.stage("events").unwrap();
    assert!(account.rejected.closed > 0, "{ledger}");
    let figures = streaming.figures();
    assert!(figures.undelivered > 0, "{figures:?}");
    assert_eq!((figures.accepted, figures.closed), (8, 8));
    drop(clients);
}

#[test]
fn a_graph_without_a_reactor_says_what_is_missing() {
    let mut graph = Graph::new("bare");
    let events = streaming::echo(&mut graph);
    let listener = Listener::tcp("127.0.0.1:0", Limits::default()).unwrap();
    listener.attach(&mut graph, "tcp", &events);
    let error = graph.start(Plan::default()).unwrap_err();
    assert!(error.to_string().contains("Reactor::install"), "{error}");
}

#[test]
fn a_port_in_use_is_an_error_and_a_stopped_one_is_free() {
    let first = Listener::tcp("127.0.0.1:0", Limits::default()).unwrap();
    let address = first.local_address().to_string();
    let second = Listener::tcp(&*address, Limits::default());
    assert_eq!(second.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    let streaming = attach(Plan::default(), first, streaming::echo);
    streaming.end();
    wait_until("the port is free", || {
        Listener::tcp(&*address, Limits::default()).is_ok()
    });
    assert_eq!(End::Finished.to_string(), "both sides have finished");
}
