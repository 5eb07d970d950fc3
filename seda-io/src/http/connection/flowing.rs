//! The way of a body that comes piece by piece, behind a head that has left.

use super::{Connection, State};
use crate::buffer::WriteBuffer;
use crate::http::content::{Content, Later};
use crate::http::date::HttpDate;
use crate::http::dues::Turn;
use crate::http::limits::Wait;
use crate::http::message::Response;
use crate::http::owed::Owed;
use crate::http::step::Unasked;
use crate::http::trailers::Trailers;
use crate::http::write::Delimiter;

/// An answer whose head is queued, and whose body is not over.
#[derive(Debug)]
pub(super) struct Flowing {
    pub(super) turn: Turn,
    pub(super) owed: Owed,
    pub(super) delimiter: Delimiter,
    /// The connection closes behind it, and then may linger.
    pub(super) closes: Option<Lingers>,
}

/// Says whether a connection that closes waits until the peer has read it all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lingers(pub(super) bool);

impl Connection {
    /// Answers the request of that turn with a head now and a body that comes
    /// [piece by piece](Self::flow), of `length` bytes if that is known. The body
    /// of `response` is not sent.
    ///
    /// It flows when the answers before it are queued; see [`flowing`](Self::flowing).
    ///
    /// # Errors
    ///
    /// [`Unasked`] gives the answer back when none is due at that turn.
    pub fn begin_flow(
        &mut self,
        turn: Turn,
        (response, length): (Response, Option<u64>),
        date: &HttpDate,
        now: u64,
    ) -> Result<(), Unasked> {
        let later = Content::Flowing(Later { length });
        self.answer_to(turn, response.with_body(later), date, now)
    }

    /// Names the answer whose body is to be sent now, piece by piece, if there is one.
    ///
    /// None does when the peer has asked for the head alone, or the status has no body.
    pub fn flowing(&self) -> Option<Turn> {
        self.flowing.as_ref().map(|flowing| flowing.turn)
    }

    /// Queues all bytes of `pieces` as the next part of the body that is flowing,
    /// in one chunk if it comes in chunks. More than its length breaks it off.
    pub fn flow(&mut self, pieces: &mut WriteBuffer, now: u64) {
        if self.flowing.is_none() || pieces.is_empty() {
            return;
        }
        self.begin_output(now);
        let Some(flowing) = &mut self.flowing else {
            return;
        };
        if !flowing.delimiter.frame(pieces, &mut self.output) {
            self.break_flow();
        }
    }

    /// Ends the body that is flowing, with `trailers` where it comes in chunks,
    /// and queues the answers that have waited for it. One that is not as long
    /// as its head says is broken off.
    pub fn finish_flow(&mut self, trailers: &Trailers, date: &HttpDate, now: u64) {
        let Some(flowing) = &self.flowing else {
            return;
        };
        match flowing.delimiter {
            Delimiter::Length(1..) => return self.break_flow(),
            Delimiter::Upgrade => return self.finish_upgraded(),
            delimiter => {
                self.begin_output(now);
                delimiter.end(trailers, &mut self.output);
            }
        }
        let closes = self.flowing.take().and_then(|flowing| flowing.closes);
        if matches!(self.state, State::Head(_)) {
            self.reading = Wait::from(now);
        }
        if let Some(Lingers(lingers)) = closes {
            self.state = State::Closing { lingers };
        } else if self.input_ended && !self.may_hold_more() {
            self.state = State::Closing { lingers: false };
        } else {
            self.queue_answers(date, now);
        }
    }

    /// Breaks the body that is flowing off: what is queued of it is sent, and then
    /// the connection closes without its end. Where only the end of the
    /// connection marks the end of the body, and on one that is
    /// [upgraded](Self::upgrade), the connection is reset at once.
    pub fn break_flow(&mut self) {
        let Some(flowing) = self.flowing.take() else {
            return;
        };
        self.input.release();
        self.dues.release();
        self.dues.forget();
        self.state = match flowing.delimiter {
            Delimiter::Close | Delimiter::Upgrade => State::Failing,
            Delimiter::Length(_) | Delimiter::Chunks => State::Closing { lingers: true },
        };
    }

    /// Tells whether the connection is to end with a [reset](crate::http::Step::Reset).
    pub const fn is_failing(&self) -> bool {
        matches!(self.state, State::Failing)
    }

    /// Tells whether the peer has said that it sends nothing more.
    pub const fn has_input_ended(&self) -> bool {
        self.input_ended
    }

    /// Returns how many bytes of output are to be sent.
    pub fn unsent(&self) -> usize {
        self.output.len()
    }
}
