//! Pressure in both directions: slow peers, slow stages, and nothing lost.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod streaming;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::mpsc::{SyncSender, channel, sync_channel};
use std::thread;

use seda_core::Graph;
use seda_io::stream::{End, Limits, StreamEvent, Unsendable};
use streaming::{Heard, PATIENCE, echo, listen, listen_and_tell, noise, read_to_end};

const MANY: usize = 8 << 20;

fn small_marks() -> Limits {
    Limits {
        high_mark_bytes: 64 * 1024,
        low_mark_bytes: 16 * 1024,
        read_bytes_max: 16 * 1024,
        ..Limits::default()
    }
}

#[test]
fn a_send_beyond_the_high_mark_comes_back_and_drained_says_when_to_go_on() {
    let (streaming, heard) = listen_and_tell(small_marks());
    let mut client = streaming.connect();
    let link = heard.opened();
    let sent = noise(3, MANY);
    let reader = {
        let mut pieces = sent.chunks(10_000);
        // Nobody reads yet, so some piece must come back.
        let back = pieces
            .by_ref()
            .find_map(|piece| link.send(piece).err())
            .unwrap();
        assert_eq!(back.reason, Unsendable::Clogged);
        assert!(link.unsent() <= 64 * 1024);
        assert!(heard.is_empty(), "it cannot have drained");
        let reader = thread::spawn(move || read_to_end(&mut client));
        heard.drained();
        link.send(back.bytes).unwrap();
        for piece in pieces {
            let mut piece = piece.to_vec();
            while let Err(back) = link.send(piece) {
                assert_eq!(back.reason, Unsendable::Clogged);
                piece = back.bytes;
                heard.drained();
            }
        }
        link.finish();
        reader
    };
    let (bytes, reset) = reader.join().unwrap();
    assert!(bytes == sent && !reset, "{} bytes", bytes.len());
    heard.peer_done();
    assert_eq!(heard.closed(), End::Finished);
    assert!(streaming.figures().clogged > 0);
    streaming.end();
}

#[test]
fn more_than_the_high_mark_at_once_is_never_taken() {
    let (streaming, heard) = listen_and_tell(small_marks());
    let _client = streaming.connect();
    let back = heard.opened().send(vec![0; 64 * 1024 + 1]).unwrap_err();
    assert_eq!(back.reason, Unsendable::TooMany);
    streaming.end();
}

#[test]
fn a_peer_that_sends_and_does_not_read_is_not_read_either() {
    let streaming = listen(small_marks(), echo);
    let mut client = streaming.connect();
    let mut writing = client.try_clone().unwrap();
    let sent = noise(4, MANY);
    let bytes = sent.clone();
    let writer = thread::spawn(move || {
        writing.write_all(&bytes).unwrap();
        writing.shutdown(Shutdown::Write).unwrap();
    });
    // Other peers have their turns meanwhile, and this one gets no further than
    // its buffers go.
    let mut other = streaming.connect();
    let mut last = 0;
    let stuck = (0..2_000).any(|_| {
        let before = last;
        for _ in 0..20 {
            other.write_all(b"tick").unwrap();
            other.read_exact(&mut [0; 4]).unwrap();
        }
        last = streaming.figures().bytes_received;
        last == before + 80
    });
    assert!(stuck && last < MANY as u64, "{last} bytes were read");
    let (back, _) = read_to_end(&mut client);
    writer.join().unwrap();
    assert!(back == sent, "{} bytes", back.len());
    drop(other);
    let ledger = streaming.end();
    assert_eq!(ledger.stage("events").unwrap().failed, 0);
    assert_eq!(streaming.figures().clogged, 0, "no send ever came back");
}

