//! Peers that want much share the turns of a worker: each gets on, and none for ever.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::thread;

use seda_io::http::Limits;
use serving::{Raw, echo, serve};

/// More than are taken up in one turn.
const PEERS: usize = 150;
/// Bytes: more than one turn moves, and than a socket holds unread.
const LARGE: usize = 6 << 20;

fn limits() -> Limits {
    Limits {
        body_bytes_max: LARGE,
        ..Limits::default()
    }
}

fn say(client: &mut Raw, body: &str) {
    client.post(body);
    let answer = client.answer();
    assert_eq!((answer.status, answer.body.len()), (200, body.len()));
}

#[test]
fn many_bodies_and_answers_get_through_beside_each_other() {
    let serving = serve(limits(), echo);
    let body = "x".repeat(300_000);
    let mut clients: Vec<_> = (0..PEERS).map(|_| serving.connect()).collect();
    thread::scope(|scope| {
        for some in clients.chunks_mut(PEERS / 3) {
            scope.spawn(|| some.iter_mut().for_each(|client| client.post(&body)));
        }
    });
    for client in &mut clients {
        assert_eq!(client.answer().body.len(), body.len());
    }
    serving.end();
}

#[test]
fn a_peer_that_does_not_read_stops_nobody() {
    let serving = serve(limits(), echo);
    let large = "x".repeat(LARGE);
    let mut deaf: Vec<_> = (0..8).map(|_| serving.connect()).collect();
    for client in &mut deaf {
        client.post(&large);
    }
    let mut client = serving.connect();
    (0..100).for_each(|_| say(&mut client, "small"));
    say(&mut client, &large);
    for client in &mut deaf {
        assert_eq!(client.answer().body.len(), LARGE);
    }
    serving.end();
}
