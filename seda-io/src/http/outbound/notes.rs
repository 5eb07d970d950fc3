//! What stages have to say of streamed bodies, on its way to the worker that has them.

use std::sync::Arc;

use super::score::Score;
use crate::http::carrier::{Carrier, Seat};
use crate::http::inflow::inflow_event::{InflowEvent, InflowFault};
use crate::http::inflow::spring::Spring;
use crate::http::telling::Tells;
use crate::reactor::{Mailbox, Member};

/// Is what a stage has to say of a streamed body.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) seat: Seat,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// There is more of it to be sent, or its end.
    More,
    /// It is wanted.
    Want(Arc<Spring>),
    /// The next piece is.
    Ask,
    /// The rest is not.
    Leave,
}

/// Takes what stages have to say of the streamed bodies of one worker's client.
///
/// There are never more than a few for each body: who makes one calls once and
/// then waits until it was looked at, and a piece is asked for when there is none.
#[derive(Debug)]
pub(super) struct Notes {
    mailbox: Mailbox<Note>,
    score: Arc<Score>,
}

impl Notes {
    pub(super) fn new(member: &Member, score: Arc<Score>) -> Self {
        Self {
            mailbox: Mailbox::new(member.bell()),
            score,
        }
    }

    /// Takes all that was said, in order.
    pub(super) fn take(&self) -> Vec<Note> {
        self.mailbox.take()
    }

    /// Takes nothing more, and tells who waits that there is nobody.
    pub(super) fn close(&self) {
        self.mailbox.close().into_iter().for_each(throw_away);
    }

    fn put(&self, seat: Seat, what: What) {
        if let Err(note) = self.mailbox.post(Note { seat, what }) {
            throw_away(note);
        }
    }
}

/// Tells who wants a body that it will never come.
fn throw_away(note: Note) {
    if let What::Want(spring) = note.what {
        spring.note(InflowEvent::Failed(spring.number(), InflowFault::Gone));
        spring.tell();
    }
}

impl Carrier for Notes {
    fn call(&self, seat: Seat) {
        self.put(seat, What::More);
    }

    fn want(&self, seat: Seat, spring: Arc<Spring>) {
        self.put(seat, What::Want(spring));
    }

    fn ask(&self, seat: Seat) {
        self.put(seat, What::Ask);
    }

    fn leave(&self, seat: Seat) {
        self.put(seat, What::Leave);
    }

    fn count_clogged(&self) {
        self.score.flows.clogged.add(1);
    }
}
