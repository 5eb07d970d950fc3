//! One request and its answer, on a connection that is there.

use std::io::{self, ErrorKind, IoSlice};

use super::budget::ClientLimits;
use super::call::{CallError, CallTimeout};
use crate::http::answer::{AnswerReader, Progress};
use crate::http::ask::Afterwards;
use crate::http::message::{Request, Response};
use crate::transport::Transport;

/// Reads of one connection before others have their turn.
const READS_MAX: usize = 16;

/// What the socket would do without blocking, as far as is known.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) read: bool,
    pub(super) write: bool,
    /// An end or an error is to be read behind the bytes.
    pub(super) end: bool,
}

/// Is one request and its answer.
#[derive(Debug)]
pub(super) struct Talk {
    head: Vec<u8>,
    /// Bytes of head and body together.
    sent: usize,
    len: usize,
    /// The server takes no more of the request.
    refused: bool,
    /// Nanoseconds: since when the server is waited for.
    since: u64,
    /// Bytes that have moved since.
    moved: usize,
    reader: AnswerReader,
    response: Option<Response>,
    body: Vec<u8>,
}

/// Is how far a connection has got.
#[derive(Debug)]
pub(super) enum Outcome {
    /// As far as it can.
    Rests,
    /// It may get further, and it is another's turn.
    Again,
    /// It is there, and can be written to.
    Connected,
    /// The answer is whole; the connection may be used again, or has to be closed.
    Answered {
        response: Response,
        afterwards: Afterwards,
    },
    /// There will be no answer from it.
    Failed(CallError),
    /// It was idle and has ended.
    Gone,
}

impl Default for Ready {
    /// Nothing is known yet, so everything is tried.
    fn default() -> Self {
        Self {
            read: true,
            write: true,
            end: false,
        }
    }
}

impl Talk {
    /// Begins with a request whose head is written already.
    pub(super) fn new(request: &Request, head: Vec<u8>, limits: &ClientLimits, now: u64) -> Self {
        let body_bytes_max = limits.body_bytes_max as u64;
        Self {
            len: head.len() + request.body().len(),
            head,
            sent: 0,
            refused: false,
            since: now,
            moved: 0,
            reader: AnswerReader::new(request.method(), limits.head_bytes_max, body_bytes_max),
            response: None,
            body: Vec::new(),
        }
    }

    /// Returns since when the server is waited for, and for what.
    pub(super) const fn waits(&self) -> (u64, CallTimeout) {
        let what = if self.is_writing() {
            CallTimeout::Write
        } else if self.response.is_none() {
            CallTimeout::Head
        } else {
            CallTimeout::Body
        };
        (self.since, what)
    }

    /// Tells whether the server has said anything.
    pub(super) fn has_begun(&self) -> bool {
        self.reader.has_begun()
    }

    const fn is_writing(&self) -> bool {
        self.sent < self.len && !self.refused
    }

    /// Counts bytes; enough of them are progress and begin the wait anew.
    const fn moved(&mut self, bytes: usize, (limits, now): (&ClientLimits, u64)) {
        self.moved = self.moved.saturating_add(bytes);
        if self.moved >= limits.progress_bytes_min {
            self.wait_from(now);
        }
    }

    const fn wait_from(&mut self, now: u64) {
        self.since = now;
        self.moved = 0;
    }

    /// Writes as much as the socket takes.
    pub(super) fn write(
        &mut self,
        transport: &mut Transport,
        ready: &mut Ready,
        body: &[u8],
        (limits, now): (&ClientLimits, u64),
    ) {
        while self.is_writing() && ready.write {
            let head = self.head.get(self.sent..).unwrap_or_default();
            let skip = self.sent.saturating_sub(self.head.len());
            let rest = body.get(skip..).unwrap_or_default();
            let blocks = [IoSlice::new(head), IoSlice::new(rest)];
            let blocks = match (head.is_empty(), rest.is_empty()) {
                (true, _) => blocks.get(1..),
                (_, true) => blocks.get(..1),
                _ => blocks.get(..),
            };
            match transport.write(blocks.unwrap_or_default()) {
                Ok(count) => {
                    self.sent += count;
                    self.moved(count, (limits, now));
                    if !self.is_writing() {
                        self.wait_from(now);
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => ready.write = false,
                    ErrorKind::Interrupted => {}
                    // What the server has said before says more than this does.
                    _ => self.refused = true,
                },
            }
        }
        if ready.write && transport.is_behind() && transport.catch_up().is_err() {
            // An error is read as well.
            ready.write = false;
        }
    }

    /// Reads as much as there is, for a while.
    pub(super) fn read(
        &mut self,
        transport: &mut Transport,
        ready: &mut Ready,
        scratch: &mut [u8],
        (limits, now): (&ClientLimits, u64),
    ) -> Outcome {
        for _ in 0..READS_MAX {
            if !ready.read {
                return Outcome::Rests;
            }
            match transport.read(scratch) {
                Ok(0) => return self.end(),
                Ok(count) => {
                    let more = ready.end || transport.has_records();
                    ready.read = count == scratch.len() || more;
                    let (bytes, _) = scratch.split_at(count);
                    match self.understand(bytes, (limits, now)) {
                        Ok(Progress::More) => {}
                        Ok(whole) => return self.answered(whole),
                        Err(outcome) => return outcome,
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => ready.read = false,
                    ErrorKind::Interrupted => {}
                    _ => return Outcome::Failed(broken(&error)),
                },
            }
        }
        Outcome::Again
    }

    fn understand(
        &mut self,
        mut bytes: &[u8],
        (limits, now): (&ClientLimits, u64),
    ) -> Result<Progress, Outcome> {
        let malformed = |error| Outcome::Failed(CallError::Malformed(error));
        if self.response.is_none() {
            let head = self.reader.feed_head(bytes).map_err(malformed)?;
            let Some((response, behind)) = head else {
                return Ok(Progress::More);
            };
            self.response = Some(response);
            self.wait_from(now);
            bytes = behind;
        } else {
            self.moved(bytes.len(), (limits, now));
        }
        let body = self.reader.feed_body(bytes, &mut self.body);
        body.map_err(malformed)
    }

    /// Makes of the end of the input what it means.
    fn end(&mut self) -> Outcome {
        match self.reader.end() {
            Ok(()) => self.answered(Progress::Whole { beyond: false }),
            Err(_) if !self.reader.has_begun() => {
                Outcome::Failed(CallError::Broken(ErrorKind::UnexpectedEof))
            }
            Err(error) => Outcome::Failed(CallError::Malformed(error)),
        }
    }

    fn answered(&mut self, progress: Progress) -> Outcome {
        let in_step = progress == Progress::Whole { beyond: false } && self.sent == self.len;
        let afterwards = if self.reader.persists() && in_step {
            Afterwards::KeepAlive
        } else {
            Afterwards::Close
        };
        let body = std::mem::take(&mut self.body);
        match self.response.take() {
            Some(response) => Outcome::Answered {
                response: if body.is_empty() {
                    response
                } else {
                    response.with_body(body)
                },
                afterwards,
            },
            None => Outcome::Failed(CallError::Broken(ErrorKind::UnexpectedEof)),
        }
    }
}

/// Tells what TLS refuses from what the operating system reports.
fn broken(error: &io::Error) -> CallError {
    match error.kind() {
        ErrorKind::InvalidData => CallError::Unsecured(error.to_string().into()),
        kind => CallError::Broken(kind),
    }
}
