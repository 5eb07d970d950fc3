//! Whether the server keeps to RFC 9110 and RFC 9112, case by case, however the bytes are cut.
//!
//! The cases are text, in `cases/`, one file a theme; [`case`] says how they are written.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod case;
#[path = "../driver/mod.rs"]
mod driver;
mod outcome;
mod service;
#[path = "../serving/mod.rs"]
mod serving;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;

use case::{Behind, Case};
use outcome::{Outcome, PROBE, Verdict};
use parking_lot::Mutex;
use seda_io::http::{Limits, ProtocolError, Request};

/// File, text.
const THEMES: [(&str, &str); 10] = [
    ("request_line.txt", include_str!("cases/request_line.txt")),
    ("fields.txt", include_str!("cases/fields.txt")),
    ("length.txt", include_str!("cases/length.txt")),
    ("chunks.txt", include_str!("cases/chunks.txt")),
    ("persistence.txt", include_str!("cases/persistence.txt")),
    ("upgrade.txt", include_str!("cases/upgrade.txt")),
    ("answers.txt", include_str!("cases/answers.txt")),
    ("conditions.txt", include_str!("cases/conditions.txt")),
    ("ranges.txt", include_str!("cases/ranges.txt")),
    ("smuggling.txt", include_str!("cases/smuggling.txt")),
];

/// The least there must be of all cases, and of those that smuggle.
const CASES_MIN: usize = 200;
const SMUGGLING_MIN: usize = 30;

/// Small enough for a case to run into each.
fn limits() -> Limits {
    Limits {
        request_line_bytes_max: 128,
        head_bytes_max: 512,
        headers_max: 12,
        body_bytes_max: 64,
        ..Limits::default()
    }
}

fn theme(file: &str) -> Vec<Case> {
    let found = THEMES.iter().find(|(name, _)| *name == file).unwrap();
    case::parse(file, found.1)
}

fn all_cases() -> impl Iterator<Item = Case> {
    THEMES
        .iter()
        .flat_map(|(file, text)| case::parse(file, text))
}

/// Gives what is sent: the case, and the request behind it unless the client ends it there.
fn stream(case: &Case) -> Vec<u8> {
    match case.behind {
        Behind::Open | Behind::Closed => [&case.sent, PROBE].concat(),
        Behind::Ended => case.sent.clone(),
    }
}

/// Holds a case against a connection, whole, cut at every place, and byte by byte.
fn hold(case: &Case) -> Verdict<()> {
    let stream = stream(case);
    let whole = drive(case, &[&stream])?;
    whole.1.check(case)?;
    for place in 1..stream.len() {
        let (first, second) = stream.split_at(place);
        if drive(case, &[first, second])? != whole {
            return Err(case.blame(&format!("cut at {place}, it is another")));
        }
    }
    let bytes: Vec<_> = stream.chunks(1).collect();
    if drive(case, &bytes)? != whole {
        return Err(case.blame("byte by byte, it is another"));
    }
    Ok(())
}

/// Feeds the pieces to a connection; gives what was wrong with them and what came of them.
fn drive(case: &Case, pieces: &[&[u8]]) -> Verdict<(Option<ProtocolError>, Outcome)> {
    let record = driver::drive_by(&limits(), pieces, &service::answer);
    if !record.closed {
        return Err(case.blame("the connection is never closed"));
    }
    let outcome = Outcome::of(case, record.requests, &record.output)?;
    Ok((record.bad, outcome))
}

fn hold_all(file: &str) {
    let cases = theme(file);
    assert!(!cases.is_empty());
    none(cases.iter().filter_map(|case| hold(case).err()));
}

fn none(wrong: impl Iterator<Item = String>) {
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn request_lines_are_read_as_the_rfc_says() {
    hold_all("request_line.txt");
}

#[test]
fn fields_are_read_as_the_rfc_says() {
    hold_all("fields.txt");
}

#[test]
fn lengths_and_codings_are_read_as_the_rfc_says() {
    hold_all("length.txt");
}

#[test]
fn chunks_are_read_as_the_rfc_says() {
    hold_all("chunks.txt");
}

#[test]
fn connections_persist_and_close_as_the_rfc_says() {
    hold_all("persistence.txt");
}

#[test]
fn another_protocol_is_spoken_as_the_rfc_says() {
    hold_all("upgrade.txt");
}

#[test]
fn answers_are_framed_as_the_rfc_says() {
    hold_all("answers.txt");
}

#[test]
fn conditions_are_evaluated_as_the_rfc_says() {
    hold_all("conditions.txt");
}

#[test]
fn ranges_are_answered_as_the_rfc_says() {
    hold_all("ranges.txt");
}

#[test]
fn no_request_is_smuggled() {
    hold_all("smuggling.txt");
}

#[test]
fn a_server_does_the_same_over_a_socket() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&seen);
    let serving = serving::serve(limits(), move |graph| service::requests(graph, &recorded));
    none(all_cases().filter_map(|case| {
        let output = exchange(serving.address, &case);
        let seen = std::mem::take(&mut *seen.lock());
        compare(&case, seen, &output).err()
    }));
    serving.end();
}

