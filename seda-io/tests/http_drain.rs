//! The end of a server: what is in flight is answered, nothing new is taken.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;

use seda_io::http::{Exchange, HttpServer, Limits, Response, StatusCode};
use serving::{PATIENCE, serve, wait_until};

#[test]
fn a_drain_answers_what_is_in_flight_and_refuses_new_connections() {
    let (send, exchanges) = mpsc::channel();
    let serving = serve(Limits::default(), |graph| {
        let stage = graph.stage("requests");
        stage.each(move |exchange: Exchange| Ok(send.send(exchange)?))
    });
    let mut idle = serving.connect();
    idle.post("");
    let first: Exchange = exchanges.recv().unwrap();
    first.respond(Response::new(StatusCode::OK));
    assert_eq!(idle.answer().status, 200);
    let mut busy = serving.connect();
    busy.post("");
    let exchange: Exchange = exchanges.recv().unwrap();

    let running = serving.running.clone();
    let drain = thread::spawn(move || running.drain(PATIENCE).unwrap());
    assert!(idle.has_ended());
    wait_until("the port is closed", || {
        TcpStream::connect(serving.address).is_err()
    });
    assert!(!drain.is_finished());

    exchange.respond(Response::new(StatusCode::OK).with_body(vec![7; 3 << 20]));
    let answer = busy.answer();
    assert_eq!(
        (answer.body.len(), answer.header("connection")),
        (3 << 20, Some("close"))
    );
    assert!(busy.has_ended());
    let ledger = drain.join().unwrap();
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    assert_eq!(ledger.stage("requests").unwrap().handled, 2);
    serving.end();
}

#[test]
fn a_request_that_was_sent_before_the_drain_is_answered() {
    for _ in 0..50 {
        let serving = serve(Limits::default(), serving::echo);
        let mut client = serving.connect();
        client.post("just in time");
        serving.running.begin_drain();
        assert_eq!(client.answer().body, b"just in time");
        serving.end();
    }
}

#[test]
fn a_request_that_never_becomes_whole_does_not_hold_up_the_drain() {
    let serving = serve(Limits::default(), serving::echo);
    let mut client = serving.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
    serving.until("it is there", |figures| figures.opened == 1);
    serving.end();
    assert!(client.has_ended());
}

#[test]
fn a_stop_lets_go_of_everything() {
    let (send, exchanges) = mpsc::channel();
    let serving = serve(Limits::default(), |graph| {
        let stage = graph.stage("requests");
        stage.each(move |exchange: Exchange| Ok(send.send(exchange)?))
    });
    let mut client = serving.connect();
    client.post("");
    let exchange: Exchange = exchanges.recv().unwrap();
    assert!(serving.running.stop().balances());
    assert!(client.has_ended());
    exchange.respond(Response::new(StatusCode::OK));
    assert_eq!(serving.figures().late, 1);
}

#[test]
fn a_port_in_use_is_an_error() {
    let first = HttpServer::bind("127.0.0.1:0", Limits::default()).unwrap();
    let second = HttpServer::bind(first.local_address().ip().unwrap(), Limits::default());
    assert_eq!(second.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn a_graph_without_a_reactor_says_what_is_missing() {
    let mut graph = seda_core::Graph::new("bare");
    let requests = serving::echo(&mut graph);
    let server = HttpServer::bind("127.0.0.1:0", Limits::default()).unwrap();
    server.attach(&mut graph, "http", &requests);
    let error = graph.start(seda_core::Plan::default()).unwrap_err();
    assert!(error.to_string().contains("Reactor::install"), "{error}");
}
