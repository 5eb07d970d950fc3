//! One server connection as a state machine: bytes to steps, answers to bytes.
//!
//! It owns no socket and no clock. Who does calls, for each turn:
//! [`feed`](Connection::feed) with what was read, [`step`](Connection::step)
//! until it asks for something, [`answer`](Connection::answer) when there is
//! one, then writes [`output`](Connection::output) and reports it by
//! [`sent`](Connection::sent); and it calls `step` again at the
//! [`deadline`](Connection::deadline).

mod answers;
mod flowing;
mod inflowing;
mod intake;
mod upgraded;

use std::sync::Arc;

use self::flowing::Flowing;
use self::inflowing::Inflowing;
use self::upgraded::Upgraded;
use super::body::Body;
use super::dues::{Dues, Turn};
use super::fault::{Fault, Place, ProtocolError};
use super::limits::{Deadline, Limits, Timeout, Wait};
use super::message::Request;
use super::owed::Owed;
use super::scan::Scan;
use super::step::Step;
use crate::buffer::{ReadBuffer, WriteBuffer};
use crate::file_range::FileRange;

/// Empty lines that are skipped before a request line (RFC 9112 §2.2 asks for one).
const BLANK_LINES_MAX: u8 = 2;
/// Bytes, 16 KiB, of output that are not much.
const SMALL_BYTES: usize = 16 * 1024;

/// One server connection.
///
/// Pipelined requests are handed out ahead of earlier answers, up to
/// [`Limits::pipeline_max`], as long as all of them are safe; one that is not
/// waits until it is alone (RFC 9112 §9.3.2). Their answers leave in order. At
/// rest it holds no bytes and no memory for any.
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
    dues: Dues,
    /// An answer that is being sent piece by piece; those that are due wait behind it.
    flowing: Option<Box<Flowing>>,
    /// The current wait for the peer to send.
    reading: Wait,
    /// The current wait for the peer to take the output.
    writing: Wait,
    /// Requests that were handed out.
    taken: u32,
    answered: u32,
    input_ended: bool,
    retired: bool,
}

#[derive(Debug)]
enum State {
    Head(HeadState),
    Body(Box<Receiving>),
    /// A request whose body is handed out as it arrives.
    Inflow(Box<Inflowing>),
    /// A whole request waits until no other is in hand.
    Held(Box<(Request, Owed)>),
    /// No request is taken any more; the last answers are due.
    Deaf {
        discards: bool,
    },
    Closing {
        lingers: bool,
    },
    Lingering,
    /// Another protocol is spoken.
    Upgraded(Upgraded),
    /// It is to end such that the peer sees an error.
    Failing,
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
    /// The peer waits to be told that it may send the body.
    awaits_continue: bool,
}

