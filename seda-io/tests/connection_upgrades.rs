//! One connection on which another protocol is spoken behind a request.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it must be"
)]

use std::sync::Arc;
use std::time::Duration;

use seda_io::buffer::WriteBuffer;
use seda_io::http::{
    Connection, Headers, HttpDate, Limits, Method, Request, Response, StatusCode, Step, Timeout,
    Timeouts, Trailers,
};

const ASKS: &str =
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\n";
const ASKS_WITH_BODY: &str = "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\
    Expect: 100-continue\r\nContent-Length: 4\r\n\r\nfour";
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
const SWITCHES: &str =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
const SECOND: u64 = 1_000_000_000;

fn limits() -> Limits {
    Limits {
        head_bytes_max: 256,
        body_bytes_max: 4,
        flow_low_mark_bytes: 64,
        timeouts: Timeouts {
            upgraded: Duration::from_mins(5),
            idle: Duration::from_mins(1),
            write: Duration::from_secs(20),
            ..Timeouts::default()
        },
        ..Limits::default()
    }
}

fn open() -> Connection {
    Connection::new(Arc::new(limits()), 0)
}

fn date() -> HttpDate {
    HttpDate::from_unix(0)
}

fn echo() -> Headers {
    let mut headers = Headers::new();
    headers.push("Upgrade", "echo").unwrap();
    headers
}

fn request(connection: &mut Connection, bytes: &str) -> Request {
    assert_eq!(connection.feed(bytes.as_bytes(), 0), bytes.len());
    match connection.step(0) {
        Step::Request(request) => request,
        other => panic!("no request but {other:?}"),
    }
}

/// A connection that is upgraded, whose first piece is asked for.
fn upgraded() -> Connection {
    let mut connection = open();
    request(&mut connection, ASKS);
    let turn = connection.turn();
    assert!(connection.upgrade(turn, &echo(), 0));
    assert_eq!(flush(&mut connection), SWITCHES);
    assert_eq!(connection.step(0), Step::Wait, "nobody has asked");
    connection.ask_body(0);
    assert_eq!(connection.step(0), Step::NeedMore);
    connection
}

/// Sends all output and returns it.
fn flush(connection: &mut Connection) -> String {
    let mut text = Vec::new();
    while !connection.output().is_empty() {
        text.extend(connection.output());
        connection.sent(connection.output().len(), 0);
    }
    String::from_utf8(text).unwrap()
}

fn flow(connection: &mut Connection, bytes: &[u8]) {
    let mut pieces = WriteBuffer::new(1 << 20);
    pieces.push(bytes);
    connection.flow(&mut pieces, 0);
}

fn finish(connection: &mut Connection) {
    connection.finish_flow(&Trailers::new(), &date(), 0);
}

/// Feeds the pieces and then the end; upgrades what asks for it, and sends all back.
fn converse(pieces: &[&[u8]]) -> String {
    let mut connection = open();
    let mut output = String::new();
    for piece in pieces {
        assert_eq!(connection.feed(piece, 0), piece.len());
        echo_all(&mut connection, &mut output);
    }
    connection.end_input();
    assert!(echo_all(&mut connection, &mut output), "it ends");
    output
}

