//! One server connection as a state machine: bytes to steps, answers to bytes.
//!
//! It owns no socket and no clock. Who does calls, for each turn:
//! [`feed`](Connection::feed) with what was read, [`step`](Connection::step)
//! until it asks for something, [`answer`](Connection::answer) when there is
//! one, then writes [`output`](Connection::output) and reports it by
//! [`sent`](Connection::sent); and it calls `step` again at the
//! [`deadline`](Connection::deadline).

use std::mem;
use std::sync::Arc;

use super::body::Body;
use super::date::HttpDate;
use super::fault::{Fault, Place, ProtocolError};
use super::limits::{Deadline, Limits, Timeout, Wait};
use super::message::{Request, Response};
use super::owed::Owed;
use super::parse::{self, RequestHead};
use super::scan::{Scan, Section, SectionKind};
use super::step::{Step, Unasked};
use super::write::{self, Persistence};
use crate::buffer::{ReadBuffer, WriteBuffer};

/// Empty lines that are skipped before a request line (RFC 9112 §2.2 asks for one).
const BLANK_LINES_MAX: u8 = 2;

/// One server connection.
///
/// There is one exchange at a time: behind a request, pipelined bytes are kept,
/// up to [`Limits::head_bytes_max`], and not looked at until the answer is queued.
/// At rest it holds no bytes and no memory for any.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use seda_io::http::{Connection, Limits, Step, Timeout};
///
/// let mut connection = Connection::new(Arc::new(Limits::default()), 0);
/// connection.feed(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 0);
/// let Step::Bad(error) = connection.step(0) else { panic!("refused") };
/// assert_eq!(error.to_string(), "header line 2: a second Content-Length");
/// ```
#[derive(Debug)]
pub struct Connection {
    limits: Arc<Limits>,
    input: ReadBuffer,
    output: WriteBuffer,
    state: State,
    /// The current wait for the peer to send.
    reading: Wait,
    /// The current wait for the peer to take the output.
    writing: Wait,
    answered: u32,
    input_ended: bool,
    retired: bool,
}

#[derive(Debug)]
enum State {
    Head(HeadState),
    Body(Box<Receiving>),
    Owing(Owed),
    Closing { lingers: bool },
    Lingering,
    Closed,
}

#[derive(Debug, Clone, Copy)]
struct HeadState {
    scan: Scan,
    blank_lines: u8,
}

impl State {
    /// Before the first byte of a request.
    const FRESH: Self = Self::Head(HeadState {
        scan: Scan::of_head(),
        blank_lines: 0,
    });
}

/// A request whose body is arriving.
#[derive(Debug)]
struct Receiving {
    request: Request,
    owed: Owed,
    body: Body,
}

impl Connection {
    /// Makes the state of a connection that was accepted at `now` nanoseconds.
    pub fn new(limits: Arc<Limits>, now: u64) -> Self {
        Self {
            input: ReadBuffer::new(limits.head_bytes_max),
            output: WriteBuffer::new(limits.output_mark_bytes),
            limits,
            state: State::FRESH,
            reading: Wait::from(now),
            writing: Wait::from(now),
            answered: 0,
            input_ended: false,
            retired: false,
        }
    }

    /// Returns how many bytes [`feed`](Self::feed) takes now; at zero, do not read.
    pub fn room(&self) -> usize {
        match self.state {
            _ if self.input_ended => 0,
            State::Closed => 0,
            _ if self.discards() => usize::MAX,
            _ => self.input.room(),
        }
    }

    /// Takes received bytes, as many as there is room for, and returns how many.
    ///
    /// When it takes fewer, [`step`](Self::step) before feeding the rest.
    pub fn feed(&mut self, bytes: &[u8], now: u64) -> usize {
        if self.discards() {
            return bytes.len();
        }
        let at_rest = self.input.is_empty();
        let taken = self.input.extend(bytes);
        match self.state {
            State::Head(_) if at_rest && taken > 0 => self.reading = Wait::from(now),
            State::Body(_) => {
                self.reading
                    .moved(taken, self.limits.progress_bytes_min, now);
            }
            _ => {}
        }
        taken
    }

    /// Says that the peer will send nothing more; it may still read.
    pub const fn end_input(&mut self) {
        self.input_ended = true;
    }

