//! Answers that a stage forgets, and answers that nobody waits for any more.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use parking_lot::Mutex;
use seda_core::{Clock, Graph};
use seda_io::Reactor;
use seda_io::http::{Exchange, Limits, Response, StatusCode, Timeouts};
use serving::{echo, serve};

#[test]
fn a_dropped_exchange_is_answered_500_and_the_connection_goes_on() {
    let serving = serve(Limits::default(), |graph| {
        graph.stage("requests").each(|exchange: Exchange| {
            match exchange.request().body() {
                b"drop" => drop(exchange),
                b"fail" => return Err("on purpose".into()),
                b"panic" => panic!("on purpose"),
                _ => exchange.respond(Response::new(StatusCode::NO_CONTENT)),
            }
            Ok(())
        })
    });
    let mut client = serving.connect();
    for (body, status) in [("drop", 500), ("fail", 500), ("panic", 500), ("", 204)] {
        client.post(body);
        assert_eq!(client.answer().status, status, "{body}");
    }
    assert_eq!(serving.figures().abandoned, 3);
    assert_eq!(serving.end().stage("requests").unwrap().failed, 2);
}

#[test]
fn a_stage_of_another_domain_answers_too() {
    let serving = serve(Limits::default(), |graph| {
        let stage = graph.stage("requests").blocking(1..=4);
        stage.each(|exchange: Exchange| {
            let thread = std::thread::current();
            let name = thread.name().unwrap_or_default().to_owned();
            exchange.respond(Response::text(StatusCode::OK, name));
            Ok(())
        })
    });
    let mut clients: Vec<_> = (0..16).map(|_| serving.connect()).collect();
    for _ in 0..20 {
        for client in &mut clients {
            client.post("who?");
        }
        for client in &mut clients {
            assert!(client.answer().body.starts_with(b"requests-"));
        }
    }
    serving.end();
}

#[test]
fn an_exchange_may_be_answered_where_no_graph_runs() {
    let (send, exchanges) = mpsc::channel();
    let serving = serve(Limits::default(), |graph| {
        let stage = graph.stage("requests");
        stage.each(move |exchange: Exchange| Ok(send.send(exchange)?))
    });
    let mut client = serving.connect();
    client.post("hello");
    let exchange: Exchange = exchanges.recv().unwrap();
    let client_address = client.0.get_ref().local_addr().unwrap();
    assert_eq!(exchange.peer().ip(), Some(client_address));
    let body = exchange.request().body().to_vec();
    exchange.respond(Response::new(StatusCode::OK).with_body(body));
    assert_eq!(client.answer().body, b"hello");
    serving.end();
}

#[test]
fn an_answer_to_a_client_that_is_gone_is_thrown_away() {
    let (send, exchanges) = mpsc::channel();
    let serving = serve(Limits::default(), |graph| {
        let stage = graph.stage("requests");
        stage.each(move |exchange: Exchange| Ok(send.send(exchange)?))
    });
    let mut gone = serving.connect();
    gone.post("never mind");
    let exchange: Exchange = exchanges.recv().unwrap();
    // Resets instead of saying goodbye.
    rustix::net::sockopt::set_socket_linger(gone.0.get_ref(), Some(Duration::ZERO)).unwrap();
    drop(gone);
    serving.until("it has ended", |figures| figures.closed == 1);
    // The next client has the place of the last.
    let mut next = serving.connect();
    next.post("mine");
    let mine: Exchange = exchanges.recv().unwrap();
    exchange.respond(Response::text(StatusCode::OK, "not yours"));
    serving.until("it was thrown away", |figures| figures.late == 1);
    mine.respond(Response::text(StatusCode::OK, "yours"));
    assert_eq!(next.answer().body, b"yours");
    serving.end();
}

#[test]
fn a_body_that_ends_early_is_answered_400() {
    let serving = serve(Limits::default(), echo);
    let mut client = serving.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
    client
        .0
        .get_ref()
        .shutdown(std::net::Shutdown::Write)
        .unwrap();
    assert_eq!(client.answer().status, 400);
    assert!(client.has_ended());
    serving.end();
}

#[test]
fn a_request_past_its_deadline_is_not_handled() {
    let (open, gate) = mpsc::channel::<()>();
    let (entered, enters) = mpsc::channel();
    let gate = Arc::new(Mutex::new(gate));
    let timeouts = Timeouts {
        request: Some(Duration::from_millis(20)),
        ..Timeouts::default()
    };
    let limits = Limits {
        timeouts,
        ..Limits::default()
    };
    let clock = Clock::manual();
    let serving = serve(limits, |graph| {
        *graph = Graph::new("test").with_clock(clock.clone());
        Reactor::install(graph);
        let stage = graph.stage("requests").blocking(1..=1);
        stage.each(move |exchange: Exchange| {
            let _ = entered.send(());
            gate.lock().recv()?;
            exchange.respond(Response::new(StatusCode::OK));
            Ok(())
        })
    });
    let (mut quick, mut late) = (serving.connect(), serving.connect());
    quick.post("");
    enters.recv().unwrap();
    late.post("");
    let queue = || serving.running.ledger().stage("requests").unwrap().queued;
    serving::wait_until("it waits", || queue() == 1);
    clock.advance(Duration::from_millis(20));
    open.send(()).unwrap();
    assert_eq!(quick.answer().status, 200);
    let answer = late.answer();
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("1"))
    );
    assert_eq!(serving.end().stage("requests").unwrap().expired, 1);
    let figures = serving.figures();
    assert_eq!((figures.expired, figures.abandoned), (1, 0));
}
