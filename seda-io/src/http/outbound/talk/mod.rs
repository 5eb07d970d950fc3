//! One request and its answer, on a connection that is there.

mod streamed;

use std::io::{self, ErrorKind, IoSlice};
use std::mem;

use super::budget::ClientLimits;
use super::call::{CallError, CallTimeout};
use super::coming::Coming;
use super::going::Going;
use crate::http::answer::{AnswerBounds, AnswerReader, Progress};
use crate::http::ask::Afterwards;
use crate::http::message::{Request, Response};
use crate::http::trailers::Trailers;
use crate::reactor::Ready;
use crate::transport::Transport;

/// Reads of one connection before others have their turn.
const READS_MAX: usize = 16;

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
    /// What has come of the body, and was not handed out.
    body: Vec<u8>,
    /// The body of an answer that is with its stage already.
    incoming: Option<Box<Coming>>,
    /// The body of its request, if that was not sent as a whole before.
    rest: Vec<u8>,
    /// The request, if its body is sent as it is made, until all of it is.
    going: Option<Box<Going>>,
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
    /// The head of an answer is there whose body is not gathered; how much has
    /// come of that.
    Begun {
        response: Response,
        progress: Progress,
    },
    /// More of such a body is there.
    Piece(Vec<u8>),
    /// The last of it is there.
    Over {
        bytes: Vec<u8>,
        trailers: Trailers,
        afterwards: Afterwards,
    },
    /// There will be no answer from it, or not the rest of its body.
    Failed(CallError),
    /// It was idle and has ended.
    Gone,
}

impl Talk {
    /// Begins with a request whose head is written already.
    pub(super) fn new(request: &Request, head: Vec<u8>, bounds: AnswerBounds, now: u64) -> Self {
        Self {
            len: head.len() + request.body().len(),
            head,
            sent: 0,
            refused: false,
            since: now,
            moved: 0,
            reader: AnswerReader::new(request.method(), bounds),
            response: None,
            body: Vec::new(),
            incoming: None,
            rest: Vec::new(),
            going: None,
        }
    }

    /// Returns since when the server is waited for, and for what, if it is.
    pub(super) fn waits(&self) -> Option<(u64, CallTimeout)> {
        // It may be the stage that is waited for.
        if self.going.as_ref().is_some_and(|going| going.is_awaited()) {
            return None;
        }
        let what = match &self.incoming {
            _ if self.is_writing() => CallTimeout::Write,
            Some(incoming) if !incoming.is_hungry() => return None,
            None if self.response.is_none() => CallTimeout::Head,
            Some(_) | None => CallTimeout::Body,
        };
        Some((self.since, what))
    }

    /// Returns when what it carries is worth nothing any more, in nanoseconds.
    pub(super) fn until(&self) -> u64 {
        let incoming = self.incoming.as_ref();
        incoming.map_or(u64::MAX, |incoming| incoming.until())
    }

    /// Tells whether the server has said anything.
    pub(super) fn has_begun(&self) -> bool {
        self.reader.has_begun()
    }

    fn is_writing(&self) -> bool {
        let flowing = self
            .going
            .as_ref()
            .is_some_and(|it| !it.output().is_empty());
        flowing || self.has_more()
    }

    /// Tells whether more is to be sent of a request that is there as a whole.
    const fn has_more(&self) -> bool {
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
        while self.has_more() && ready.write {
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
                    if !self.has_more() {
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
        if self.going.is_some() {
            self.write_going(transport, ready, (limits, now));
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
        if self.incoming.as_ref().is_some_and(|it| !it.is_hungry()) {
            return Outcome::Rests;
        }
        // Part of it has come with the head.
        if let Some(piece) = self.next_piece(now) {
            return piece;
        }
        for _ in 0..READS_MAX {
            if !ready.read {
                return Outcome::Rests;
            }
            match transport.read(scratch) {
                Ok(0) => return self.end(now),
                Ok(count) => {
                    let more = ready.end || transport.has_records();
                    ready.read = count == scratch.len() || more;
                    let (bytes, _) = scratch.split_at(count);
                    match self.understand(bytes, (limits, now)) {
                        Ok(progress) => {
                            if let Some(outcome) = self.proceed(progress, now) {
                                return outcome;
                            }
                        }
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
        if self.response.is_none() && self.incoming.is_none() {
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

    /// Says what has come about, now that so much has come.
    fn proceed(&mut self, progress: Progress, now: u64) -> Option<Outcome> {
        if let Some(incoming) = &mut self.incoming {
            if progress != Progress::More {
                incoming.complete(progress);
            }
            return self.next_piece(now);
        }
        if self.reader.streams() {
            let response = self.response.take()?;
            return Some(Outcome::Begun { response, progress });
        }
        (progress != Progress::More).then(|| self.answered(progress))
    }

    /// Makes of the end of the input what it means.
    fn end(&mut self, now: u64) -> Outcome {
        match self.reader.end() {
            Ok(()) => {
                let whole = Progress::Whole { beyond: false };
                self.proceed(whole, now).unwrap_or(Outcome::Rests)
            }
            Err(_) if !self.reader.has_begun() => {
                Outcome::Failed(CallError::Broken(ErrorKind::UnexpectedEof))
            }
            Err(error) => Outcome::Failed(CallError::Malformed(error)),
        }
    }

    /// Tells what becomes of the connection behind an answer that is whole.
    pub(super) fn afterwards(&self, progress: Progress) -> Afterwards {
        let in_step = progress == Progress::Whole { beyond: false } && self.sent == self.len;
        let in_step = in_step && self.going.as_ref().is_none_or(|it| it.is_delivered());
        if self.reader.persists() && in_step {
            Afterwards::KeepAlive
        } else {
            Afterwards::Close
        }
    }

    fn answered(&mut self, progress: Progress) -> Outcome {
        let afterwards = self.afterwards(progress);
        let body = mem::take(&mut self.body);
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
