//! Peers that are too slow, or do not speak HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::time::Duration;

use seda_io::http::{Exchange, Limits, Response, StatusCode, Timeouts};
use serving::{echo, serve};

/// Short enough for a test to wait for, long enough for it to speak first.
const SHORT: Duration = Duration::from_millis(200);

/// Limits with one timeout that a test can wait for.
fn hasty(shorten: impl FnOnce(&mut Timeouts)) -> Limits {
    let mut limits = Limits::default();
    shorten(&mut limits.timeouts);
    limits
}

#[test]
fn a_slow_head_is_answered_408() {
    let serving = serve(hasty(|timeouts| timeouts.head = SHORT), echo);
    let mut client = serving.connect();
    client.send("GET / HT");
    assert_eq!(client.answer().status, 408);
    assert!(client.has_ended());
    serving.end();
    assert_eq!(serving.figures().timed_out, 1);
}

#[test]
fn a_slow_body_is_answered_408() {
    let serving = serve(hasty(|timeouts| timeouts.body = SHORT), echo);
    let mut client = serving.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
    assert_eq!(client.answer().status, 408);
    assert!(client.has_ended());
    serving.end();
}

#[test]
fn who_says_nothing_is_let_go() {
    let serving = serve(hasty(|timeouts| timeouts.head = SHORT), echo);
    assert!(serving.connect().has_ended());
    serving.end();
}

#[test]
fn who_says_nothing_more_is_let_go() {
    let serving = serve(hasty(|timeouts| timeouts.idle = SHORT), echo);
    let mut idle = serving.connect();
    idle.post("");
    assert_eq!(idle.answer().status, 200);
    assert!(idle.has_ended());
    serving.end();
    assert_eq!(
        serving.figures().timed_out,
        0,
        "an idle peer is not a slow one"
    );
}

#[test]
fn who_does_not_read_its_answer_is_let_go() {
    let serving = serve(hasty(|timeouts| timeouts.write = SHORT), |graph| {
        graph.stage("requests").each(|exchange: Exchange| {
            exchange.respond(Response::new(StatusCode::OK).with_body(vec![0; 64 << 20]));
            Ok(())
        })
    });
    let mut client = serving.connect();
    client.post("");
    serving.until("it has ended", |figures| figures.closed == 1);
    assert_eq!(serving.figures().timed_out, 1);
    serving.end();
}

#[test]
fn garbage_is_answered_400_and_the_connection_closed() {
    let serving = serve(Limits::default(), echo);
    let mut client = serving.connect();
    client.send("\x16\x03\x01\x02\r\n\r\nmore of it");
    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.header("connection")),
        (400, Some("close"))
    );
    assert!(client.has_ended());
    drop(client);
    assert_eq!(serving.end().stage("requests").unwrap().offered, 0);
    assert_eq!(serving.figures().bad, 1);
}