/// Sends what a case sends, and gives what the server sends to its end.
fn exchange(address: SocketAddr, case: &Case) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(serving::PATIENCE)).unwrap();
    socket.write_all(&stream(case)).unwrap();
    if case.behind == Behind::Ended {
        socket.shutdown(Shutdown::Write).unwrap();
    }
    let mut output = Vec::new();
    socket.read_to_end(&mut output).unwrap();
    output
}

/// Holds what came over a socket against the case and against the connection alone.
fn compare(case: &Case, seen: Vec<Request>, output: &[u8]) -> Verdict<()> {
    let mut outcome = Outcome::of(case, seen, output)?;
    outcome.check(case)?;
    let (_, mut alone) = drive(case, &[&stream(case)])?;
    if case.behind == Behind::Ended {
        alone.forget_end();
        outcome.forget_end();
    }
    if alone != outcome {
        return Err(case.blame("over a socket, it is another"));
    }
    Ok(())
}

#[test]
fn the_cases_are_many_and_each_names_its_paragraph() {
    let mut names = HashSet::new();
    let mut count = 0;
    for case in all_cases() {
        count += 1;
        let (number, paragraph) = case.rfc.split_once(' ').unwrap_or_default();
        let known = ["3986", "7233", "9110", "9112"].contains(&number);
        let plausible = paragraph
            .split('.')
            .all(|part| part.parse::<u8>().is_ok_and(|part| part > 0));
        assert!(known && plausible, "{}", case.blame("no paragraph"));
        assert!(
            names.insert(case.name.clone()),
            "{}",
            case.blame("not the first")
        );
        let behind = case.behind == Behind::Ended;
        let said = !case.answers.is_empty() || !case.seen.is_empty();
        assert!(behind || said, "{}", case.blame("expects nothing"));
    }
    let smuggling = theme("smuggling.txt").len();
    println!("{count} cases, {smuggling} of them smuggle");
    assert!(count >= CASES_MIN && smuggling >= SMUGGLING_MIN, "{count}");
}

#[test]
fn a_wrong_expectation_is_told_with_its_line() {
    let sent = "> GET /a HTTP/1.1\n> Host: a\n>\n";
    let right = "saw GET /a\n< 200\nopen\n";
    let verdict = |expected: &str| {
        let text = format!("== one\nrfc 9112 3\n{sent}{expected}");
        hold(&case::parse("x.txt", &text)[0])
    };
    assert_eq!(verdict(right), Ok(()));
    let rows = [
        ("saw GET /b\n< 200\nopen\n", "x.txt:6: target is"),
        ("saw GET /a b\n< 200\nopen\n", "x.txt:6: body is"),
        (
            "saw GET /a\nwith Host: b\n< 200\nopen\n",
            "x.txt:6: Host is",
        ),
        ("saw GET /a\n< 204\nopen\n", "x.txt:7: status is"),
        (
            "saw GET /a\n< 200\n<+ Content-Length: 1\nopen\n",
            "x.txt:7: Content-Length is",
        ),
        (
            "saw GET /a\n< 200\n<- Content-Length\nopen\n",
            "x.txt:7: Content-Length is",
        ),
        ("saw GET /a\n< 200\n<= x\nopen\n", "x.txt:7: body is"),
        (
            "saw GET /a\n< 200\nclosed\n",
            "x.txt:1: one (RFC 9112 3): the stage saw 2",
        ),
        (
            "saw GET /a\nopen\n",
            "x.txt:1: one (RFC 9112 3): the answers are [200, 200]",
        ),
        (
            "< 400\nclosed\n",
            "x.txt:1: one (RFC 9112 3): the stage saw 2",
        ),
    ];
    for (expected, told) in rows {
        let error = verdict(expected).unwrap_err();
        let told = format!("seda-io/tests/conformance/cases/{told}");
        assert!(error.starts_with(&told), "{expected}: {error}");
    }
}
