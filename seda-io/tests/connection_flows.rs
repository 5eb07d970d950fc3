//! Answers of one connection whose bodies come piece by piece.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it must be"
)]

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use seda_io::buffer::WriteBuffer;
use seda_io::http::{
    Connection, HttpDate, Limits, Response, StatusCode, Step, Timeout, Trailers, Turn,
};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &[u8] = b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok";
const OLD: &[u8] = b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

fn open() -> Connection {
    Connection::new(Arc::new(Limits::default()), 0)
}

fn date() -> HttpDate {
    HttpDate::from_unix(0)
}

/// Takes a request and begins to stream its answer.
fn begin(connection: &mut Connection, length: Option<u64>) -> Turn {
    assert!(matches!(connection.step(0), Step::Request(_)));
    let turn = connection.turn();
    let head = (Response::new(StatusCode::OK), length);
    connection.begin_flow(turn, head, &date(), 0).unwrap();
    turn
}

fn flow(connection: &mut Connection, piece: &[u8]) {
    let mut pieces = WriteBuffer::new(1);
    pieces.push(piece);
    connection.flow(&mut pieces, 0);
}

fn finish(connection: &mut Connection) {
    connection.finish_flow(&Trailers::new(), &date(), 0);
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

/// Parts a head from what is behind it.
fn parted(text: &str) -> (&str, &str) {
    text.split_once("\r\n\r\n").unwrap()
}

#[test]
fn pieces_leave_as_chunks_with_trailers_behind_them() {
    let mut connection = open();
    connection.feed(GET, 0);
    let turn = begin(&mut connection, None);
    assert_eq!(connection.flowing(), Some(turn));
    let text = flush(&mut connection);
    let (head, body) = parted(&text);
    assert!(head.contains("\r\nTransfer-Encoding: chunked"), "{head}");
    assert!(!head.contains("Content-Length"), "{head}");
    assert_eq!(body, "", "the head does not wait for the body");
    flow(&mut connection, b"");
    flow(&mut connection, b"hello");
    flow(&mut connection, &[b'x'; 17]);
    assert_eq!(
        flush(&mut connection),
        format!("5\r\nhello\r\n11\r\n{}\r\n", "x".repeat(17))
    );
    assert_eq!(connection.step(0), Step::NeedMore);
    let trailers = Trailers::new().with("X-Sum", "7").unwrap();
    connection.finish_flow(&trailers, &date(), 0);
    assert_eq!(flush(&mut connection), "0\r\nX-Sum: 7\r\n\r\n");
    assert_eq!(
        (connection.flowing(), connection.owes_answer()),
        (None, false)
    );
    assert_eq!(connection.step(0), Step::NeedMore, "the connection goes on");
}

#[test]
fn a_length_that_was_said_needs_no_chunks() {
    let mut connection = open();
    connection.feed(GET, 0);
    begin(&mut connection, Some(5));
    flow(&mut connection, b"he");
    flow(&mut connection, b"llo");
    finish(&mut connection);
    let text = flush(&mut connection);
    assert!(text.contains("\r\nContent-Length: 5\r\n"), "{text}");
    assert_eq!(parted(&text).1, "hello");
    assert_eq!(connection.step(0), Step::NeedMore);
}

#[test]
fn a_body_that_is_not_as_long_as_was_said_closes_the_connection() {
    for pieces in [&[b"hell".as_slice()][..], &[b"hel", b"lo!"]] {
        let mut connection = open();
        connection.feed(GET, 0);
        begin(&mut connection, Some(5));
        for piece in pieces {
            flow(&mut connection, piece);
        }
        finish(&mut connection);
        let text = flush(&mut connection);
        assert!(parted(&text).1.len() < 5, "{text}");
        assert_eq!(connection.step(0), Step::HalfClose, "{pieces:?}");
    }
}

#[test]
fn one_that_is_broken_off_ends_without_its_last_chunk() {
    let mut connection = open();
    connection.feed(GET, 0);
    begin(&mut connection, None);
    flow(&mut connection, b"hel");
    connection.break_flow();
    assert_eq!(connection.step(0), Step::Wait, "what was taken is sent");
    assert!(flush(&mut connection).ends_with("\r\n\r\n3\r\nhel\r\n"));
    assert_eq!(connection.step(0), Step::HalfClose);
    connection.end_input();
    assert_eq!(connection.step(0), Step::Closed);
}

#[test]
fn an_old_peer_reads_up_to_the_end_of_the_connection() {
    let mut connection = open();
    connection.feed(OLD, 0);
    begin(&mut connection, None);
    flow(&mut connection, b"hello");
    finish(&mut connection);
    let text = flush(&mut connection);
    let (head, body) = parted(&text);
    assert!(head.ends_with("\r\nConnection: close"), "{head}");
    assert!(
        !head.contains("chunked") && !head.contains("Length"),
        "{head}"
    );
    assert_eq!(body, "hello");
    assert_eq!(connection.step(0), Step::Closed);
}

#[test]
fn an_old_peer_sees_that_a_body_is_not_whole() {
    let mut connection = open();
    connection.feed(OLD, 0);
    begin(&mut connection, None);
    flow(&mut connection, b"hel");
    connection.break_flow();
    assert_eq!(connection.step(0), Step::Reset);
    assert_eq!(connection.step(0), Step::Closed);
}

#[test]
fn an_old_peer_may_keep_the_connection_when_the_length_is_said() {
    let mut connection = open();
    connection.feed(OLD, 0);
    begin(&mut connection, Some(2));
    flow(&mut connection, b"ok");
    finish(&mut connection);
    assert!(flush(&mut connection).contains("\r\nConnection: keep-alive\r\n"));
    assert_eq!(connection.step(0), Step::NeedMore);
}

#[test]
fn a_head_alone_is_whole_at_once() {
    let mut connection = open();
    connection.feed(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    begin(&mut connection, None);
    assert_eq!(
        (connection.flowing(), connection.owes_answer()),
        (None, false)
    );
    flow(&mut connection, b"nothing of this");
    finish(&mut connection);
    let text = flush(&mut connection);
    assert!(
        text.contains("chunked") && parted(&text).1.is_empty(),
        "{text}"
    );
    assert_eq!(connection.step(0), Step::NeedMore);
}

#[test]
fn a_status_without_a_body_is_whole_at_once() {
    for (status, length) in [
        (StatusCode::NO_CONTENT, None),
        (StatusCode::new(205).unwrap(), Some("0")),
    ] {
        let mut connection = open();
        connection.feed(GET, 0);
        assert!(matches!(connection.step(0), Step::Request(_)));
        let (turn, head) = (connection.turn(), (Response::new(status), None));
        connection.begin_flow(turn, head, &date(), 0).unwrap();
        assert_eq!(connection.flowing(), None);
        let text = flush(&mut connection);
        let said = text
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        assert_eq!(said, length, "{text}");
        assert_eq!(connection.step(0), Step::NeedMore);
    }
}

#[test]
fn answers_behind_a_streamed_one_wait_for_its_end() {
    let mut connection = open();
    connection.feed(&GET.repeat(3), 0);
    begin(&mut connection, None);
    assert!(matches!(connection.step(0), Step::Request(_)));
    let second = connection.turn();
    let third = begin(&mut connection, Some(5));
    let whole = Response::text(StatusCode::OK, "second");
    connection.answer_to(second, whole, &date(), 0).unwrap();
    flow(&mut connection, b"first");
    let text = flush(&mut connection);
    assert!(!text.contains("second"), "{text}");
    finish(&mut connection);
    assert_eq!(connection.flowing(), Some(third), "its turn has come");
    flow(&mut connection, b"third");
    finish(&mut connection);
    let text = flush(&mut connection);
    let (second, third) = (text.find("second"), text.find("third"));
    assert!(second.is_some() && second < third, "{text}");
    assert_eq!(connection.step(0), Step::NeedMore);
}

#[test]
fn a_request_that_changes_something_waits_for_the_end_of_a_streamed_answer() {
    let mut connection = open();
    connection.feed(GET, 0);
    begin(&mut connection, None);
    connection.feed(POST, 0);
    assert_eq!(connection.step(0), Step::Wait);
    finish(&mut connection);
    assert!(matches!(connection.step(0), Step::Request(_)));
}

#[test]
fn a_body_that_waits_to_be_asked_for_waits_for_the_end_of_a_streamed_answer() {
    let mut connection = open();
    connection.feed(GET, 0);
    begin(&mut connection, None);
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    connection.feed(head.as_bytes(), 0);
    assert_eq!(connection.step(0), Step::NeedMore);
    assert!(!flush(&mut connection).contains("100 Continue"));
    finish(&mut connection);
    assert_eq!(connection.step(0), Step::Continue100);
}

#[test]
fn the_last_answer_closes_the_connection_behind_its_body() {
    let mut connection = open();
    connection.feed(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 0);
    begin(&mut connection, None);
    flow(&mut connection, b"bye");
    assert!(flush(&mut connection).contains("\r\nConnection: close\r\n"));
    assert_eq!(connection.step(0), Step::Wait);
    assert!(connection.room() > 0, "the peer's end is still seen");
    finish(&mut connection);
    assert_eq!(flush(&mut connection), "0\r\n\r\n");
    assert_eq!(connection.step(0), Step::Closed);
}

#[test]
fn a_peer_that_ends_its_side_gets_the_rest_of_a_streamed_answer() {
    let mut connection = open();
    connection.feed(GET, 0);
    begin(&mut connection, None);
    connection.end_input();
    assert_eq!(connection.step(0), Step::Wait);
    flow(&mut connection, b"rest");
    finish(&mut connection);
    assert!(flush(&mut connection).ends_with("4\r\nrest\r\n0\r\n\r\n"));
    assert_eq!(connection.step(0), Step::Closed);
}

#[test]
fn a_retired_connection_ends_behind_a_streamed_answer() {
    let mut connection = open();
    connection.feed(GET, 0);
    begin(&mut connection, None);
    connection.retire();
    assert_eq!(connection.step(0), Step::Wait);
    finish(&mut connection);
    flush(&mut connection);
    assert_eq!(connection.step(0), Step::Closed);
}

#[test]
fn a_streamed_answer_is_timed_only_while_something_of_it_is_unsent() {
    let seconds = |n| Duration::from_secs(n).as_nanos().try_into().unwrap();
    let mut connection = open();
    connection.feed(GET, 0);
    begin(&mut connection, None);
    assert_eq!(connection.deadline().unwrap().timeout, Timeout::Write);
    flush(&mut connection);
    assert_eq!(connection.deadline(), None, "it may be silent for ever");
    let mut pieces = WriteBuffer::new(1);
    pieces.push(b"late");
    connection.flow(&mut pieces, seconds(1_000));
    let deadline = connection.deadline().unwrap();
    assert_eq!(
        (deadline.timeout, deadline.since),
        (Timeout::Write, seconds(1_000))
    );
    assert_eq!(connection.step(seconds(1_000)), Step::NeedMore);
    assert_eq!(connection.step(deadline.at), Step::Closed);
}

#[test]
fn a_silent_answer_does_not_outlast_a_peer_that_has_ended_its_side() {
    let mut connection = open();
    connection.feed(GET, 0);
    begin(&mut connection, None);
    flush(&mut connection);
    connection.end_input();
    let deadline = connection.deadline().unwrap();
    assert_eq!(deadline.timeout, Timeout::Idle);
    assert_eq!(connection.step(deadline.at - 1), Step::Wait);
    assert_eq!(connection.step(deadline.at), Step::Closed);
}

/// Says what becomes of one request in turn.
#[derive(Clone, Debug)]
enum Way {
    Whole(usize),
    Chunks(Vec<usize>),
    Sized(Vec<usize>),
}

fn way() -> impl Strategy<Value = Way> {
    let pieces = || prop::collection::vec(0_usize..40_000, 0..4);
    prop_oneof![
        (0_usize..40_000).prop_map(Way::Whole),
        pieces().prop_map(Way::Chunks),
        pieces().prop_map(Way::Sized),
    ]
}

/// Takes the body of the first answer out of `text`, and what is behind it.
fn read(text: &str) -> (usize, &str) {
    let (head, mut rest) = parted(text);
    if let Some((_, length)) = head.split_once("Content-Length: ") {
        let length = length.lines().next().unwrap().parse().unwrap();
        return (length, &rest[length..]);
    }
    let mut bytes = 0;
    loop {
        let (size, behind) = rest.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        assert_eq!(&behind[size..size + 2], "\r\n");
        rest = &behind[size + 2..];
        bytes += size;
        if size == 0 {
            return (bytes, rest);
        }
    }
}

proptest! {
    #[test]
    fn any_answers_leave_whole_and_in_order(ways in prop::collection::vec(way(), 1..6)) {
        let mut connection = open();
        connection.feed(&GET.repeat(ways.len()), 0);
        let mut turns = Vec::new();
        for way in &ways {
            prop_assert!(matches!(connection.step(0), Step::Request(_)));
            turns.push((connection.turn(), way.clone()));
        }
        // The heads are given from the last to the first: all have to wait.
        for (turn, way) in turns.iter().rev() {
            let (turn, response) = (*turn, Response::new(StatusCode::OK));
            match way {
                Way::Whole(len) => {
                    let whole = response.with_body(vec![b'w'; *len]);
                    connection.answer_to(turn, whole, &date(), 0).unwrap();
                }
                Way::Chunks(_) => connection.begin_flow(turn, (response, None), &date(), 0).unwrap(),
                Way::Sized(pieces) => {
                    let length = pieces.iter().sum::<usize>() as u64;
                    connection.begin_flow(turn, (response, Some(length)), &date(), 0).unwrap();
                }
            }
        }
        while let Some(flowing) = connection.flowing() {
            let (_, way) = turns.iter().find(|(turn, _)| *turn == flowing).unwrap();
            if let Way::Chunks(pieces) | Way::Sized(pieces) = way {
                for len in pieces {
                    flow(&mut connection, &vec![b'f'; *len]);
                }
            }
            finish(&mut connection);
        }
        let text = flush(&mut connection);
        let mut rest = text.as_str();
        for way in &ways {
            let (bytes, behind) = read(rest);
            let expected = match way {
                Way::Whole(len) => *len,
                Way::Chunks(pieces) | Way::Sized(pieces) => pieces.iter().sum(),
            };
            prop_assert_eq!(bytes, expected);
            rest = behind;
        }
        prop_assert_eq!(rest, "");
        prop_assert_eq!(connection.step(0), Step::NeedMore);
    }
}
