//! The way of answers out: in the order of their requests, and what ends the connection behind one.

use super::{Connection, State};
use crate::http::date::HttpDate;
use crate::http::dues::Turn;
use crate::http::limits::Wait;
use crate::http::message::Response;
use crate::http::owed::Owed;
use crate::http::step::Unasked;
use crate::http::write::{self, Persistence};

/// Bytes, 4 KiB: a body up to this is written behind its head without a further look for memory.
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
        self.dues.put(turn, response).map_err(Unasked)?;
        while let Some((owed, response)) = self.dues.pop() {
            self.queue(owed, response, date, now);
        }
        Ok(())
    }

    fn queue(&mut self, owed: Owed, response: Response, date: &HttpDate, now: u64) {
        self.answered = self.answered.saturating_add(1);
        let persistence = self.persistence(owed, &response);
        let has_body = !owed.head_only && !response.status().is_bodiless();
        let head_bytes = write::response_head_bytes(&response);
        let small_body = if has_body {
            response.body().len().min(SMALL_BYTES)
        } else {
            0
        };
        self.begin_output(now);
        self.output.push_with(head_bytes + small_body, |block| {
            write::response_head(block, &response, persistence, date);
        });
        if has_body {
            response.into_content().queue(&mut self.output);
        }
        if matches!(self.state, State::Head(_)) {
            self.reading = Wait::from(now);
        }
        if persistence == Persistence::Close {
            let lingers = owed.bad || self.may_hold_more();
            self.input.release();
            self.dues.forget();
            self.state = State::Closing { lingers };
        }
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
