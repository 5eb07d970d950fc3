//! What all bodies hold that arrive together, and which of them makes room.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::time::Duration;

use seda_io::http::{Limits, Timeouts};
use serving::{Raw, Serving, echo, serve};

/// Bytes of a body that takes its time; more than a test sends of it.
const LENGTH: usize = 50_000_000;
/// Bytes of one that have come when it begins.
const BEGUN: usize = 10_000;
/// Bytes that are progress.
const PROGRESS: usize = 1_100;

/// Serves with room for two such bodies, of which none is given up before that time.
fn serve_patiently(body: Duration) -> Serving {
    let timeouts = Timeouts {
        body,
        ..Timeouts::default()
    };
    let limits = Limits {
        body_bytes_max: LENGTH,
        bodies_bytes_max: 2 * BEGUN,
        timeouts,
        ..Limits::default()
    };
    serve(limits, echo)
}

/// Sends a head, and the first of its body; the server holds it then.
fn begin(serving: &Serving, length: usize) -> Raw {
    let mut client = serving.connect();
    let body = "x".repeat(BEGUN);
    client.send(format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    // Who comes later is answered behind what was there before.
    answers(serving);
    client
}

/// Has a body answered that comes at once.
fn answers(serving: &Serving) {
    let mut client = serving.connect();
    client.post(&"x".repeat(100_000));
    assert_eq!(client.answer().status, 200);
}

#[test]
fn slow_bodies_make_room_the_oldest_first_and_who_is_fast_is_served() {
    let serving = serve_patiently(Duration::from_secs(1));
    let mut slow: Vec<Raw> = (0..4).map(|_| begin(&serving, LENGTH)).collect();
    let mut given_up = 0;
    while given_up < 2 {
        let count = usize::try_from(serving.figures().bodies_given_up).unwrap();
        for client in &mut slow[given_up..count] {
            let answer = client.answer();
            assert_eq!(answer.status, 503);
            assert!(answer.header("retry-after").is_some());
            assert_eq!(answer.header("connection"), Some("close"));
        }
        given_up = count;
        for client in &mut slow[given_up..] {
            client.send("x".repeat(PROGRESS));
        }
        answers(&serving);
    }
    let figures = serving.figures();
    assert_eq!((figures.timed_out, figures.bad), (0, 0));
    drop(slow);
    serving.end();
}

#[test]
fn bodies_that_are_not_slow_may_hold_more_for_a_while() {
    let serving = serve_patiently(Duration::from_mins(1));
    let mut bodies: Vec<Raw> = (0..20).map(|_| begin(&serving, 3 * BEGUN)).collect();
    for client in &mut bodies {
        client.send("x".repeat(2 * BEGUN));
        assert_eq!(client.answer().body.len(), 3 * BEGUN);
    }
    assert_eq!(serving.figures().bodies_given_up, 0);
    drop(bodies);
    serving.end();
}