    /// Asks that the connection end: at once when it is at rest, else behind
    /// the answer that is due. The next [`step`](Self::step) acts on it.
    pub const fn retire(&mut self) {
        self.retired = true;
    }

    /// Tells whether a request waits for its answer.
    pub const fn owes_answer(&self) -> bool {
        matches!(self.state, State::Owing(_))
    }

    /// Returns the bytes to send next; empty only when there are none.
    pub fn output(&self) -> &[u8] {
        self.output.front()
    }

    /// Returns the whole output in blocks, for a write that gathers them.
    pub fn output_blocks(&self) -> impl Iterator<Item = &[u8]> {
        self.output.blocks()
    }

    /// Says that `count` bytes of the output were sent.
    pub fn sent(&mut self, count: usize, now: u64) {
        self.output.advance(count);
        if self.output.is_empty() {
            self.writing = Wait::from(now);
        } else {
            self.writing
                .moved(count, self.limits.progress_bytes_min, now);
        }
        if self.output.is_empty() && matches!(self.state, State::Head(_)) {
            self.reading = Wait::from(now);
        }
    }

    /// Returns the deadline that applies now, the earlier one when two do.
    ///
    /// While an answer is due, the peer is under none.
    pub fn deadline(&self) -> Option<Deadline> {
        let timeouts = &self.limits.timeouts;
        let unsent = !self.output.is_empty();
        let timeout = match self.state {
            State::Head(_) if unsent => None,
            State::Head(_) if self.answered > 0 && self.input.is_empty() => Some(Timeout::Idle),
            State::Head(_) => Some(Timeout::Head),
            State::Body(_) => Some(Timeout::Body),
            State::Lingering => Some(Timeout::Linger),
            State::Owing(_) | State::Closing { .. } | State::Closed => None,
        };
        let reading = timeout.map(|timeout| self.reading.deadline(timeout, timeouts));
        let writing = unsent.then(|| self.writing.deadline(Timeout::Write, timeouts));
        reading
            .into_iter()
            .chain(writing)
            .min_by_key(|deadline| deadline.at)
    }

    /// Goes as far as the bytes and the time allow, and says what is asked of the owner.
    pub fn step(&mut self, now: u64) -> Step {
        let step = self.advance(now);
        let waits = matches!(step, Step::NeedMore | Step::Wait);
        // Asked last, so that what did arrive counts even when its owner comes late.
        match self.deadline() {
            Some(deadline) if waits && deadline.at <= now => self.time_out(deadline.timeout),
            _ => step,
        }
    }

    fn advance(&mut self, now: u64) -> Step {
        match self.state {
            State::Head(head) => self.step_head(head, now),
            State::Body(_) => self.step_body(),
            State::Owing(_) => Step::Wait,
            State::Closing { .. } if !self.output.is_empty() => Step::Wait,
            State::Closing { lingers: true } if !self.input_ended => {
                self.state = State::Lingering;
                self.reading = Wait::from(now);
                Step::HalfClose
            }
            State::Lingering if !self.input_ended => Step::NeedMore,
            State::Closing { .. } | State::Lingering | State::Closed => self.close(),
        }
    }

    /// Queues the answer that is due.
    ///
    /// # Errors
    ///
    /// [`Unasked`] gives the answer back when none is due.
    pub fn answer(&mut self, response: Response, date: &HttpDate, now: u64) -> Result<(), Unasked> {
        let State::Owing(owed) = self.state else {
            return Err(Unasked(response));
        };
        self.answered = self.answered.saturating_add(1);
        let persistence = self.persistence(owed, &response);
        let head = write::response_head(&response, persistence, date);
        self.push_output(&head, now);
        if !owed.head_only && !response.status().is_bodiless() {
            self.output.push_owned(response.into_body());
        }
        self.reading = Wait::from(now);
        self.state = if persistence == Persistence::Close {
            let lingers = owed.bad || !self.input.is_empty();
            self.input.release();
            State::Closing { lingers }
        } else {
            State::FRESH
        };
        Ok(())
    }

    fn persistence(&self, owed: Owed, response: &Response) -> Persistence {
        let last = self.answered >= self.limits.requests_max;
        let nothing_follows = self.input_ended && self.input.is_empty();
        if response.closes() || self.retired || last || nothing_follows {
            Persistence::Close
        } else {
            owed.persistence()
        }
    }