impl Connection {
    /// Makes the state of a connection that was accepted at `now` nanoseconds.
    pub fn new(limits: Arc<Limits>, now: u64) -> Self {
        Self {
            input: ReadBuffer::new(limits.head_bytes_max),
            output: WriteBuffer::new(limits.output_mark_bytes),
            limits,
            state: State::FRESH,
            dues: Dues::new(),
            flowing: None,
            reading: Wait::from(now),
            writing: Wait::from(now),
            taken: 0,
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
            State::Body(_) | State::Inflow(_) => {
                self.reading
                    .moved(taken, self.limits.progress_bytes_min, now);
            }
            State::Upgraded(_) if taken > 0 => self.reading = Wait::from(now),
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
    pub fn owes_answer(&self) -> bool {
        !self.dues.is_empty() || self.flowing.is_some()
    }

    /// Names the exchange that the last [`Step`] began: of a request, or of a
    /// fault that must be answered.
    pub fn turn(&self) -> Turn {
        self.dues.latest()
    }

    /// Tells whether something is to be sent.
    pub fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// Returns what is to be sent.
    pub(super) const fn output_buffer(&self) -> &WriteBuffer {
        &self.output
    }

    /// Returns what is to be sent if it is one block and the connection ends
    /// behind it, so that it may leave together with that end.
    pub(super) fn last_block(&self) -> Option<&[u8]> {
        let block = self.output.front();
        let is_last = matches!(self.state, State::Closing { .. });
        (is_last && block.len() == self.output.len()).then_some(block)
    }

    /// Returns how many bytes are to be sent.
    pub(super) fn output_len(&self) -> usize {
        self.output.len()
    }

    /// Tells whether more is to be sent than the answers of some small requests.
    pub(super) fn has_much_output(&self) -> bool {
        self.output.len() > SMALL_BYTES
    }

    /// Tells whether a peer may send more than a request now: a body arrives, or
    /// what comes is thrown away.
    pub(super) fn sends_much(&self) -> bool {
        let receives = matches!(self.state, State::Body(_) | State::Inflow(_));
        receives || self.discards()
    }

    /// Returns the bytes to send next; empty when there are none, or a
    /// [file](Self::output_file) comes next.
    pub fn output(&self) -> &[u8] {
        self.output.front()
    }

    /// Returns the stretch of a file to send next, and how much of it was sent,
    /// if that is what comes next.
    pub fn output_file(&self) -> Option<(&FileRange, usize)> {
        self.output.front_file()
    }

    /// Returns the output in memory in blocks, up to a file, for a write that gathers them.
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
        let rests = || self.output.is_empty() && !self.owes_answer();
        match self.state {
            State::Head(_) if rests() => self.reading = Wait::from(now),
            State::Upgraded(_) => self.reading = Wait::from(now),
            _ => {}
        }
    }

    /// Returns the deadline that applies now, the earlier one when two do.
    ///
    /// While an answer is due, the peer is under none to send the next request. A
    /// body that flows is under none while nothing of it is unsent, unless the
    /// peer has ended its side. Neither is an upgraded connection whose last
    /// piece the stages have.
    pub fn deadline(&self) -> Option<Deadline> {
        let timeouts = &self.limits.timeouts;
        let unsent = !self.output.is_empty();
        let one_way = self.flowing.is_some() && self.input_ended;
        let abandoned = one_way && !unsent && !matches!(self.state, State::Upgraded(_));
        let timeout = match self.state {
            State::Head(_) if unsent || self.owes_answer() => None,
            State::Head(_) if self.answered > 0 && self.input.is_empty() => Some(Timeout::Idle),
            State::Head(_) => Some(Timeout::Head),
            State::Body(_) => Some(Timeout::Body),
            State::Inflow(_) if self.awaits_piece() => Some(Timeout::Body),
            State::Lingering => Some(Timeout::Linger),
            State::Upgraded(upgraded) if !unsent && !upgraded.is_paused() => {
                Some(Timeout::Upgraded)
            }
            State::Inflow(_)
            | State::Upgraded(_)
            | State::Held(_)
            | State::Deaf { .. }
            | State::Closing { .. }
            | State::Failing
            | State::Closed => None,
        };
        let reading = timeout.map(|timeout| self.reading.deadline(timeout, timeouts));
        let writing = match (unsent, abandoned) {
            (true, _) => Some(Timeout::Write),
            // Most peers that have ended their side have gone; nothing else would tell.
            (false, true) => Some(Timeout::Idle),
            (false, false) => None,
        };
        let writing = writing.map(|timeout| self.writing.deadline(timeout, timeouts));
        match (reading, writing) {
            (Some(reading), Some(writing)) if writing.at < reading.at => Some(writing),
            (reading, writing) => reading.or(writing),
        }
    }

    /// Goes as far as the bytes and the time allow, and says what is asked of the owner.
    pub fn step(&mut self, now: u64) -> Step {
        let mut request = None;
        let step = self.step_into(&mut request, now);
        step.with(request)
    }

    /// Does the same, but leaves a request in `taken`.
    pub(super) fn step_into(&mut self, taken: &mut Option<Request>, now: u64) -> Step<()> {
        let step = self.advance(taken, now);
        if !matches!(step, Step::NeedMore | Step::Wait) {
            return step;
        }
        // Asked last, so that what did arrive counts even when its owner comes late.
        match self.deadline() {
            Some(deadline) if deadline.at <= now => self.time_out(deadline.timeout),
            _ => step,
        }
    }

    fn advance(&mut self, taken: &mut Option<Request>, now: u64) -> Step<()> {
        match self.state {
            State::Head(_) if !self.may_take() => Step::Wait,
            State::Head(head) => self.step_head(head, taken, now),
            State::Body(_) => self.step_body(taken, now),
            State::Inflow(_) => self.step_inflow(taken, now),
            State::Upgraded(upgraded) => self.step_upgraded(upgraded, now),
            State::Held(_) if !self.owes_answer() => self.let_go(taken),
            State::Held(_) | State::Deaf { .. } => Step::Wait,
            State::Failing => {
                self.close();
                Step::Reset
            }
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

    fn time_out(&mut self, timeout: Timeout) -> Step<()> {
        match timeout {
            Timeout::Head if !self.input.is_empty() => {
                self.refuse(ProtocolError::new(Place::Head, Fault::HeadTooSlow))
            }
            Timeout::Body if matches!(self.state, State::Inflow(_)) => {
                self.spoil(ProtocolError::new(Place::Body, Fault::BodyTooSlow))
            }
            Timeout::Body => self.refuse(ProtocolError::new(Place::Body, Fault::BodyTooSlow)),
            Timeout::Head
            | Timeout::Idle
            | Timeout::Write
            | Timeout::Linger
            | Timeout::Upgraded => self.close(),
        }
    }

    fn close(&mut self) -> Step<()> {
        self.input.release();
        self.output = WriteBuffer::new(0);
        self.dues.forget();
        self.flowing = None;
        self.state = State::Closed;
        Step::Closed
    }

    /// Tells whether received bytes have no meaning any more.
    const fn discards(&self) -> bool {
        match self.state {
            State::Deaf { discards } => discards,
            State::Closing { .. } | State::Lingering | State::Failing | State::Closed => true,
            State::Head(_)
            | State::Body(_)
            | State::Inflow(_)
            | State::Held(_)
            | State::Upgraded(_) => false,
        }
    }

    /// Says that output is about to be queued.
    fn begin_output(&mut self, now: u64) {
        if self.output.is_empty() {
            self.writing = Wait::from(now);
        }
    }
}
