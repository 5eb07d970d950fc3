//! More than the server takes: a full stage, too many connections.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::sync::mpsc;

use parking_lot::Mutex;
use seda_core::Meta;
use seda_core::{QueueView, Verdict};
use seda_io::http::{Exchange, Limits, Response, StatusCode};
use serving::{echo, serve, wait_until};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn a_full_stage_answers_503_and_the_connection_goes_on() {
    let (open, gate) = mpsc::channel::<()>();
    let (entered, enters) = mpsc::channel();
    let gate = Arc::new(Mutex::new(gate));
    let serving = serve(Limits::default(), |graph| {
        let stage = graph.stage("requests").queue(1).blocking(1..=1);
        stage.each(move |exchange: Exchange| {
            let _ = entered.send(());
            gate.lock().recv()?;
            exchange.respond(Response::text(StatusCode::OK, "done"));
            Ok(())
        })
    });
    let mut in_hand = serving.connect();
    in_hand.post("a");
    enters.recv().unwrap();
    let mut queued = serving.connect();
    queued.post("b");
    let queue = || serving.running.ledger().stage("requests").unwrap().queued;
    wait_until("one waits", || queue() == 1);

    let mut refused = serving.connect();
    for _ in 0..3 {
        refused.post("c");
        let answer = refused.answer();
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    open.send(()).unwrap();
    open.send(()).unwrap();
    assert_eq!(
        (in_hand.answer().body, queued.answer().body),
        (b"done".to_vec(), b"done".to_vec())
    );
    refused.post("d");
    open.send(()).unwrap();
    assert_eq!(refused.answer().body, b"done");
    assert_eq!(serving.figures().refused, 3);
    assert_eq!(serving.end().stage("requests").unwrap().rejected.full, 3);
}

#[test]
fn a_shed_request_is_told_when_to_come_back() {
    let serving = serve(Limits::default(), |graph| {
        let shed = |_: &Exchange, _: &Meta, _: &QueueView| Verdict::Shed {
            retry_after: Some(Duration::from_millis(6_500)),
        };
        let stage = graph.stage("requests").admission(shed);
        stage.each(|_: Exchange| Ok(()))
    });
    let mut client = serving.connect();
    // Pipelined, so that refusals alone take the connection through all of them.
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(200));
    for _ in 0..200 {
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, Some("7"))
        );
    }
    serving.end();
}

#[test]
fn connections_beyond_the_limit_wait_for_others_to_end() {
    let limits = Limits {
        connections_max: 2,
        ..Limits::default()
    };
    let serving = serve(limits, echo);
    let (mut first, mut second) = (serving.connect(), serving.connect());
    for client in [&mut first, &mut second] {
        client.post("in");
        assert_eq!(client.answer().status, 200);
    }
    let mut third = serving.connect();
    third.post("waits");
    serving.until("accepting pauses", |figures| figures.pauses == 1);
    assert_eq!(serving.figures().opened, 2);
    drop(first);
    assert_eq!(third.answer().body, b"waits");
    second.post("still here");
    assert_eq!(second.answer().status, 200);
    serving.end();
}
