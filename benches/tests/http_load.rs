//! Load that is made here counts what a server has answered.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use benches::http::load::Load;
use benches::http::shape::{Life, Shape};
use benches::http::wire::{Door, certificate};
use seda_core::{Graph, Plan};
use seda_io::Reactor;
use seda_io::http::{Exchange, HttpServer, Limits, Response, StatusCode};
use seda_io::tls::TlsServer;

/// How long load is made; enough for a thousand requests, and one would do.
const MOMENT: Duration = Duration::from_millis(100);

/// Answers every request, and closes where it was asked to.
fn serve(answer: &'static str) -> Door {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || answer_all(stream.unwrap(), answer));
        }
    });
    Door::plain(address)
}

fn answer_all(mut stream: TcpStream, answer: &str) {
    let mut input = String::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        input.push_str(str::from_utf8(&buffer[..count]).unwrap());
        while let Some((request, rest)) = input.split_once("\r\n\r\n") {
            let closes = request.contains("Connection: close");
            if stream.write_all(answer.as_bytes()).is_err() || closes {
                return;
            }
            input = rest.to_owned();
        }
    }
}

const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

fn shape(connections: usize, depth: u32, life: Life) -> Shape {
    Shape {
        status: 200,
        path: "/",
        body_bytes: 5,
        connections,
        depth,
        life,
    }
}

#[test]
fn every_answer_is_counted_with_its_latency() {
    for shape in [
        shape(8, 1, Life::Kept),
        shape(8, 16, Life::Kept),
        shape(8, 1, Life::Once),
    ] {
        let mut load = Load::open(serve(HELLO), shape).unwrap();
        let tally = load.run(MOMENT).unwrap();
        assert_eq!(tally.failed, 0, "{shape:?}");
        assert!(tally.answered > 0, "{shape:?}");
        assert_eq!(tally.latency.len(), tally.answered, "{shape:?}");
        assert!(tally.latency.max() > 0, "{shape:?}");
    }
}

#[test]
fn a_large_body_is_thrown_away_and_nothing_behind_it() {
    const BYTES: usize = 3_000_000;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {BYTES}\r\n\r\n");
    let answer: &'static str = (head + &"x".repeat(BYTES)).leak();
    for depth in [1, 3] {
        let large = Shape {
            body_bytes: BYTES,
            ..shape(2, depth, Life::Kept)
        };
        let mut load = Load::open(serve(answer), large).unwrap();
        let tally = load.run(MOMENT).unwrap();
        assert_eq!(tally.failed, 0, "{depth}");
        assert!(tally.answered > 0, "{depth}");
    }
}

#[test]
fn load_is_made_under_tls() {
    let mut graph = Graph::new("secured");
    Reactor::install(&mut graph);
    let hello = graph.stage("hello").each(|exchange: Exchange| {
        exchange.respond(Response::text(StatusCode::OK, "hello"));
        Ok(())
    });
    let [chain, key] = ["server.pem", "server.key"].map(certificate);
    let tls = TlsServer::from_pem(chain, key).unwrap();
    let limits = Limits {
        requests_max: u32::MAX,
        ..Limits::default()
    };
    let server = HttpServer::bind("127.0.0.1:0", limits).unwrap();
    let door = Door::secured(server.local_address().ip().unwrap()).unwrap();
    server.with_tls(tls).attach(&mut graph, "https", &hello);
    let running = graph.start(Plan::default()).unwrap();
    let mut load = Load::open(door, shape(4, 2, Life::Kept)).unwrap();
    let tally = load.run(MOMENT).unwrap();
    assert_eq!(tally.failed, 0);
    assert!(tally.answered > 0);
    drop(load);
    let ledger = running.drain(Duration::from_secs(5)).unwrap();
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
}

#[test]
fn an_answer_of_another_length_is_a_failure() {
    let longer = Shape {
        body_bytes: 6,
        ..shape(2, 1, Life::Kept)
    };
    let mut load = Load::open(serve(HELLO), longer).unwrap();
    let tally = load.run(MOMENT).unwrap();
    assert_eq!(tally.answered, 0);
    assert!(tally.failed > 0);
}

#[test]
fn an_answer_that_is_not_200_is_a_failure() {
    let mut load = Load::open(serve(BUSY), shape(2, 1, Life::Kept)).unwrap();
    let tally = load.run(MOMENT).unwrap();
    assert_eq!(tally.answered, 0);
    assert!(tally.failed > 0);
}

#[test]
fn a_connection_that_ends_early_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (served, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let asked = stream.read(&mut [0; 4096]);
            if served == 0 && asked.is_ok() {
                let _ = stream.write_all(HELLO.as_bytes());
            }
        }
    });
    let mut load = Load::open(Door::plain(address), shape(1, 1, Life::Kept)).unwrap();
    assert!(load.run(MOMENT).unwrap().failed > 0);
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    assert!(Load::open(Door::plain(address), shape(1, 1, Life::Kept)).is_err());
}
