//! A connection on which another protocol is spoken: bytes both ways, without meaning here.
//!
//! # Sources
//!
//! RFC 9110 §7.8 (`Upgrade`), §15.2.2 (101).

use super::flowing::{Flowing, Lingers};
use super::{Connection, State};
use crate::http::dues::Turn;
use crate::http::headers::Headers;
use crate::http::limits::Wait;
use crate::http::step::Step;
use crate::http::trailers::Trailers;
use crate::http::write::{self, Delimiter};

/// How far the direction inwards is; the one outwards is a body that flows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upgraded {
    turn: Turn,
    inwards: Inwards,
    /// The peer was told that nothing more comes.
    shut: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inwards {
    /// Nobody asks for a piece.
    Paused,
    /// The next piece is asked for.
    Asked,
    /// The peer has ended its side, and the stages know.
    Over,
}

impl Upgraded {
    /// Names the request that was answered by it, until the peer has ended its side.
    pub(super) fn inflowing(self) -> Option<Turn> {
        (self.inwards != Inwards::Over).then_some(self.turn)
    }

    /// Tells whether a piece is with the stages, or nobody has asked for the first.
    pub(super) fn is_paused(self) -> bool {
        self.inwards == Inwards::Paused
    }

    pub(super) fn ask(&mut self) {
        if self.is_paused() {
            self.inwards = Inwards::Asked;
        }
    }
}

impl Connection {
    /// Tells whether another protocol is spoken.
    pub(in crate::http) const fn is_upgraded(&self) -> bool {
        matches!(self.state, State::Upgraded(_))
    }

    /// Tells whether the request of that turn is still to be answered, and has
    /// asked for another protocol: by HTTP/1.1, with `Upgrade` among its fields
    /// and in its `Connection`, and with a body that is whole, or none.
    ///
    /// Such a request is handed out alone, and nothing behind it is looked at
    /// until its answer, since it may be of either protocol.
    pub fn may_upgrade(&self, turn: Turn) -> bool {
        self.dues.may_upgrade(turn)
    }

    /// Answers the request of that turn with 101 and `headers`, which must name
    /// the protocol in `Upgrade`. What comes behind the request is handed out
    /// [in pieces](Step::Body) that are [asked for](Self::ask_body); what is to
    /// be sent is a body that [flows](Self::flow), up to its
    /// [end](Self::finish_flow). Each side may end before the other.
    ///
    /// Tells whether it did; if not, it [may not](Self::may_upgrade).
    pub fn upgrade(&mut self, turn: Turn, headers: &Headers, now: u64) -> bool {
        let Some(owed) = self.dues.upgrade(turn) else {
            return false;
        };
        self.answered = self.answered.saturating_add(1);
        self.begin_output(now);
        self.output
            .push_with(write::switching_head_bytes(headers), |block| {
                write::switching_head(block, headers);
            });
        self.reading = Wait::from(now);
        self.state = State::Upgraded(Upgraded {
            turn,
            inwards: Inwards::Paused,
            shut: false,
        });
        self.dues.hold();
        self.flowing = Some(Box::new(Flowing {
            turn,
            owed,
            delimiter: Delimiter::Upgrade,
            closes: Some(Lingers(false)),
        }));
        true
    }

    /// Tells whether nothing happens before a stage does something; if not, it
    /// may when output was sent.
    pub fn awaits_stage(&self) -> bool {
        match self.state {
            State::Upgraded(_) => !self.has_output(),
            _ => self.owes_answer(),
        }
    }

    /// Tells whether the peer was to be [told](Step::HalfClose) that nothing more comes.
    pub fn has_half_closed(&self) -> bool {
        match self.state {
            State::Upgraded(upgraded) => upgraded.shut,
            State::Lingering => true,
            _ => false,
        }
    }

    /// Says that nothing more will be sent; what the peer sends still arrives.
    pub(super) fn finish_upgraded(&mut self) {
        self.flowing = None;
        self.dues.release();
    }

    pub(super) fn step_upgraded(&mut self, upgraded: Upgraded, now: u64) -> Step<()> {
        let mut next = upgraded;
        let step = self.next_upgraded(&mut next);
        match step {
            Step::Closed => return self.close(),
            Step::BodyEnd(_) => self.reading = Wait::from(now),
            _ => {}
        }
        self.state = State::Upgraded(next);
        step
    }

    fn next_upgraded(&mut self, upgraded: &mut Upgraded) -> Step<()> {
        let finished = self.flowing.is_none() && self.output.is_empty();
        match upgraded.inwards {
            Inwards::Over if finished => Step::Closed,
            _ if finished && !upgraded.shut => {
                upgraded.shut = true;
                Step::HalfClose
            }
            Inwards::Over | Inwards::Paused => Step::Wait,
            // What is answered with as much is then never too much to be sent.
            Inwards::Asked if self.unsent() > self.limits.flow_low_mark_bytes => Step::Wait,
            Inwards::Asked if !self.input.is_empty() => {
                upgraded.inwards = Inwards::Paused;
                let piece = self.input.bytes().to_vec();
                self.input.consume(piece.len());
                Step::Body(piece)
            }
            Inwards::Asked if self.input_ended => {
                upgraded.inwards = Inwards::Over;
                Step::BodyEnd(Trailers::new())
            }
            // The end of this direction comes behind the output.
            Inwards::Asked if self.flowing.is_none() && self.has_output() => Step::Wait,
            Inwards::Asked => {
                self.input.release();
                Step::NeedMore
            }
        }
    }
}
