//! Which deadline a connection is under, since when, and what happens when it passes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

use std::sync::Arc;
use std::time::Duration;

use seda_io::http::{
    Connection, Deadline, HttpDate, Limits, Response, StatusCode, Step, Timeout, Timeouts,
};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &[u8] = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n";

/// A connection opened at 1,000 ns whose timeouts are told apart by their length.
fn open() -> Connection {
    let timeouts = Timeouts {
        head: Duration::from_nanos(100),
        body: Duration::from_nanos(200),
        idle: Duration::from_nanos(300),
        write: Duration::from_nanos(400),
        linger: Duration::from_nanos(500),
        upgraded: Duration::from_nanos(600),
        request: None,
    };
    let limits = Limits {
        timeouts,
        progress_bytes_min: 1_000,
        ..Limits::default()
    };
    Connection::new(Arc::new(limits), 1_000)
}

fn waits_for(connection: &Connection, timeout: Timeout, since: u64, at: u64) {
    assert_eq!(connection.deadline(), Some(Deadline { timeout, since, at }));
}

fn answer(connection: &mut Connection, now: u64) {
    let response = Response::new(StatusCode::OK).with_body(vec![b'x'; 5_000]);
    connection
        .answer(response, &HttpDate::from_unix(0), now)
        .unwrap();
}

fn flush(connection: &mut Connection, now: u64) {
    while !connection.output().is_empty() {
        connection.sent(connection.output().len(), now);
    }
}

#[test]
fn a_silent_newcomer_is_closed_without_a_word() {
    let mut connection = open();
    waits_for(&connection, Timeout::Head, 1_000, 1_100);
    assert_eq!(connection.step(1_099), Step::NeedMore);
    assert_eq!(connection.step(1_100), Step::Closed);
    assert_eq!(connection.deadline(), None);
}

#[test]
fn a_slow_head_is_answered_408_however_steadily_it_drips() {
    let mut connection = open();
    connection.feed(b"G", 1_050);
    waits_for(&connection, Timeout::Head, 1_050, 1_150);
    connection.feed(b"E", 1_149);
    assert_eq!(connection.step(1_149), Step::NeedMore);
    let Step::Bad(error) = connection.step(1_150) else {
        panic!("waits on");
    };
    assert_eq!(error.fault.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(error.to_string(), "head: it did not arrive in time");
}

#[test]
fn a_body_must_make_progress_not_only_move() {
    let mut connection = open();
    connection.feed(POST, 1_000);
    assert_eq!(connection.step(1_010), Step::NeedMore);
    waits_for(&connection, Timeout::Body, 1_010, 1_210);
    connection.feed(&[b'x'; 999], 1_100);
    waits_for(&connection, Timeout::Body, 1_010, 1_210);
    connection.feed(b"x", 1_200);
    waits_for(&connection, Timeout::Body, 1_200, 1_400);
    assert_eq!(connection.step(1_399), Step::NeedMore);
    let Step::Bad(error) = connection.step(1_400) else {
        panic!("waits on");
    };
    assert_eq!(error.to_string(), "body: it made no progress in time");
}

#[test]
fn what_has_arrived_counts_even_when_the_server_comes_late() {
    let mut connection = open();
    connection.feed(&[POST, &[b'x'; 4_999]].concat(), 1_000);
    assert_eq!(
        connection.step(9_000),
        Step::NeedMore,
        "the body's time begins with the head read"
    );
    connection.feed(b"x", 9_500);
    assert!(matches!(connection.step(9_500), Step::Request(_)));
}

#[test]
fn nobody_is_hurried_while_the_server_owes_the_answer() {
    let mut connection = open();
    connection.feed(GET, 1_000);
    assert!(matches!(connection.step(1_000), Step::Request(_)));
    assert_eq!(connection.deadline(), None);
    assert_eq!(connection.step(u64::MAX), Step::NeedMore);
}

#[test]
fn an_answer_must_be_read_with_progress_and_then_the_connection_is_idle() {
    let mut connection = open();
    connection.feed(GET, 1_000);
    connection.step(1_000);
    answer(&mut connection, 2_000);
    waits_for(&connection, Timeout::Write, 2_000, 2_400);
    connection.sent(999, 2_300);
    waits_for(&connection, Timeout::Write, 2_000, 2_400);
    connection.sent(1, 2_350);
    waits_for(&connection, Timeout::Write, 2_350, 2_750);
    flush(&mut connection, 2_500);
    waits_for(&connection, Timeout::Idle, 2_500, 2_800);
    assert_eq!(connection.step(2_800), Step::Closed);
}

#[test]
fn a_peer_that_reads_nothing_is_closed() {
    let mut connection = open();
    connection.feed(GET, 1_000);
    connection.step(1_000);
    answer(&mut connection, 2_000);
    assert_eq!(connection.step(2_399), Step::NeedMore);
    assert_eq!(connection.step(2_400), Step::Closed);
    assert!(connection.output().is_empty());
}

#[test]
fn the_next_head_has_its_time_from_its_first_byte() {
    let mut connection = open();
    connection.feed(GET, 1_000);
    connection.step(1_000);
    answer(&mut connection, 1_000);
    flush(&mut connection, 1_000);
    connection.feed(b"GET", 1_250);
    waits_for(&connection, Timeout::Head, 1_250, 1_350);
}

#[test]
fn a_pipelined_head_has_its_time_from_the_end_of_the_answer_before() {
    let mut connection = open();
    connection.feed(&[GET, b"GET"].concat(), 1_000);
    connection.step(1_000);
    answer(&mut connection, 3_000);
    flush(&mut connection, 3_010);
    waits_for(&connection, Timeout::Head, 3_010, 3_110);
}

#[test]
fn empty_lines_do_not_keep_a_connection() {
    let mut connection = open();
    for now in [1_010, 1_020] {
        connection.feed(b"\r\n", now);
        assert_eq!(connection.step(now), Step::NeedMore);
    }
    connection.feed(b"\r\n", 1_030);
    assert!(matches!(connection.step(1_030), Step::Bad(_)));
}

#[test]
fn a_refused_peer_is_not_waited_for_longer_than_the_linger_time() {
    let mut connection = open();
    connection.feed(b"\0", 1_000);
    assert!(matches!(connection.step(1_000), Step::Bad(_)));
    answer(&mut connection, 1_000);
    flush(&mut connection, 1_010);
    assert_eq!(connection.step(1_020), Step::HalfClose);
    waits_for(&connection, Timeout::Linger, 1_020, 1_520);
    connection.feed(b"still talking", 1_500);
    assert_eq!(connection.step(1_519), Step::NeedMore);
    assert_eq!(connection.step(1_520), Step::Closed);
}
