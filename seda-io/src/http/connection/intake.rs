//! The way of requests in: heads, bodies, and when one may be handed out.

use std::mem;

use super::{BLANK_LINES_MAX, Connection, HeadState, Receiving, State};
use crate::http::body::Body;
use crate::http::dues::Turn;
use crate::http::fault::{Fault, Place, ProtocolError};
use crate::http::gathering::Gathered;
use crate::http::limits::Wait;
use crate::http::message::Request;
use crate::http::owed::Owed;
use crate::http::parse::{self, RequestHead};
use crate::http::scan::{Section, SectionKind};
use crate::http::step::Step;
use crate::http::write;

impl Connection {
    /// Tells whether a further request may be handed out before what is due is answered.
    pub(super) fn may_take(&self) -> bool {
        let flowing = self.flowing.as_ref();
        let exclusive =
            self.dues.is_exclusive() || flowing.is_some_and(|it| it.owed.is_exclusive());
        let in_hand = self.dues.len() + usize::from(flowing.is_some());
        let beside = !exclusive && in_hand < self.limits.pipeline_max && !self.retired;
        self.output.has_room() && (in_hand == 0 || beside)
    }

    pub(super) fn step_head(
        &mut self,
        mut head: HeadState,
        taken: &mut Option<Request>,
        now: u64,
    ) -> Step<()> {
        while head.blank_lines < BLANK_LINES_MAX && self.input.bytes().starts_with(b"\r\n") {
            self.input.consume(2);
            head.blank_lines += 1;
        }
        self.state = State::Head(head);
        if self.input.is_empty() && !self.input_ended && !self.retired {
            self.input.release();
            return Step::NeedMore;
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
            Ok(Some(len)) => self.take_head(len, taken, now),
            Ok(None) if !self.input.is_empty() => self.need_more(Place::Head),
            Ok(None) if self.input_ended && self.owes_answer() => {
                self.state = State::Deaf { discards: false };
                Step::Wait
            }
            Ok(None) => {
                self.state = State::Closing { lingers: false };
                self.advance(taken, now)
            }
        }
    }

    #[inline]
    fn take_head(&mut self, len: usize, taken: &mut Option<Request>, now: u64) -> Step<()> {
        let bytes = self.input.bytes().get(..len).unwrap_or_default();
        let head = match parse::request(bytes, self.limits.headers_max) {
            Ok(head) => head,
            Err(error) => return self.refuse(error),
        };
        self.input.consume(len);
        if self.hands_out_pieces(&head) {
            return self.begin_inflow(head, taken, now);
        }
        let owed = Owed::to(&head);
        match Body::new(head.framing, self.limits.body_bytes_max) {
            Ok(None) => self.hand_out(head.request, owed, taken),
            Ok(Some(body)) => self.await_body(head, body, taken, now),
            Err(error) => self.refuse(error),
        }
    }

    fn await_body(
        &mut self,
        head: RequestHead,
        body: Body,
        taken: &mut Option<Request>,
        now: u64,
    ) -> Step<()> {
        self.reading = Wait::from(now);
        self.state = State::Body(Box::new(Receiving {
            owed: Owed::to(&head),
            request: head.request,
            body,
            awaits_continue: head.awaits_continue,
        }));
        self.step_body(taken, now)
    }

    pub(super) fn step_body(&mut self, taken: &mut Option<Request>, now: u64) -> Step<()> {
        let State::Body(receiving) = &mut self.state else {
            return Step::NeedMore;
        };
        // The interim answer stands between the final ones, in order.
        if receiving.awaits_continue && self.dues.is_empty() && self.flowing.is_none() {
            receiving.awaits_continue = false;
            self.begin_output(now);
            self.output.push(write::CONTINUE);
            return Step::Continue100;
        }
        match receiving.body.take(&mut self.input) {
            Err(error) => self.refuse(error),
            Ok(None) => {
                // Who sends slowly holds nothing but its body meanwhile.
                if self.input.is_empty() {
                    self.input.release();
                }
                self.need_more(Place::Body)
            }
            Ok(Some(bytes)) => {
                let State::Body(whole) = mem::replace(&mut self.state, State::FRESH) else {
                    return Step::Closed;
                };
                let request = whole.request.with_body(bytes);
                let request = request.with_trailers(whole.body.into_trailers());
                self.hand_out(request, whole.owed, taken)
            }
        }
    }

    /// Tells what a body holds that is not whole, where all of it is handed out at once.
    pub(in crate::http) fn gathered(&self) -> Option<Gathered> {
        let State::Body(receiving) = &self.state else {
            return None;
        };
        let bytes = receiving.body.held();
        let request = self.taken;
        (bytes > 0).then_some(Gathered { request, bytes })
    }

    /// Gives such a body up: an answer is due that is the last, and what else
    /// the peer sends is thrown away.
    pub(in crate::http) fn give_body_up(&mut self) -> Option<Turn> {
        matches!(self.state, State::Body(_)).then(|| {
            self.end_intake();
            self.turn()
        })
    }

    /// Lets a request go that was held.
    pub(super) fn let_go(&mut self, taken: &mut Option<Request>) -> Step<()> {
        match mem::replace(&mut self.state, State::FRESH) {
            State::Held(held) => self.hand_out(held.0, held.1, taken),
            state => {
                self.state = state;
                Step::Wait
            }
        }
    }

    #[inline]
    pub(super) fn hand_out(
        &mut self,
        request: Request,
        owed: Owed,
        taken: &mut Option<Request>,
    ) -> Step<()> {
        if owed.is_exclusive() && self.owes_answer() {
            self.state = State::Held(Box::new((request, owed)));
            return Step::Wait;
        }
        self.taken = self.taken.saturating_add(1);
        self.dues.push(owed);
        let last = owed.is_last() || self.taken >= self.limits.requests_max;
        self.state = if last {
            State::Deaf { discards: false }
        } else {
            State::FRESH
        };
        *taken = Some(request);
        Step::Request(())
    }

    fn need_more(&mut self, place: Place) -> Step<()> {
        if self.input_ended {
            return self.refuse(ProtocolError::new(place, Fault::EndedEarly));
        }
        Step::NeedMore
    }

    pub(super) fn refuse(&mut self, error: ProtocolError) -> Step<()> {
        self.end_intake();
        Step::Bad(error)
    }

    /// Takes nothing more, and owes an answer that says why.
    fn end_intake(&mut self) {
        self.input.release();
        self.dues.push(Owed::to_bad_request());
        self.state = State::Deaf { discards: true };
    }
}
