//! Drives a connection as a reactor would, and records what it asked for.

use std::sync::Arc;

use seda_io::buffer::WriteBuffer;
use seda_io::http::{
    Connection, Headers, HttpDate, Limits, ProtocolError, Request, Response, StatusCode, Step,
    Trailers,
};

/// What a connection did with a stream of bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) requests: Vec<Request>,
    pub(crate) continues: usize,
    pub(crate) bad: Option<ProtocolError>,
    pub(crate) output: Vec<u8>,
    pub(crate) closed: bool,
}

/// Small enough for a test to run into each.
#[allow(dead_code, reason = "each test uses a part of this")]
pub(crate) fn small_limits() -> Limits {
    Limits {
        request_line_bytes_max: 64,
        head_bytes_max: 256,
        headers_max: 8,
        body_bytes_max: 32,
        ..Limits::default()
    }
}

/// Tells whether a request is one that [`drive`] upgrades, to a protocol in which all comes back.
fn asks_for_echo(request: &Request) -> bool {
    let path = request.target().path();
    path == "/upgrade" && request.headers().list_has("upgrade", "echo")
}

/// Upgrades a connection whose request has just come, if that may be.
fn upgrade(connection: &mut Connection) -> bool {
    let mut headers = Headers::new();
    headers.push("Upgrade", "echo").unwrap();
    let turn = connection.turn();
    let upgraded = connection.upgrade(turn, &headers, 0);
    connection.ask_body(0);
    upgraded
}

/// Feeds the pieces, answers each request with its own body, then ends the input.
#[allow(dead_code, reason = "each test uses a part of this")]
pub(crate) fn drive(limits: &Limits, pieces: &[&[u8]]) -> Record {
    let echo = |request: &Request| Response::new(StatusCode::OK).with_body(request.body().to_vec());
    drive_by(limits, pieces, &echo)
}

/// As [`drive`], with other answers.
pub(crate) fn drive_by(
    limits: &Limits,
    pieces: &[&[u8]],
    answer: &dyn Fn(&Request) -> Response,
) -> Record {
    let mut connection = Connection::new(Arc::new(limits.clone()), 0);
    let mut record = Record::default();
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() && !record.closed {
            let taken = connection.feed(rest, 0);
            rest = rest.get(taken..).unwrap();
            let before = record.requests.len() + usize::from(record.bad.is_some());
            step_until_fed(&mut connection, &mut record, answer);
            let after = record.requests.len() + usize::from(record.bad.is_some());
            assert!(
                taken > 0 || after > before || record.closed,
                "stuck before {rest:?}"
            );
        }
    }
    connection.end_input();
    step_until_fed(&mut connection, &mut record, answer);
    record
}

/// As [`drive`], one byte at a time.
#[allow(dead_code, reason = "each test uses a part of this")]
pub(crate) fn drip(limits: &Limits, bytes: &[u8]) -> Record {
    let pieces: Vec<_> = bytes.chunks(1).collect();
    drive(limits, &pieces)
}

fn step_until_fed(
    connection: &mut Connection,
    record: &mut Record,
    answer: &dyn Fn(&Request) -> Response,
) {
    let date = HttpDate::from_unix(0);
    loop {
        match connection.step(0) {
            Step::NeedMore => return,
            Step::HalfClose => {}
            Step::Body(piece) => {
                let mut pieces = WriteBuffer::new(usize::MAX);
                pieces.push(&piece);
                connection.flow(&mut pieces, 0);
                connection.ask_body(0);
            }
            Step::BodyEnd(_) => connection.finish_flow(&Trailers::new(), &date, 0),
            Step::BodyBad(error) => panic!("nothing but an echo flows in: {error}"),
            Step::Continue100 => record.continues += 1,
            Step::Wait => {
                let output = connection.output().to_vec();
                assert!(!output.is_empty(), "waits for nothing");
                connection.sent(output.len(), 0);
                record.output.extend(output);
            }
            Step::Request(request) if asks_for_echo(&request) && upgrade(connection) => {
                record.requests.push(request);
            }
            Step::Request(request) => {
                let response = answer(&request);
                record.requests.push(request);
                connection.answer(response, &date, 0).unwrap();
            }
            Step::Bad(error) => {
                assert_eq!(record.bad.replace(error), None);
                connection.answer(error.into(), &date, 0).unwrap();
            }
            Step::Closed | Step::Reset => {
                record.closed = true;
                return;
            }
        }
    }
}