/// Tells whether the connection has ended.
fn echo_all(connection: &mut Connection, output: &mut String) -> bool {
    loop {
        output.push_str(&flush(connection));
        match connection.step(0) {
            Step::NeedMore => return false,
            Step::Continue100 => {}
            Step::Request(request) => {
                assert_eq!(request.body(), b"four");
                let turn = connection.turn();
                assert!(connection.upgrade(turn, &echo(), 0));
                connection.ask_body(0);
            }
            Step::Body(piece) => {
                assert!(!piece.is_empty());
                flow(connection, &piece);
                connection.ask_body(0);
            }
            Step::BodyEnd(_) => {
                assert_eq!(connection.inflowing(), None);
                finish(connection);
            }
            Step::Closed => return true,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_follows_the_request_is_handed_out_however_it_is_cut() {
    let stream = format!("{ASKS_WITH_BODY}GET / HTTP/1.1\r\n\r\n\0bytes");
    let expected = format!("HTTP/1.1 100 Continue\r\n\r\n{SWITCHES}GET / HTTP/1.1\r\n\r\n\0bytes");
    let bytes = stream.as_bytes();
    for first in 0..bytes.len() {
        for second in (first..bytes.len()).step_by(3) {
            let cut = [&bytes[..first], &bytes[first..second], &bytes[second..]];
            assert_eq!(converse(&cut), expected, "cut at {first} and {second}");
        }
    }
    let drops: Vec<_> = bytes.chunks(1).collect();
    assert_eq!(converse(&drops), expected);
}

#[test]
fn only_who_asks_as_the_standard_wants_may_upgrade() {
    let rows = [
        (ASKS, true),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: a\r\nUpgrade: echo/1\r\n\r\n",
            true,
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\n\r\n", false),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n",
            false,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgraded\r\nUpgrade: echo\r\n\r\n",
            false,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: echo\r\n\r\n",
            false,
        ),
        (
            "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
            false,
        ),
        (
            "GET / HTTP/1.0\r\nConnection: keep-alive, upgrade\r\nUpgrade: echo\r\n\r\n",
            false,
        ),
    ];
    for (asks, may) in rows {
        let mut connection = open();
        request(&mut connection, asks);
        let turn = connection.turn();
        assert_eq!(connection.may_upgrade(turn), may, "{asks}");
        assert_eq!(connection.upgrade(turn, &echo(), 0), may, "{asks}");
        assert_eq!(connection.flowing(), may.then_some(turn));
        assert!(!connection.upgrade(turn, &echo(), 0), "twice");
    }
}

#[test]
fn a_body_in_pieces_is_of_this_protocol_alone() {
    let limits = Limits {
        body_streams_above: 2,
        ..limits()
    };
    let mut connection = Connection::new(Arc::new(limits), 0);
    let asks = "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc";
    request(&mut connection, asks);
    let turn = connection.turn();
    assert_eq!(connection.inflowing(), Some(turn));
    assert!(!connection.may_upgrade(turn));
    assert!(!connection.upgrade(turn, &echo(), 0));
    connection.ask_body(0);
    assert_eq!(connection.step(0), Step::Body(b"abc".to_vec()));
}

#[test]
fn a_request_that_asks_is_alone_and_one_behind_it_waits_for_a_refusal() {
    let mut connection = open();
    let before = request(&mut connection, &format!("{NEXT}{ASKS}{NEXT}"));
    assert_eq!(before.target().path(), "/next");
    assert_eq!(connection.step(0), Step::Wait, "one is in hand");
    let answer = || Response::new(StatusCode::NO_CONTENT);
    connection.answer(answer(), &date(), 0).unwrap();
    let Step::Request(asks) = connection.step(0) else {
        panic!("alone");
    };
    assert_eq!(asks.headers().get("upgrade"), Some("echo"));
    assert_eq!(
        connection.step(0),
        Step::Wait,
        "it may be of either protocol"
    );
    connection.answer(answer(), &date(), 0).unwrap();
    let Step::Request(behind) = connection.step(0) else {
        panic!("declined");
    };
    assert_eq!(behind.method(), &Method::Get);
    connection.answer(answer(), &date(), 0).unwrap();
    let output = flush(&mut connection);
    assert_eq!(output.matches("204 No Content").count(), 3);
    assert!(!output.contains("101") && !output.contains("Connection"));
    assert_eq!(connection.step(0), Step::NeedMore);
}

#[test]
fn each_side_may_end_before_the_other() {
    let mut connection = upgraded();
    flow(&mut connection, b"last words");
    finish(&mut connection);
    connection.feed(b"as", 0);
    assert_eq!(connection.step(0), Step::Body(b"as".to_vec()));
    connection.ask_body(0);
    assert_eq!(
        connection.step(0),
        Step::Wait,
        "they are to be written first"
    );
    assert_eq!(connection.flowing(), None);
    assert_eq!(flush(&mut connection), "last words");
    assert_eq!(connection.step(0), Step::HalfClose);
    assert!(connection.has_half_closed());
    assert_eq!(connection.step(0), Step::NeedMore, "once");
    connection.feed(b"more", 0);
    assert_eq!(connection.step(0), Step::Body(b"more".to_vec()));
    connection.end_input();
    assert_eq!(connection.step(0), Step::Wait, "the piece is in the graph");
    connection.ask_body(0);
    assert_eq!(connection.step(0), Step::BodyEnd(Trailers::new()));
    assert_eq!(connection.step(0), Step::Closed);

    let mut connection = upgraded();
    connection.feed(b"all", 0);
    connection.end_input();
    assert_eq!(connection.step(0), Step::Body(b"all".to_vec()));
    connection.ask_body(0);
    assert_eq!(connection.step(0), Step::BodyEnd(Trailers::new()));
    assert_eq!(connection.step(0), Step::Wait, "this side goes on");
    flow(&mut connection, b"answer");
    finish(&mut connection);
    assert_eq!(connection.step(0), Step::Wait);
    assert_eq!(flush(&mut connection), "answer");
    assert_eq!(connection.step(0), Step::Closed);
}

#[test]
fn one_that_is_given_up_is_reset() {
    let mut connection = upgraded();
    flow(&mut connection, b"half");
    connection.break_flow();
    assert_eq!((connection.flowing(), connection.inflowing()), (None, None));
    assert_eq!(connection.step(0), Step::Reset);
}

#[test]
fn nothing_is_handed_out_while_too_much_is_unsent() {
    let mut connection = upgraded();
    flow(&mut connection, &[7; 65]);
    connection.feed(b"more", 0);
    assert_eq!(connection.step(0), Step::Wait);
    assert!(!connection.awaits_stage(), "but for its output");
    connection.sent(1, 0);
    assert_eq!(connection.step(0), Step::Body(b"more".to_vec()));
    assert_eq!(
        connection.feed(&[1; 300], 0),
        256,
        "and no more than a buffer is read"
    );
    assert_eq!(connection.room(), 0);
    flush(&mut connection);
    assert!(connection.awaits_stage());
}

#[test]
fn a_silence_of_both_sides_is_bounded_and_that_of_the_stages_is_not() {
    let due = |connection: &Connection| {
        let deadline = connection.deadline()?;
        Some((deadline.timeout, deadline.at / SECOND))
    };
    let mut connection = upgraded();
    assert_eq!(due(&connection), Some((Timeout::Upgraded, 300)));
    connection.feed(b"a", 5 * SECOND);
    assert_eq!(due(&connection), Some((Timeout::Upgraded, 305)));
    assert!(matches!(connection.step(5 * SECOND), Step::Body(_)));
    assert_eq!(due(&connection), None, "the piece is in the graph");
    flow(&mut connection, b"b");
    assert_eq!(due(&connection), Some((Timeout::Write, 20)));
    connection.sent(1, 6 * SECOND);
    connection.ask_body(7 * SECOND);
    assert_eq!(due(&connection), Some((Timeout::Upgraded, 307)));
    // Half an end is none.
    connection.end_input();
    assert_eq!(connection.step(8 * SECOND), Step::BodyEnd(Trailers::new()));
    assert_eq!(due(&connection), Some((Timeout::Upgraded, 308)));
    assert_eq!(connection.step(308 * SECOND), Step::Closed);
}
