//! The way of answers out: in the order of their requests, and what ends the connection behind one.

use super::flowing::{Flowing, Lingers};
use super::{Connection, State};
use crate::http::content::Content;
use crate::http::date::HttpDate;
use crate::http::dues::Turn;
use crate::http::limits::Wait;
use crate::http::message::Response;
use crate::http::owed::Owed;
use crate::http::step::Unasked;
use crate::http::write::{self, Delimiter, Persistence};

/// Bytes, 4 KiB: a body up to this is written behind its head, into the same block.
const SMALL_BYTES: usize = 4 * 1024;

impl Connection {
    /// Answers the oldest request that has no answer. See [`answer_to`](Self::answer_to).
    ///
    /// # Errors
    ///
    /// [`Unasked`] gives the answer back when none is due.
    pub fn answer(&mut self, response: Response, date: &HttpDate, now: u64) -> Result<(), Unasked> {
        match self.dues.unanswered() {
            Some(turn) => self.answer_to(turn, response, date, now),
            None => Err(Unasked(response)),
        }
    }

    /// Answers the request of that turn: queues the answer, and those behind it
    /// that have waited for it, or keeps it until it may be queued.
    ///
    /// # Errors
    ///
    /// [`Unasked`] gives the answer back when none is due at that turn.
    pub fn answer_to(
        &mut self,
        turn: Turn,
        response: Response,
        date: &HttpDate,
        now: u64,
    ) -> Result<(), Unasked> {
        let next = self.dues.put(turn, response).map_err(Unasked)?;
        self.queue_all(next, date, now);
        Ok(())
    }

    /// Queues what has waited for the answer before it to be over.
    pub(super) fn queue_answers(&mut self, date: &HttpDate, now: u64) {
        self.dues.release();
        let next = self.dues.pop();
        self.queue_all(next, date, now);
    }

    /// Queues an answer and those behind it, up to one whose body flows.
    fn queue_all(&mut self, mut next: Option<(Turn, Owed, Response)>, date: &HttpDate, now: u64) {
        while let Some((turn, owed, response)) = next {
            self.queue((turn, owed), response, date, now);
            next = self.dues.pop();
        }
    }

    fn queue(
        &mut self,
        (turn, owed): (Turn, Owed),
        mut response: Response,
        date: &HttpDate,
        now: u64,
    ) {
        self.answered = self.answered.saturating_add(1);
        if response.status().code() == 205 {
            // Its body is empty, and said to be, whatever the stage has put in (RFC 9110 §15.3.6).
            response = response.with_body(Vec::new());
        }
        let has_body = owed.wants_body_of(&response);
        let delimiter = owed.delimiter_of(response.content());
        let flows = has_body && matches!(response.content(), Content::Flowing(_));
        // What is left of its body is not waited for.
        let early = self.inflowing() == Some(turn);
        let persistence = match delimiter {
            _ if early => Persistence::Close,
            Delimiter::Close if flows => Persistence::Close,
            _ => self.persistence(owed, &response),
        };
        self.begin_output(now);
        self.put(owed, response, (delimiter, persistence), date);
        if matches!(self.state, State::Head(_)) {
            self.reading = Wait::from(now);
        }
        let closes = (persistence == Persistence::Close).then(|| {
            let lingers = owed.bad || self.may_hold_more();
            // A body may go on arriving while its answer flows.
            if !(flows && early) {
                self.answer_last(if flows {
                    State::Deaf { discards: true }
                } else {
                    State::Closing { lingers }
                });
            }
            Lingers(lingers)
        });
        if flows {
            self.dues.hold();
            self.flowing = Some(Box::new(Flowing {
                turn,
                owed,
                delimiter,
                closes,
            }));
        }
    }

    /// Writes an answer behind what is to be sent.
    fn put(
        &mut self,
        owed: Owed,
        response: Response,
        framing: (Delimiter, Persistence),
        date: &HttpDate,
    ) {
        let has_body = owed.wants_body_of(&response);
        let small_body = match response.content().bytes() {
            Some(bytes) if has_body && bytes.len() <= SMALL_BYTES => bytes,
            _ => &[],
        };
        let about = write::response_head_bytes(&response) + small_body.len();
        self.output.push_with(about, |block| {
            write::response_head(block, &response, framing, date);
            block.extend_from_slice(small_body);
        });
        if has_body && small_body.is_empty() {
            response.into_content().queue(&mut self.output);
        }
    }

    /// Takes no request behind the answer that was queued, or begun.
    fn answer_last(&mut self, state: State) {
        self.input.release();
        self.dues.forget();
        self.state = state;
    }

    /// Tells whether the peer has sent, or still sends, what will not be answered.
    pub(super) fn may_hold_more(&self) -> bool {
        let between = matches!(self.state, State::Head(_) | State::Deaf { discards: false });
        !between || !self.input.is_empty() || !self.dues.is_empty()
    }

    fn persistence(&self, owed: Owed, response: &Response) -> Persistence {
        let last = self.answered >= self.limits.requests_max;
        let retires = self.retired && self.dues.is_empty();
        let nothing_follows = self.input_ended && !self.may_hold_more();
        if response.closes() || last || retires || nothing_follows {
            Persistence::Close
        } else {
            owed.persistence
        }
    }
}
