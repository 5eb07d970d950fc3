//! Many requests over one connection: one after the other, all at once, in pieces.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use std::fmt::Write;

use seda_core::Plan;
use seda_io::http::Limits;
use serving::{echo, serve, serve_by};

#[test]
fn requests_follow_each_other_on_one_connection() {
    let serving = serve(Limits::default(), echo);
    let mut client = serving.connect();
    for n in 0..100 {
        client.post(&n.to_string());
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.body),
            (200, n.to_string().into_bytes())
        );
        assert!(answer.head.contains("\r\nDate: "), "{}", answer.head);
    }
    assert_eq!(serving.figures().opened, 1);
    drop(client);
    assert_eq!(serving.end().stage("requests").unwrap().handled, 100);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let serving = serve(Limits::default(), echo);
    let mut client = serving.connect();
    let mut all = String::new();
    for n in 0..500 {
        let body = n.to_string();
        write!(
            all,
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
    }
    client.send(all);
    for n in 0..500 {
        assert_eq!(client.answer().body, n.to_string().into_bytes());
    }
    serving.end();
}

#[test]
fn a_request_may_come_in_pieces() {
    let serving = serve(Limits::default(), echo);
    let mut client = serving.connect();
    for byte in b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" {
        client.send([*byte]);
    }
    assert_eq!(client.answer().body, b"hello");
    serving.end();
}

#[test]
fn a_large_body_goes_in_and_out() {
    let serving = serve(
        Limits {
            body_bytes_max: 8 << 20,
            ..Limits::default()
        },
        echo,
    );
    let body = (0..700_000).fold(String::new(), |body, n| body + &format!("{n:08}\n"));
    let mut client = serving.connect();
    client.post(&body);
    // The client reads only now: the server has had to wait for it.
    assert!(client.answer().body == body.into_bytes());
    serving.end();
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on() {
    let serving = serve(Limits::default(), echo);
    let mut client = serving.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.answer().status, 100);
    client.send("ok");
    assert_eq!(client.answer().body, b"ok");
    serving.end();
}

#[test]
fn each_worker_serves_connections_of_its_own() {
    let serving = serve_by(Plan::default().workers(2), Limits::default(), echo);
    let mut clients: Vec<_> = (0..64).map(|_| serving.connect()).collect();
    for round in 0..5 {
        for client in &mut clients {
            client.post(&format!("{round}"));
        }
        for client in &mut clients {
            assert_eq!(client.answer().body, format!("{round}").into_bytes());
        }
    }
    assert_eq!(serving.end().stage("requests").unwrap().handled, 5 * 64);
}

#[test]
fn a_client_may_stop_sending_and_still_read() {
    let serving = serve(Limits::default(), echo);
    let mut client = serving.connect();
    client.post("last");
    client
        .0
        .get_ref()
        .shutdown(std::net::Shutdown::Write)
        .unwrap();
    assert_eq!(client.answer().body, b"last");
    assert!(client.has_ended());
    serving.end();
}
