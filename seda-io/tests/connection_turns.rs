//! Exchanges, pipelining and the end of one server connection.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

use std::sync::Arc;

use seda_io::http::{
    Connection, HttpDate, Limits, Method, Request, Response, StatusCode, Step, Unasked,
};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

fn open(limits: Limits) -> Connection {
    Connection::new(Arc::new(limits), 0)
}

fn request(connection: &mut Connection) -> Request {
    match connection.step(0) {
        Step::Request(request) => request,
        other => panic!("no request but {other:?}"),
    }
}

fn answer(connection: &mut Connection, response: Response) {
    connection
        .answer(response, &HttpDate::from_unix(0), 0)
        .unwrap();
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

#[test]
fn an_answer_has_status_date_fields_and_length() {
    let mut connection = open(Limits::default());
    connection.feed(GET, 0);
    request(&mut connection);
    let response = Response::text(StatusCode::NOT_FOUND, "no job 7\n");
    answer(&mut connection, response.with_header("X-Job", "7").unwrap());
    assert_eq!(
        flush(&mut connection),
        "HTTP/1.1 404 Not Found\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
         Content-Type: text/plain; charset=utf-8\r\nX-Job: 7\r\nContent-Length: 9\r\n\r\nno job 7\n"
    );
    assert_eq!(connection.step(0), Step::NeedMore);
}

#[test]
fn pipelined_bytes_are_bounded_while_an_answer_is_due() {
    let limits = Limits {
        head_bytes_max: 64,
        pipeline_max: 1,
        ..Limits::default()
    };
    let mut connection = open(limits);
    connection.feed(GET, 0);
    request(&mut connection);
    assert_eq!(connection.feed(&[b'x'; 1_000], 0), 64);
    assert_eq!((connection.room(), connection.feed(b"x", 0)), (0, 0));
}

#[test]
fn no_request_is_taken_while_answers_pile_up_unread() {
    let limits = Limits {
        output_mark_bytes: 100,
        ..Limits::default()
    };
    let mut connection = open(limits);
    connection.feed(&GET.repeat(3), 0);
    request(&mut connection);
    answer(
        &mut connection,
        Response::text(StatusCode::OK, "x".repeat(200)),
    );
    assert_eq!(connection.step(0), Step::Wait);
    flush(&mut connection);
    request(&mut connection);
}

#[test]
fn an_answer_that_nobody_asked_for_comes_back() {
    let mut connection = open(Limits::default());
    let response = Response::text(StatusCode::OK, "hello");
    let refused = connection.answer(response.clone(), &HttpDate::from_unix(0), 0);
    assert_eq!(refused, Err(Unasked(response)));
    assert!(connection.output().is_empty());
}

#[test]
fn head_and_bodiless_answers_have_no_body() {
    let mut connection = open(Limits::default());
    connection.feed(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    assert_eq!(*request(&mut connection).method(), Method::Head);
    answer(&mut connection, Response::text(StatusCode::OK, "hello"));
    let output = flush(&mut connection);
    assert!(output.ends_with("Content-Length: 5\r\n\r\n"), "{output}");

    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED] {
        connection.feed(GET, 0);
        request(&mut connection);
        answer(
            &mut connection,
            Response::new(status).with_body(b"hello".to_vec()),
        );
        let output = flush(&mut connection);
        assert!(output.ends_with("\r\n\r\n"), "{output}");
        assert!(!output.contains("Content-Length"), "{output}");
    }
}

#[test]
fn a_waiting_body_is_asked_for_once() {
    let mut connection = open(Limits::default());
    connection.feed(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n",
        0,
    );
    assert_eq!(connection.step(0), Step::Continue100);
    assert_eq!(flush(&mut connection), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(connection.step(0), Step::NeedMore);
    connection.feed(b"ok", 0);
    assert_eq!(request(&mut connection).body(), b"ok");
    assert!(connection.output().is_empty());
}

#[test]
fn a_body_too_long_is_refused_before_it_is_asked_for() {
    let mut connection = open(Limits::default());
    connection.feed(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n\r\n",
        0,
    );
    let Step::Bad(error) = connection.step(0) else {
        panic!("taken");
    };
    assert_eq!(error.fault.status(), StatusCode::CONTENT_TOO_LARGE);
}

#[test]
fn the_version_and_the_connection_field_decide_whether_it_stays_open() {
    let rows: [(&[u8], &str, bool); 6] = [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", true),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n",
            "",
            true,
        ),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n",
            "Connection: close",
            false,
        ),
        (b"GET / HTTP/1.0\r\n\r\n", "Connection: close", false),
        (
            b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "Connection: keep-alive",
            true,
        ),
        (
            b"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
            "Connection: close",
            false,
        ),
    ];
    for (bytes, field, stays_open) in rows {
        let mut connection = open(Limits::default());
        connection.feed(bytes, 0);
        request(&mut connection);
        answer(&mut connection, Response::new(StatusCode::OK));
        let output = flush(&mut connection);
        assert_eq!(output.contains("Connection"), !field.is_empty(), "{output}");
        assert!(output.contains(field), "{output}");
        let last = if stays_open {
            Step::NeedMore
        } else {
            Step::Closed
        };
        assert_eq!(
            connection.step(0),
            last,
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn a_handler_and_the_count_of_requests_can_close() {
    let mut connection = open(Limits::default());
    connection.feed(GET, 0);
    request(&mut connection);
    answer(&mut connection, Response::new(StatusCode::OK).closing());
    assert!(flush(&mut connection).contains("Connection: close"));

    let mut connection = open(Limits {
        requests_max: 2,
        ..Limits::default()
    });
    connection.feed(&GET.repeat(3), 0);
    for closes in [false, true] {
        request(&mut connection);
        answer(&mut connection, Response::new(StatusCode::OK));
        assert_eq!(flush(&mut connection).contains("Connection: close"), closes);
    }
    assert_eq!(
        connection.step(0),
        Step::HalfClose,
        "the third request was not read"
    );
}

#[test]
fn a_refused_peer_may_read_its_answer_before_the_socket_goes() {
    let mut connection = open(Limits::default());
    connection.feed(b"nonsense\r\n\r\nmore nonsense", 0);
    let Step::Bad(error) = connection.step(0) else {
        panic!("taken");
    };
    answer(&mut connection, error.into());
    assert_eq!(connection.step(0), Step::Wait);
    flush(&mut connection);
    assert_eq!(connection.step(0), Step::HalfClose);
    assert_eq!(
        connection.feed(&vec![b'x'; 100_000], 0),
        100_000,
        "what follows is thrown away"
    );
    assert_eq!(connection.step(0), Step::NeedMore);
    connection.end_input();
    assert_eq!(connection.step(0), Step::Closed);
    assert_eq!(connection.room(), 0);
}

#[test]
fn a_peer_that_ends_its_side_gets_all_its_answers() {
    let mut connection = open(Limits::default());
    connection.feed(&GET.repeat(2), 0);
    connection.end_input();
    for closes in [false, true] {
        request(&mut connection);
        answer(&mut connection, Response::new(StatusCode::OK));
        assert_eq!(flush(&mut connection).contains("Connection: close"), closes);
    }
    assert_eq!(connection.step(0), Step::Closed);
}

#[test]
fn a_retired_connection_ends_at_rest_or_behind_its_answer() {
    let mut idle = open(Limits::default());
    idle.retire();
    assert_eq!(idle.step(0), Step::Closed);

    let mut busy = open(Limits::default());
    busy.feed(GET, 0);
    request(&mut busy);
    busy.retire();
    assert_eq!(busy.step(0), Step::Wait);
    answer(&mut busy, Response::new(StatusCode::OK));
    assert!(flush(&mut busy).contains("Connection: close"));
    assert_eq!(busy.step(0), Step::Closed);
}
