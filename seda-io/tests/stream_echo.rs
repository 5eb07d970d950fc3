//! Bytes through a graph and back, over real sockets, in order and whole.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod streaming;

use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use parking_lot::Mutex;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use seda_core::{Graph, Plan, Stage};
use seda_io::stream::{Limits, Listener, StreamEvent};
use streaming::{
    PATIENCE, Streaming, attach, echo, listen, listen_by, noise, read_to_end, tell, wait_until,
};

const CLIENTS: u64 = 16;
const BYTES: usize = 1 << 20;

/// Sends and reads at the same time, then ends this side; all must come back.
fn converse(stream: TcpStream, seed: u64) {
    let sent = noise(seed, BYTES);
    let mut writing = stream.try_clone().unwrap();
    let bytes = sent.clone();
    let writer = thread::spawn(move || {
        for piece in bytes.chunks(1 + usize::try_from(seed * 997).unwrap()) {
            writing.write_all(piece).unwrap();
        }
        writing.shutdown(Shutdown::Write).unwrap();
    });
    let (back, reset) = read_to_end(&mut { stream });
    writer.join().unwrap();
    assert!(!reset && back == sent, "seed {seed}: {} bytes", back.len());
}

fn converse_with(streaming: &Streaming) {
    thread::scope(|scope| {
        for seed in 1..=CLIENTS {
            scope.spawn(move || converse(streaming.connect(), seed));
        }
    });
}

#[test]
fn what_many_peers_send_comes_back_whole() {
    let streaming = listen(Limits::default(), echo);
    converse_with(&streaming);
    streaming.until("all have ended", |figures| figures.closed == CLIENTS);
    let ledger = streaming.end();
    assert_eq!(ledger.stage("events").unwrap().failed, 0);
    let figures = streaming.figures();
    let all = CLIENTS * BYTES as u64;
    assert_eq!((figures.bytes_received, figures.bytes_sent), (all, all));
    assert_eq!((figures.clogged, figures.bytes_lost), (0, 0));
}

#[test]
fn several_workers_and_a_tiny_queue_keep_every_byte_in_order() {
    let tiny = |graph: &mut Graph| -> Stage<StreamEvent> {
        let stage = graph.stage("events").queue(2);
        stage.each(|event: StreamEvent| {
            match event {
                StreamEvent::Data(link, received) => link.send(received)?,
                StreamEvent::PeerDone(link) => link.finish(),
                _ => {}
            }
            Ok(())
        })
    };
    let streaming = listen_by(Plan::default().workers(3), Limits::default(), tiny);
    converse_with(&streaming);
    let ledger = streaming.end();
    assert_eq!(ledger.stage("events").unwrap().failed, 0);
}

#[test]
fn a_stage_in_threads_of_its_own_keeps_every_byte_in_order() {
    let blocking = |graph: &mut Graph| -> Stage<StreamEvent> {
        let stage = graph.stage("events").queue(4).blocking(1..=4);
        stage.each(|event: StreamEvent| {
            match event {
                StreamEvent::Data(link, received) => link.send(received)?,
                StreamEvent::PeerDone(link) => link.finish(),
                _ => {}
            }
            Ok(())
        })
    };
    let streaming = listen_by(Plan::default().workers(2), Limits::default(), blocking);
    converse_with(&streaming);
    streaming.until("all have ended", |figures| figures.closed == CLIENTS);
    let ledger = streaming.end();
    assert_eq!(ledger.stage("events").unwrap().failed, 0);
    assert_eq!(streaming.figures().clogged, 0);
}

/// Two threads handle the stage; one is kept busy with the bytes, and the other
/// must leave the end behind them alone.
#[test]
fn the_end_of_a_stream_is_not_handled_while_its_bytes_are() {
    let (open, opened) = channel::<()>();
    let (tell, told) = channel();
    let opened = Arc::new(Mutex::new(opened));
    let streaming = listen(Limits::default(), |graph| {
        let stage = graph.stage("events").blocking(2..=2);
        stage.each(move |event: StreamEvent| {
            let name = match event {
                StreamEvent::Data(_, received) => {
                    drop(received);
                    let _ = opened.lock().recv();
                    "data"
                }
                StreamEvent::PeerDone(_) => "end",
                _ => "other",
            };
            Ok(tell.send(name)?)
        })
    });
    let mut client = streaming.connect();
    client.write_all(b"bytes").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    wait_until("the end is in the queue", || {
        let ledger = streaming.running.ledger();
        ledger.stage("events").unwrap().accepted == 3
    });
    // What comes later is handled, so a thread was free for the end.
    let _later = streaming.connect();
    for _ in ["first", "later"] {
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "other");
    }
    assert!(told.try_recv().is_err());
    drop(open);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "data");
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "end");
    streaming.end();
}

#[test]
fn a_unix_socket_is_a_stream_as_well_and_leaves_no_path() {
    let path = std::env::temp_dir().join(format!("seda-echo-{}", std::process::id()));
    let listener = Listener::unix(&path, Limits::default()).unwrap();
    let streaming = attach(Plan::default().workers(2), listener, echo);
    let sent = noise(7, BYTES);
    let mut stream = UnixStream::connect(&path).unwrap();
    let mut writing = stream.try_clone().unwrap();
    let bytes = sent.clone();
    let writer = thread::spawn(move || {
        writing.write_all(&bytes).unwrap();
        writing.shutdown(Shutdown::Write).unwrap();
    });
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    writer.join().unwrap();
    assert!(back == sent, "{} bytes", back.len());
    streaming.end();
    assert!(!path.exists());
}

/// A read ends at bytes that come with descriptors, although there are more.
#[test]
fn bytes_that_come_with_descriptors_do_not_hide_those_behind_them() {
    let path = std::env::temp_dir().join(format!("seda-rights-{}", std::process::id()));
    let listener = Listener::unix(&path, Limits::default()).unwrap();
    let stream = UnixStream::connect(&path).unwrap();
    for byte in b"abcdefgh" {
        let own = [stream.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut rights = SendAncillaryBuffer::new(&mut space);
        assert!(rights.push(SendAncillaryMessage::ScmRights(&own)));
        let bytes = [IoSlice::new(std::slice::from_ref(byte))];
        sendmsg(&stream, &bytes, &mut rights, SendFlags::empty()).unwrap();
    }
    let mut heard = None;
    // Nothing is sent back: the room that a write finds tells of bytes to read, too.
    let streaming = attach(Plan::default().workers(1), listener, |graph| {
        let (stage, told) = tell(graph);
        heard = Some(told);
        stage
    });
    let heard = heard.unwrap();
    heard.opened();
    let mut got = Vec::new();
    while got.len() < 8 {
        got.extend_from_slice(&heard.data());
    }
    assert_eq!(got, b"abcdefgh");
    streaming.end();
}

#[test]
fn a_path_that_a_dead_process_left_is_taken_over_and_a_live_one_is_not() {
    let path = std::env::temp_dir().join(format!("seda-path-{}", std::process::id()));
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "as a dead process leaves it");
    let first = Listener::unix(&path, Limits::default()).unwrap();
    let second = Listener::unix(&path, Limits::default());
    assert_eq!(second.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    drop(first);
    assert!(!path.exists());
}
