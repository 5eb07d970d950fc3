//! The way of a body in that is handed out piece by piece, while it arrives.

use std::mem;

use super::{Connection, State};
use crate::http::body::Body;
use crate::http::dues::Turn;
use crate::http::fault::{Fault, Place, ProtocolError};
use crate::http::limits::Wait;
use crate::http::message::Request;
use crate::http::owed::{Company, Owed};
use crate::http::parse::RequestHead;
use crate::http::step::Step;
use crate::http::write;

/// A request whose body is handed out as it arrives.
#[derive(Debug)]
pub(super) struct Inflowing {
    stage: Stage,
    owed: Owed,
    body: Body,
    /// The peer waits to be told that it may send the body.
    awaits_continue: bool,
}

/// How far such a request is.
#[derive(Debug)]
enum Stage {
    /// It waits until it is alone.
    Held(Request),
    /// Nobody asks for a piece; nanoseconds: since when.
    Paused(Turn, u64),
    /// The next piece is asked for.
    Asked(Turn),
    /// The last piece was handed out.
    Over(Turn),
}

impl Connection {
    /// Tells whether the body that `head` announces is to be handed out in pieces.
    pub(super) fn hands_out_pieces(&self, head: &RequestHead) -> bool {
        head.framing.may_exceed(self.limits.body_streams_above)
    }

    pub(super) fn begin_inflow(
        &mut self,
        head: RequestHead,
        taken: &mut Option<Request>,
        now: u64,
    ) -> Step<()> {
        let mut owed = Owed::to(&head);
        // It is to be alone until its body is over, whatever its method, and the
        // protocol does not change in the midst of it.
        owed.company = Company::Alone;
        match Body::new(head.framing, self.limits.streamed_body_bytes_max) {
            Ok(None) => self.hand_out(head.request, owed, taken),
            Err(error) => self.refuse(error),
            Ok(Some(body)) => {
                self.state = State::Inflow(Box::new(Inflowing {
                    stage: Stage::Held(head.request),
                    owed,
                    body,
                    awaits_continue: head.awaits_continue,
                }));
                self.step_inflow(taken, now)
            }
        }
    }

    /// Names the request whose body, or what came [instead](Self::upgrade) of
    /// further ones, is handed out [in pieces](Step::Body), until its end.
    ///
    /// Such are those that are longer than [`Limits::body_streams_above`](crate::http::Limits).
    pub fn inflowing(&self) -> Option<Turn> {
        match &self.state {
            State::Inflow(inflowing) => match inflowing.stage {
                Stage::Paused(turn, _) | Stage::Asked(turn) | Stage::Over(turn) => Some(turn),
                Stage::Held(_) => None,
            },
            State::Upgraded(upgraded) => upgraded.inflowing(),
            _ => None,
        }
    }

    /// Tells how many bytes of the body that flows in are to come, if that is known.
    pub(in crate::http) fn inflow_length(&self) -> Option<u64> {
        match &self.state {
            State::Inflow(inflowing) => inflowing.body.left(),
            _ => None,
        }
    }

    /// Asks for the next piece of the body that is flowing in; nothing else of
    /// it is handed out, nor more than a buffer of it read. The first time
    /// tells a peer that has asked for it to go on.
    pub fn ask_body(&mut self, now: u64) {
        if let State::Upgraded(upgraded) = &mut self.state {
            upgraded.ask();
            self.reading = Wait::from(now);
        }
        if let State::Inflow(inflowing) = &mut self.state
            && let Stage::Paused(turn, since) = inflowing.stage
        {
            // The time that the stages took is not the peer's.
            self.reading.postpone(now.saturating_sub(since));
            inflowing.stage = Stage::Asked(turn);
        }
    }

    /// Tells whether the peer is waited for to send more of such a body.
    pub(super) fn awaits_piece(&self) -> bool {
        match &self.state {
            State::Inflow(inflowing) => matches!(inflowing.stage, Stage::Asked(_)),
            _ => false,
        }
    }

    pub(super) fn step_inflow(&mut self, taken: &mut Option<Request>, now: u64) -> Step<()> {
        let alone = !self.owes_answer();
        let State::Inflow(inflowing) = &mut self.state else {
            return Step::Wait;
        };
        match inflowing.stage {
            Stage::Held(_) if !alone => Step::Wait,
            Stage::Held(_) => {
                self.dues.push(inflowing.owed);
                self.taken = self.taken.saturating_add(1);
                self.reading = Wait::from(now);
                let paused = Stage::Paused(self.dues.latest(), now);
                match mem::replace(&mut inflowing.stage, paused) {
                    Stage::Held(request) => {
                        *taken = Some(request);
                        Step::Request(())
                    }
                    _ => Step::Wait,
                }
            }
            Stage::Paused(..) => Step::Wait,
            Stage::Over(_) => self.end_inflow(),
            // Not in the midst of an answer that has begun.
            Stage::Asked(_) if inflowing.awaits_continue && self.flowing.is_none() => {
                inflowing.awaits_continue = false;
                self.begin_output(now);
                self.output.push(write::CONTINUE);
                Step::Continue100
            }
            Stage::Asked(turn) => self.take_piece(turn, now),
        }
    }

    fn take_piece(&mut self, turn: Turn, now: u64) -> Step<()> {
        let State::Inflow(inflowing) = &mut self.state else {
            return Step::Wait;
        };
        let taken = match inflowing.body.take(&mut self.input) {
            Err(error) => return self.spoil(error),
            Ok(taken) => taken,
        };
        let over = taken.is_some();
        let piece = taken.unwrap_or_else(|| inflowing.body.take_so_far());
        if over {
            inflowing.stage = Stage::Over(turn);
        } else if !piece.is_empty() {
            inflowing.stage = Stage::Paused(turn, now);
        }
        match piece.is_empty() {
            false => Step::Body(piece),
            true if over => self.end_inflow(),
            true if self.input_ended => {
                self.spoil(ProtocolError::new(Place::Body, Fault::EndedEarly))
            }
            true => Step::NeedMore,
        }
    }

    fn end_inflow(&mut self) -> Step<()> {
        let State::Inflow(over) = mem::replace(&mut self.state, State::FRESH) else {
            return Step::Wait;
        };
        let answered = self.flowing.as_ref().is_some_and(|it| it.closes.is_some());
        let last = over.owed.is_last() || self.taken >= self.limits.requests_max;
        if answered || last {
            self.state = State::Deaf { discards: answered };
        }
        Step::BodyEnd(over.body.into_trailers())
    }

    /// Gives a body up that is flowing in: its request was handed out, and is
    /// still to be answered, but nothing behind it can be understood.
    pub(super) fn spoil(&mut self, error: ProtocolError) -> Step<()> {
        self.input.release();
        self.retired = true;
        self.state = State::Deaf { discards: true };
        Step::BodyBad(error)
    }
}
