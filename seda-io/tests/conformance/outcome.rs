//! What came of a case: what the stage saw, what the client got, and whether that is right.

use std::fmt::Debug;

use seda_io::http::Request;

use super::case::{Answered, Behind, Case, Seen};

/// Sent behind each case that does not end the connection: it is answered, or it is not.
pub(crate) const PROBE: &[u8] = b"GET /probe HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n";

/// What came of a case and of the request behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) seen: Vec<Request>,
    pub(crate) answers: Vec<Answer>,
}

/// An answer as it came, without its `Date`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    status: u16,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Says what is wrong, and at which line of the cases.
pub(crate) type Verdict<T> = Result<T, String>;

impl Outcome {
    /// Parts the bytes that the client got into answers.
    pub(crate) fn of(case: &Case, seen: Vec<Request>, output: &[u8]) -> Verdict<Self> {
        let mut answers = Vec::new();
        let mut rest = output;
        let mut methods = seen.iter().map(|request| request.method().as_str());
        while !rest.is_empty() {
            let (answer, behind) =
                Answer::split(rest, &mut methods).map_err(|what| case.blame(&what))?;
            answers.push(answer);
            rest = behind;
        }
        Ok(Self { seen, answers })
    }

    /// Holds what came against what the case says.
    pub(crate) fn check(&self, case: &Case) -> Verdict<()> {
        let probed = usize::from(case.behind == Behind::Open);
        let seen = self.seen.len();
        if seen != case.seen.len() + probed {
            let paths: Vec<_> = self
                .seen
                .iter()
                .map(|request| request.target().as_str())
                .collect();
            return Err(case.blame(&format!("the stage saw {seen} requests: {paths:?}")));
        }
        for (expected, request) in case.seen.iter().zip(&self.seen) {
            expected.check(request)?;
        }
        let got: Vec<_> = self.answers.iter().map(|answer| answer.status).collect();
        if got.len() != case.answers.len() + probed {
            return Err(case.blame(&format!("the answers are {got:?}")));
        }
        for (expected, answer) in case.answers.iter().zip(&self.answers) {
            answer.check(expected)?;
        }
        self.check_end(case, probed)
    }

    /// Forgets whether the last answer says that the connection ends: where the
    /// client has ended it, that depends on when this is known.
    pub(crate) fn forget_end(&mut self) {
        if let Some(last) = self.answers.last_mut() {
            last.fields
                .retain(|(name, _)| !name.eq_ignore_ascii_case("connection"));
        }
    }

    /// The last answer says whether the connection ends (RFC 9112 §9.6), the others do not.
    fn check_end(&self, case: &Case, probed: usize) -> Verdict<()> {
        if probed == 1 && self.answers.last().is_none_or(|last| last.status != 200) {
            return Err(case.blame("the request behind it is not answered"));
        }
        for (index, answer) in self.answers.iter().enumerate() {
            let last = index + 1 == self.answers.len();
            let closes = answer.all("connection").any(|value| value == "close");
            // Behind a client's end there is nothing that an answer could say more.
            if closes != last && (closes || case.behind != Behind::Ended) {
                return Err(case.blame(&format!("answer {index} says close: {closes}")));
            }
        }
        Ok(())
    }
}

