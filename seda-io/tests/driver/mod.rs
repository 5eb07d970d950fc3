//! Drives a connection as a reactor would, and records what it asked for.

use std::sync::Arc;

use seda_io::http::{
    Connection, HttpDate, Limits, ProtocolError, Request, Response, StatusCode, Step,
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
pub(crate) fn small_limits() -> Limits {
    Limits {
        request_line_bytes_max: 64,
        head_bytes_max: 256,
        headers_max: 8,
        body_bytes_max: 32,
        ..Limits::default()
    }
}

/// Feeds the pieces, answers each request with its own body, then ends the input.
pub(crate) fn drive(limits: &Limits, pieces: &[&[u8]]) -> Record {
    let mut connection = Connection::new(Arc::new(limits.clone()), 0);
    let mut record = Record::default();
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() && !record.closed {
            let taken = connection.feed(rest, 0);
            rest = rest.get(taken..).unwrap();
            let before = record.requests.len() + usize::from(record.bad.is_some());
            step_until_fed(&mut connection, &mut record);
            let after = record.requests.len() + usize::from(record.bad.is_some());
            assert!(
                taken > 0 || after > before || record.closed,
                "stuck before {rest:?}"
            );
        }
    }
    connection.end_input();
    step_until_fed(&mut connection, &mut record);
    record
}

/// As [`drive`], one byte at a time.
pub(crate) fn drip(limits: &Limits, bytes: &[u8]) -> Record {
    let pieces: Vec<_> = bytes.chunks(1).collect();
    drive(limits, &pieces)
}

fn step_until_fed(connection: &mut Connection, record: &mut Record) {
    let date = HttpDate::from_unix(0);
    loop {
        match connection.step(0) {
            Step::NeedMore => return,
            Step::HalfClose => {}
            Step::Continue100 => record.continues += 1,
            Step::Wait => {
                let output = connection.output().to_vec();
                assert!(!output.is_empty(), "waits for nothing");
                connection.sent(output.len(), 0);
                record.output.extend(output);
            }
            Step::Request(request) => {
                let answer = Response::new(StatusCode::OK).with_body(request.body().to_vec());
                record.requests.push(request);
                connection.answer(answer, &date, 0).unwrap();
            }
            Step::Bad(error) => {
                assert_eq!(record.bad.replace(error), None);
                connection.answer(error.into(), &date, 0).unwrap();
            }
            Step::Closed => {
                record.closed = true;
                return;
            }
        }
    }
}
