//! Bodies of one connection's requests that are handed out piece by piece.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it must be"
)]

use std::sync::Arc;

use seda_io::buffer::WriteBuffer;
use seda_io::http::{
    Connection, Fault, HttpDate, Limits, Response, StatusCode, Step, Timeout, Trailers,
};

const GET: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
const SIZED: &str = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789";
const CHUNKED: &str = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
    4\r\n0123\r\n6;x=y\r\n456789\r\n0\r\nX-Sum: 7\r\nContent-Length: 3\r\nDate: x\r\n\r\n";

fn limits() -> Limits {
    Limits {
        head_bytes_max: 256,
        body_bytes_max: 4,
        body_streams_above: 4,
        streamed_body_bytes_max: 100,
        ..Limits::default()
    }
}

fn open() -> Connection {
    Connection::new(Arc::new(limits()), 0)
}

fn date() -> HttpDate {
    HttpDate::from_unix(0)
}

fn answer(connection: &mut Connection) {
    let response = Response::new(StatusCode::OK);
    connection.answer(response, &date(), 0).unwrap();
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

/// Takes the head of a request whose body flows in.
fn begin(connection: &mut Connection, bytes: &str) {
    assert_eq!(connection.feed(bytes.as_bytes(), 0), bytes.len());
    let Step::Request(request) = connection.step(0) else {
        panic!("its head is there");
    };
    assert!(request.body().is_empty());
    assert_eq!(connection.inflowing(), Some(connection.turn()));
}

/// Feeds pieces to a connection and gives the body and the trailers of its one request.
fn receive(pieces: &[&[u8]]) -> (Vec<u8>, Trailers, Connection) {
    let mut connection = open();
    let (mut body, mut end) = (Vec::new(), None);
    for piece in pieces {
        assert_eq!(connection.feed(piece, 0), piece.len());
        loop {
            match connection.step(0) {
                Step::Request(_) => {
                    assert_eq!(connection.step(0), Step::Wait, "nobody has asked");
                    connection.ask_body(0);
                }
                Step::Body(piece) => {
                    assert!(!piece.is_empty());
                    body.extend(piece);
                    connection.ask_body(0);
                }
                Step::BodyEnd(trailers) => assert_eq!(end.replace(trailers), None),
                // When it is over, its answer is waited for.
                Step::NeedMore | Step::Wait => break,
                other => panic!("{other:?}"),
            }
        }
    }
    (body, end.unwrap(), connection)
}

#[test]
fn a_body_is_the_same_however_it_is_cut() {
    for stream in [SIZED, CHUNKED] {
        for first in 0..stream.len() {
            for second in (first..stream.len()).step_by(5) {
                let bytes = stream.as_bytes();
                let cut = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                let (body, trailers, mut connection) = receive(&cut);
                assert_eq!(body, b"0123456789", "cut at {first} and {second}");
                let fields = trailers.fields();
                assert_eq!(fields.get("x-sum").is_some(), stream == CHUNKED);
                assert!(fields.len() <= 1, "{fields:?} must not trail");
                answer(&mut connection);
                assert!(!flush(&mut connection).contains("close"));
                assert_eq!(connection.step(0), Step::NeedMore);
            }
        }
    }
}

#[test]
fn a_short_body_is_gathered_and_has_its_trailers() {
    let mut connection = open();
    connection.feed(
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nfour",
        0,
    );
    let Step::Request(request) = connection.step(0) else {
        panic!("whole");
    };
    assert_eq!(
        (request.body(), connection.inflowing()),
        (&b"four"[..], None)
    );

    let gathers = Limits {
        body_streams_above: usize::MAX,
        body_bytes_max: 10,
        ..limits()
    };
    let mut connection = Connection::new(Arc::new(gathers), 0);
    connection.feed(CHUNKED.as_bytes(), 0);
    let Step::Request(request) = connection.step(0) else {
        panic!("whole");
    };
    assert_eq!(request.body(), b"0123456789");
    let trailers: Vec<_> = request.trailers().iter().collect();
    assert_eq!(trailers, [("X-Sum", "7")], "but not what must not trail");
}

#[test]
fn no_more_than_a_buffer_is_read_of_a_body_that_nobody_asks_for() {
    let mut connection = open();
    let head = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    begin(&mut connection, head);
    assert_eq!(connection.feed(&[b'0'; 1_000], 0), 256);
    assert_eq!((connection.step(0), connection.room()), (Step::Wait, 0));
    assert_eq!(connection.deadline(), None, "the peer is not to blame");
}

#[test]
fn a_peer_is_told_to_go_on_when_its_body_is_asked_for() {
    let mut connection = open();
    let head = "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n";
    begin(&mut connection, head);
    assert_eq!(connection.step(0), Step::Wait);
    assert!(!connection.has_output());
    connection.ask_body(0);
    assert_eq!(connection.step(0), Step::Continue100);
    assert!(flush(&mut connection).starts_with("HTTP/1.1 100"));
    connection.feed(b"0123456789", 0);
    assert_eq!(connection.step(0), Step::Body(b"0123456789".to_vec()));
    assert_eq!(connection.step(0), Step::BodyEnd(Trailers::new()));
}

#[test]
fn an_answer_before_the_body_is_over_closes_the_connection_and_lingers() {
    let mut connection = open();
    begin(&mut connection, &SIZED[..SIZED.len() - 5]);
    answer(&mut connection);
    assert!(flush(&mut connection).contains("\r\nConnection: close\r\n"));
    assert_eq!(connection.inflowing(), None);
    assert_eq!(connection.step(0), Step::HalfClose);
    assert_eq!(
        connection.feed(&[b'x'; 5_000], 0),
        5_000,
        "and is thrown away"
    );
    connection.end_input();
    assert_eq!(connection.step(0), Step::Closed);
}

#[test]
fn a_body_may_flow_in_while_its_answer_flows_out() {
    let mut connection = open();
    begin(&mut connection, &SIZED[..SIZED.len() - 5]);
    let head = (Response::new(StatusCode::OK), None);
    let turn = connection.turn();
    connection.begin_flow(turn, head, &date(), 0).unwrap();
    let mut echoed = 0;
    let mut rest = &SIZED[SIZED.len() - 5..];
    connection.ask_body(0);
    loop {
        match connection.step(0) {
            Step::Body(piece) => {
                echoed += piece.len();
                let mut pieces = WriteBuffer::new(1);
                pieces.push(&piece);
                connection.flow(&mut pieces, 0);
                connection.ask_body(0);
            }
            Step::NeedMore => {
                assert_eq!(connection.feed(rest.as_bytes(), 0), 5);
                rest = "";
            }
            other => break assert_eq!(other, Step::BodyEnd(Trailers::new())),
        }
    }
    assert_eq!(echoed, 10);
    connection.finish_flow(&Trailers::new(), &date(), 0);
    assert!(flush(&mut connection).ends_with("5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"));
    assert_eq!(connection.step(0), Step::HalfClose, "as was said before");
}

#[test]
fn a_bad_body_is_told_and_its_answer_is_the_last() {
    let chunks = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let cases = [
        (format!("{chunks}4\r\n0123\r\nx"), Fault::ChunkSizeMalformed),
        (format!("{chunks}4\r\n0123\r\n61\r\n"), Fault::BodyTooLarge),
        (SIZED[..SIZED.len() - 5].to_owned(), Fault::EndedEarly),
    ];
    for (bytes, fault) in cases {
        let mut connection = open();
        begin(&mut connection, &bytes);
        connection.end_input();
        let error = loop {
            connection.ask_body(0);
            match connection.step(0) {
                Step::Body(_) => {}
                Step::BodyBad(error) => break error,
                other => panic!("{fault:?}: {other:?}"),
            }
        };
        assert_eq!(error.fault, fault);
        assert_eq!(connection.step(0), Step::Wait, "the answer is still due");
        answer(&mut connection);
        assert!(flush(&mut connection).contains("\r\nConnection: close\r\n"));
        assert_eq!(connection.step(0), Step::Closed);
    }
}

#[test]
fn a_body_beyond_its_limit_is_refused_before_it_is_sent() {
    let mut connection = open();
    let head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n";
    connection.feed(head.as_bytes(), 0);
    let Step::Bad(error) = connection.step(0) else {
        panic!("refused");
    };
    assert_eq!(error.fault, Fault::BodyTooLarge);
}

#[test]
fn only_the_time_that_a_peer_takes_counts_against_it() {
    let mut connection = open();
    begin(&mut connection, &SIZED[..SIZED.len() - 5]);
    let limit = u64::try_from(limits().timeouts.body.as_nanos()).unwrap();
    connection.ask_body(10 * limit);
    assert!(matches!(connection.step(10 * limit), Step::Body(_)));
    connection.ask_body(20 * limit);
    assert_eq!(connection.step(20 * limit), Step::NeedMore);
    // A byte is no progress: it does not begin the wait anew.
    connection.feed(b"5", 20 * limit + limit / 2);
    let at = 20 * limit + limit / 2;
    assert_eq!(connection.step(at), Step::Body(b"5".to_vec()));
    connection.ask_body(at);
    let deadline = connection.deadline().unwrap();
    assert_eq!((deadline.timeout, deadline.at), (Timeout::Body, 21 * limit));
    let Step::BodyBad(error) = connection.step(deadline.at) else {
        panic!("too slow");
    };
    assert_eq!(error.fault, Fault::BodyTooSlow);
}

#[test]
fn a_request_whose_body_flows_in_is_alone() {
    let mut connection = open();
    connection.feed(GET.as_bytes(), 0);
    assert!(matches!(connection.step(0), Step::Request(_)));
    connection.feed(SIZED.replace("PUT", "GET").as_bytes(), 0);
    connection.feed(GET.as_bytes(), 0);
    assert_eq!(connection.step(0), Step::Wait);
    answer(&mut connection);
    assert!(matches!(connection.step(0), Step::Request(_)));
    connection.ask_body(0);
    assert!(matches!(connection.step(0), Step::Body(_)));
    assert!(matches!(connection.step(0), Step::BodyEnd(_)));
    assert_eq!(
        connection.step(0),
        Step::Wait,
        "the next waits for its answer"
    );
    answer(&mut connection);
    assert!(matches!(connection.step(0), Step::Request(_)));
}