    fn step_head(&mut self, mut head: HeadState, now: u64) -> Step {
        if !self.output.has_room() {
            return Step::Wait;
        }
        while head.blank_lines < BLANK_LINES_MAX && self.input.bytes().starts_with(b"\r\n") {
            self.input.consume(2);
            head.blank_lines += 1;
        }
        let section = Section {
            start_line_bytes_max: self.limits.request_line_bytes_max,
            bytes_max: self.limits.head_bytes_max,
            kind: SectionKind::Head,
        };
        let scanned = head.scan.advance(self.input.bytes(), &section);
        self.state = State::Head(head);
        match scanned {
            Err(error) => self.refuse(error),
            Ok(Some(len)) => self.take_head(len, now),
            Ok(None) if !self.input.is_empty() => self.need_more(Place::Head),
            Ok(None) if self.input_ended || self.retired => {
                self.state = State::Closing { lingers: false };
                self.advance(now)
            }
            Ok(None) => {
                self.input.release();
                Step::NeedMore
            }
        }
    }

    fn take_head(&mut self, len: usize, now: u64) -> Step {
        let bytes = self.input.bytes().get(..len).unwrap_or_default();
        let head = match parse::request(bytes, self.limits.headers_max) {
            Ok(head) => head,
            Err(error) => return self.refuse(error),
        };
        self.input.consume(len);
        let owed = Owed::to(&head);
        match Body::new(head.framing, self.limits.body_bytes_max) {
            Ok(None) => self.hand_out(head.request, owed),
            Ok(Some(body)) => self.await_body(head, body, now),
            Err(error) => self.refuse(error),
        }
    }

    fn await_body(&mut self, head: RequestHead, body: Body, now: u64) -> Step {
        self.reading = Wait::from(now);
        self.state = State::Body(Box::new(Receiving {
            owed: Owed::to(&head),
            request: head.request,
            body,
        }));
        if head.awaits_continue {
            self.push_output(write::CONTINUE, now);
            return Step::Continue100;
        }
        self.step_body()
    }

    fn step_body(&mut self) -> Step {
        let State::Body(receiving) = &mut self.state else {
            return Step::NeedMore;
        };
        match receiving.body.take(&mut self.input) {
            Err(error) => self.refuse(error),
            Ok(None) => self.need_more(Place::Body),
            Ok(Some(bytes)) => {
                let State::Body(whole) = mem::replace(&mut self.state, State::Closed) else {
                    return Step::Closed;
                };
                self.hand_out(whole.request.with_body(bytes), whole.owed)
            }
        }
    }

    fn need_more(&mut self, place: Place) -> Step {
        if self.input_ended {
            return self.refuse(ProtocolError::new(place, Fault::EndedEarly));
        }
        Step::NeedMore
    }

    fn hand_out(&mut self, request: Request, owed: Owed) -> Step {
        self.state = State::Owing(owed);
        Step::Request(request)
    }

    fn refuse(&mut self, error: ProtocolError) -> Step {
        self.input.release();
        self.state = State::Owing(Owed::to_bad_request());
        Step::Bad(error)
    }

    fn time_out(&mut self, timeout: Timeout) -> Step {
        match timeout {
            Timeout::Head if !self.input.is_empty() => {
                self.refuse(ProtocolError::new(Place::Head, Fault::HeadTooSlow))
            }
            Timeout::Body => self.refuse(ProtocolError::new(Place::Body, Fault::BodyTooSlow)),
            Timeout::Head | Timeout::Idle | Timeout::Write | Timeout::Linger => self.close(),
        }
    }

    fn close(&mut self) -> Step {
        self.input.release();
        self.output = WriteBuffer::new(0);
        self.state = State::Closed;
        Step::Closed
    }

    /// Tells whether received bytes have no meaning any more.
    const fn discards(&self) -> bool {
        match self.state {
            State::Owing(owed) => owed.bad,
            State::Closing { .. } | State::Lingering | State::Closed => true,
            State::Head(_) | State::Body(_) => false,
        }
    }

    fn push_output(&mut self, bytes: &[u8], now: u64) {
        if self.output.is_empty() {
            self.writing = Wait::from(now);
        }
        self.output.push(bytes);
    }
}
