//! Limits on each peer, and on all of them together: connections and requests in a time.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType};
use seda_io::http::Limits;
use seda_io::net::Rate;
use serving::{Raw, Serving, echo, serve};

/// Long enough that no token comes back while a test runs.
const LONG: Duration = Duration::from_secs(100_000);

/// Connects from another address of this machine.
fn connect_from(serving: &Serving, last: u8) -> Raw {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    let from = SocketAddr::from(([127, 0, 0, last], 0));
    rustix::net::bind(&socket, &from).unwrap();
    rustix::net::connect(&socket, &serving.address).unwrap();
    Raw::new(TcpStream::from(socket))
}

fn answers(client: &mut Raw) -> u16 {
    client.post("a");
    client.answer().status
}

#[test]
fn a_peer_with_too_many_connections_is_closed_and_others_are_not() {
    let serving = serve(
        Limits {
            connections_per_peer_max: Some(2),
            ..Limits::default()
        },
        echo,
    );
    let mut first = serving.connect();
    let mut second = serving.connect();
    assert_eq!((answers(&mut first), answers(&mut second)), (200, 200));
    assert!(serving.connect().has_ended());
    assert_eq!(answers(&mut connect_from(&serving, 2)), 200);
    assert_eq!(answers(&mut second), 200);
    drop(first);
    serving.until("it has ended", |figures| figures.closed == 3);
    assert_eq!(answers(&mut serving.connect()), 200);
    let figures = serving.figures();
    assert_eq!((figures.crowded, figures.opened), (1, 5));
    drop(second);
    serving.end();
}

#[test]
fn a_peer_that_asks_too_often_is_told_when_to_come_back_on_all_its_connections() {
    let serving = serve(
        Limits {
            rate_per_peer: Some(Rate::new(3, LONG)),
            ..Limits::default()
        },
        echo,
    );
    let mut client = serving.connect();
    for _ in 0..3 {
        assert_eq!(answers(&mut client), 200);
    }
    client.post("a");
    let refused = client.answer();
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((30_000..=33_334).contains(&wait), "{wait}");
    assert_eq!(answers(&mut client), 429, "the connection goes on");
    assert_eq!(
        answers(&mut serving.connect()),
        429,
        "nor does a new one help"
    );
    assert_eq!(answers(&mut connect_from(&serving, 2)), 200);
    let figures = serving.figures();
    assert_eq!((figures.over_rate_per_peer, figures.over_rate), (3, 0));
    assert_eq!((figures.requests, figures.answers), (7, 4));
    let ledger = serving.end();
    assert_eq!(ledger.stage("requests").unwrap().offered, 4);
}

#[test]
fn all_peers_together_ask_no_more_often_than_is_allowed() {
    let serving = serve(
        Limits {
            rate: Some(Rate::new(3, LONG)),
            rate_per_peer: Some(Rate::new(2, LONG)),
            ..Limits::default()
        },
        echo,
    );
    let mut one = serving.connect();
    let mut other = connect_from(&serving, 2);
    assert_eq!([answers(&mut one), answers(&mut one)], [200, 200]);
    assert_eq!([answers(&mut other), answers(&mut other)], [200, 429]);
    assert_eq!(answers(&mut one), 429);
    let figures = serving.figures();
    // The other's own tokens were not spent on what all together may not ask.
    assert_eq!((figures.over_rate_per_peer, figures.over_rate), (1, 1));
    serving.end();
}

#[test]
fn refused_requests_that_are_pipelined_are_answered_in_order() {
    let serving = serve(
        Limits {
            rate: Some(Rate::new(2, LONG)),
            ..Limits::default()
        },
        echo,
    );
    let mut client = serving.connect();
    client
        .0
        .get_mut()
        .write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5).as_bytes())
        .unwrap();
    let statuses: Vec<u16> = (0..5).map(|_| client.answer().status).collect();
    assert_eq!(statuses, [200, 200, 429, 429, 429]);
    serving.end();
}

#[test]
fn a_refused_request_whose_body_would_be_streamed_ends_its_connection() {
    let serving = serve(
        Limits {
            rate: Some(Rate::new(1, LONG)),
            body_streams_above: 0,
            ..Limits::default()
        },
        echo,
    );
    let mut first = serving.connect();
    first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(first.answer().status, 200);
    let mut refused = serving.connect();
    refused.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbegun");
    assert_eq!(refused.answer().status, 429);
    assert!(refused.has_ended());
    drop((first, refused));
    serving.end();
}
