//! HTTP on the path of a Unix socket.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use seda_core::{Graph, Plan};
use seda_io::Reactor;
use seda_io::http::{Exchange, HttpServer, Limits, Response, StatusCode};
use seda_io::net::Address;
use serving::PATIENCE;

#[test]
fn a_path_is_served_by_one_worker_and_gone_in_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("http");
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let requests = graph.stage("requests").each(|exchange: Exchange| {
        let peer = exchange.peer().to_string();
        exchange.respond(Response::text(StatusCode::OK, peer));
        Ok(())
    });
    let server = HttpServer::bind_unix(&path, Limits::default()).unwrap();
    assert_eq!(*server.local_address(), Address::Unix(path.clone()));
    let tallies = server.attach(&mut graph, "http", &requests);
    let running = graph.start(Plan::default().workers(2)).unwrap();

    for _ in 0..3 {
        let mut client = UnixStream::connect(&path).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.ends_with("\r\n\r\nunix:"), "{answer}");
    }
    let ledger = running.drain(PATIENCE).unwrap();
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    let figures = tallies.read();
    assert_eq!((figures.opened, figures.closed), (3, 3));
    assert!(!path.exists());
}

#[test]
fn a_path_on_which_somebody_listens_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("http");
    let first = HttpServer::bind_unix(&path, Limits::default()).unwrap();
    let second = HttpServer::bind_unix(&path, Limits::default());
    let error = second.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    drop(first);
    HttpServer::bind_unix(&path, Limits::default()).unwrap();
}
