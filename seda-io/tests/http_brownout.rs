//! Under pressure handlers answer more cheaply, connections end, and no more are accepted; after it all is as before.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use seda_core::{Batch, BoxError, Concern, Handler, OverloadManager, Reading};
use seda_io::http::{Exchange, Limits, Response, StatusCode};
use serving::{Answer, PATIENCE, Raw, Serving, serve};

/// Answers in full while it may.
#[derive(Clone)]
struct Page;

impl Handler for Page {
    type Event = Exchange;

    fn handle(&mut self, exchanges: &mut Batch<Exchange>) -> Result<(), BoxError> {
        let page = if exchanges.pressure() > 128 {
            "brief"
        } else {
            "full"
        };
        for exchange in exchanges {
            exchange.respond(Response::text(StatusCode::OK, page));
        }
        Ok(())
    }
}

/// Serves pages under a pressure that the test says, in parts of 1,000.
fn pages() -> (Serving, Arc<AtomicU32>) {
    let said = Arc::new(AtomicU32::new(0));
    let read = Arc::clone(&said);
    let hand = move |_: &_| {
        let pressure = f64::from(read.load(Ordering::SeqCst)) / 1_000.0;
        Some(Reading {
            monitor: "hand",
            concern: Concern::Supply,
            pressure,
            words: "by hand".to_owned(),
        })
    };
    let limits = Limits {
        requests_max: u32::MAX,
        ..Limits::default()
    };
    let serving = serve(limits, |graph| {
        let manager = OverloadManager::default().without_process();
        graph.overload(manager.monitor(hand));
        graph.stage("requests").handler(Page)
    });
    (serving, said)
}

/// Asks until an answer is as wanted; every answer is one of a good server.
fn ask_until(client: &mut Raw, so: impl Fn(&Answer) -> bool) {
    let begun = Instant::now();
    loop {
        client.post("");
        let answer = client.answer();
        assert_eq!(answer.status, 200);
        if so(&answer) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{}", answer.head);
        std::thread::yield_now();
    }
}

#[test]
fn under_pressure_answers_are_brief_and_the_door_is_closed_until_it_is_over() {
    let (serving, said) = pages();
    let mut client = serving.connect();
    client.post("");
    assert_eq!(client.answer().body, b"full");

    said.store(840, Ordering::SeqCst);
    ask_until(&mut client, |answer| answer.body == b"brief");
    said.store(1_000, Ordering::SeqCst);
    ask_until(&mut client, |answer| {
        answer.header("connection") == Some("close")
    });
    assert!(client.has_ended());

    let mut waits = serving.connect();
    waits.post("");
    serving.until("nobody is let in", |figures| figures.pauses > 0);
    assert_eq!(serving.figures().opened, 1);

    said.store(0, Ordering::SeqCst);
    assert_eq!(waits.answer().status, 200);
    ask_until(&mut waits, |answer| answer.body == b"full");
    assert_eq!(serving.figures().opened, 2);
    serving.end();
}