#[test]
fn a_connection_is_not_read_while_its_bytes_are_in_the_graph() {
    let (streaming, heard) = listen_and_tell(Limits::default());
    let (mut held, mut clock) = (streaming.connect(), streaming.connect());
    let number = heard.opened().number();
    heard.opened();
    held.write_all(b"one").unwrap();
    let StreamEvent::Data(link, first) = heard.next() else {
        panic!("no data");
    };
    held.write_all(b"two").unwrap();
    for _ in 0..100 {
        clock.write_all(b"tick").unwrap();
        match heard.next() {
            StreamEvent::Data(of, _) => assert_ne!(of.number(), link.number(), "{number}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(&*first, b"one");
    drop(first);
    assert_eq!(&*heard.data(), b"two");
    streaming.end();
}

/// Adds a stage that takes an event when the test says so.
fn gated(graph: &mut Graph) -> (seda_core::Stage<StreamEvent>, SyncSender<()>, Heard) {
    let (open, opened) = sync_channel(1 << 20);
    let (tell, told) = channel();
    let opened = std::sync::Arc::new(parking_lot::Mutex::new(opened));
    let stage = graph.stage("events").queue(2).blocking(1..=1);
    let stage = stage.each(move |event: StreamEvent| {
        opened.lock().recv()?;
        Ok(tell.send(event)?)
    });
    (stage, open, Heard(told))
}

#[test]
fn refused_events_stop_the_reading_and_none_is_lost() {
    let mut parts = None;
    let limits = small_marks();
    let read_max = limits.read_bytes_max;
    let streaming = listen(limits, |graph| {
        let (stage, open, heard) = gated(graph);
        parts = Some((open, heard));
        stage
    });
    let (open, heard) = parts.unwrap();
    let sent: Vec<Vec<u8>> = (1..=16).map(|seed| noise(seed, 100_000)).collect();
    let writers: Vec<_> = sent
        .iter()
        .map(|bytes| {
            let (mut client, bytes) = (streaming.connect(), bytes.clone());
            thread::spawn(move || {
                let name = client.local_addr().unwrap().to_string();
                client.write_all(&bytes).unwrap();
                client.shutdown(Shutdown::Write).unwrap();
                read_to_end(&mut client);
                name
            })
        })
        .collect();
    streaming.until("the stage has refused", |figures| figures.postponed > 20);
    let read = streaming.figures().bytes_received;
    // One event in hand, two in the queue, one refused; and 16 peers that wait.
    assert!(read <= 4 * read_max as u64, "{read} bytes at a closed gate");
    // 1,000 events are more than there are; the gate never closes again.
    (0..1_000).for_each(|_| open.send(()).unwrap());
    let (mut got, mut open_ones) = (HashMap::<String, Vec<u8>>::new(), 16);
    while open_ones > 0 {
        match heard.next() {
            StreamEvent::Opened(link) => {
                let earlier = got.insert(link.peer().to_string(), Vec::new());
                assert!(earlier.is_none());
            }
            StreamEvent::Data(link, received) => {
                let bytes = got.get_mut(&link.peer().to_string()).unwrap();
                bytes.extend_from_slice(&received);
            }
            StreamEvent::PeerDone(link) => link.finish(),
            StreamEvent::Closed(_, end) => {
                assert_eq!(end, End::Finished);
                open_ones -= 1;
            }
            StreamEvent::Drained(_) => panic!("nothing was sent"),
        }
    }
    for (writer, bytes) in writers.into_iter().zip(&sent) {
        let name = writer.join().unwrap();
        assert!(&got[&name] == bytes, "{name}: {} bytes", got[&name].len());
    }
    let ledger = streaming.end();
    let account = ledger.stage("events").unwrap();
    let postponed = streaming.figures().postponed;
    assert_eq!(account.rejected.full, postponed);
    assert_eq!(account.offered, account.accepted + postponed);
}

#[test]
fn the_limit_on_connections_holds_and_opens_again() {
    let limits = Limits {
        connections_max: 8,
        ..Limits::default()
    };
    let (streaming, heard) = listen_and_tell(limits);
    let mut clients: Vec<_> = (0..10).map(|_| streaming.connect()).collect();
    let links: Vec<_> = (0..8).map(|_| heard.opened()).collect();
    streaming.until("it is full", |figures| figures.pauses > 0);
    assert_eq!(streaming.figures().accepted, 8);
    links[0].abort();
    assert_eq!(heard.closed(), End::Aborted);
    let ninth = heard.opened();
    streaming.until("it is full again", |figures| figures.pauses > 1);
    assert_eq!(streaming.figures().accepted, 9);
    ninth.abort();
    assert_eq!(heard.closed(), End::Aborted);
    heard.opened();
    clients.clear();
    streaming.end();
}

#[test]
fn many_who_send_without_end_are_all_read() {
    const CLIENTS: usize = 40;
    // Two reads are all that there is in a turn, if its bound is kept.
    let limits = Limits {
        read_bytes_max: 512 * 1024,
        ..Limits::default()
    };
    let (tell, told) = channel();
    let mut served: HashMap<u64, usize> = HashMap::new();
    let streaming = listen(limits, |graph| {
        graph.stage("events").each(move |event: StreamEvent| {
            if let StreamEvent::Data(link, received) = event {
                let bytes = served.entry(link.number()).or_default();
                let before = *bytes;
                *bytes += received.len();
                if before < MANY / 8 && *bytes >= MANY / 8 {
                    tell.send(())?;
                }
            }
            Ok(())
        })
    });
    let clients: Vec<_> = (0..CLIENTS).map(|_| streaming.connect()).collect();
    let stops: Vec<_> = clients.iter().map(|it| it.try_clone().unwrap()).collect();
    let senders = clients.into_iter().map(|mut client| {
        // Until it is stopped.
        thread::spawn(move || while client.write_all(&[7; 16 * 1024]).is_ok() {})
    });
    let senders: Vec<_> = senders.collect();
    let told = (0..CLIENTS).all(|_| told.recv_timeout(PATIENCE).is_ok());
    for stop in stops {
        let _ = stop.shutdown(Shutdown::Both);
    }
    for sender in senders {
        sender.join().unwrap();
    }
    assert!(told, "every client has been read");
    streaming.end();
}