impl Answer {
    /// Splits one answer off; the methods are those of the requests that are answered.
    fn split<'a>(
        bytes: &'a [u8],
        methods: &mut dyn Iterator<Item = &str>,
    ) -> Verdict<(Self, &'a [u8])> {
        let shown = || String::from_utf8_lossy(bytes).into_owned();
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.ok_or_else(|| format!("an answer has no end: {:?}", shown()))?;
        let head = str::from_utf8(&bytes[..end]).map_err(|error| error.to_string())?;
        let mut lines = head.split("\r\n");
        let start = lines.next().unwrap_or_default();
        let status = status(start).ok_or_else(|| format!("not a status line: {start:?}"))?;
        let fields: Option<Vec<(String, String)>> = lines
            .map(|line| line.split_once(": "))
            .map(|field| field.map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect();
        let mut answer = Self {
            status,
            fields: fields.ok_or_else(|| format!("not fields: {head:?}"))?,
            body: Vec::new(),
        };
        if status == 100 {
            return Ok((answer, &bytes[end + 4..]));
        }
        if status == 101 {
            // What follows is the other protocol.
            bytes[end + 4..].clone_into(&mut answer.body);
            return Ok((answer, &[]));
        }
        answer.take_date()?;
        let len = answer.body_len(methods.next())?;
        let body = bytes.get(end + 4..end + 4 + len);
        body.ok_or_else(|| format!("a body ends early: {:?}", shown()))?
            .clone_into(&mut answer.body);
        answer.unify_boundary();
        Ok((answer, &bytes[end + 4 + len..]))
    }

    /// Every final answer has one date (RFC 9110 §6.6.1), which differs from run to run.
    fn take_date(&mut self) -> Verdict<()> {
        let dates = self.all("date").filter(|date| date.len() == 29).count();
        self.fields
            .retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
        if dates == 1 {
            return Ok(());
        }
        Err(format!("{dates} dates"))
    }

    /// Tells how many bytes follow the head (RFC 9112 §6.3), and what must not be in it.
    fn body_len(&self, method: Option<&str>) -> Verdict<usize> {
        let lengths: Vec<_> = self.all("content-length").collect();
        match (lengths.as_slice(), self.status) {
            ([], 204 | 304) => Ok(0),
            ([length], status) if status != 204 && status != 304 => {
                let length = length.parse().map_err(|_| format!("length {length}"))?;
                Ok(if method == Some("HEAD") { 0 } else { length })
            }
            _ => Err(format!("lengths {lengths:?} with {}", self.status)),
        }
    }

    /// Boundaries are chosen at random, and here all alike.
    fn unify_boundary(&mut self) {
        let Some((_, boundary)) = self
            .all("content-type")
            .find_map(|value| value.split_once("boundary="))
        else {
            return;
        };
        let (boundary, same) = (boundary.to_owned(), "B".repeat(boundary.len()));
        let body = String::from_utf8_lossy(&self.body).replace(&boundary, &same);
        self.body = body.into_bytes();
        for (_, value) in &mut self.fields {
            *value = value.replace(&boundary, &same);
        }
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self
            .fields
            .iter()
            .filter(move |(have, _)| have.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    fn check(&self, expected: &Answered) -> Verdict<()> {
        let place = &expected.place;
        same(place, "status", &self.status, &expected.status)?;
        for (name, value) in &expected.fields {
            let value = String::from_utf8_lossy(value);
            let have: Vec<_> = self.all(name).collect();
            same(place, name, &have, &vec![&*value])?;
        }
        for name in &expected.absent {
            same(place, name, &self.all(name).count(), &0)?;
        }
        match &expected.body {
            Some(body) => same(place, "body", &text(&self.body), &text(body)),
            None => Ok(()),
        }
    }
}

impl Case {
    /// Says what is wrong with the case as a whole.
    pub(crate) fn blame(&self, what: &str) -> String {
        format!("{}: {} (RFC {}): {what}", self.place, self.name, self.rfc)
    }
}

impl Seen {
    fn check(&self, request: &Request) -> Verdict<()> {
        let place = &self.place;
        same(place, "method", &request.method().as_str(), &&*self.method)?;
        same(place, "target", &request.target().as_str(), &&*self.target)?;
        same(place, "body", &text(request.body()), &text(&self.body))?;
        for (name, value) in &self.fields {
            let have = request.headers().get(name).map(str::as_bytes).map(text);
            same(place, name, &have, &Some(text(value)))?;
        }
        Ok(())
    }
}

fn status(start: &str) -> Option<u16> {
    let code = start.strip_prefix("HTTP/1.1 ")?;
    let (code, _reason) = code.split_once(' ')?;
    code.parse().ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn same<T: Debug + PartialEq>(place: &str, what: &str, have: &T, expected: &T) -> Verdict<()> {
    if have == expected {
        return Ok(());
    }
    Err(format!(
        "{place}: {what} is {have:?}, and must be {expected:?}"
    ))
}
