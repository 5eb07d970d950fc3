//! Answers whose body is handed out as it comes.

use std::sync::Arc;

use super::Dispatch;
use crate::http::answer::Progress;
use crate::http::carrier::{Carrier, Seat};
use crate::http::content::Content;
use crate::http::dues::Turn;
use crate::http::inflow::Inflow;
use crate::http::inflow::inflow_event::{InflowEvent, InflowFault, Piece};
use crate::http::inflow::spring::Spring;
use crate::http::message::Response;
use crate::http::outbound::coming::Coming;
use crate::http::outbound::notes::What;
use crate::http::telling;
use crate::http::trailers::Trailers;

impl<T: Send + 'static> Dispatch<T> {
    /// Takes what stages have to say of streamed bodies.
    pub(super) fn collect_notes(&mut self, now: u64) {
        for note in self.notes.take() {
            let index = note.seat.index;
            if let What::More = note.what {
                self.heed(note.seat);
                continue;
            }
            match (self.incoming(note.seat), note.what) {
                (Some(incoming), What::Want(spring)) => {
                    incoming.want(spring);
                    self.ask(index, now);
                }
                (None, What::Want(spring)) => self.tell_of_end(&spring, InflowFault::Gone),
                (Some(_), What::Ask) => self.ask(index, now),
                (Some(_), What::Leave) => self.leave(index, now),
                (None, What::Ask | What::Leave) | (_, What::More) => {}
            }
        }
    }

    /// Gives the body that is handed out there, if it is still the same.
    fn incoming(&mut self, seat: Seat) -> Option<&mut Coming> {
        let incoming = self.lines.get_mut(seat.index)?.incoming()?;
        (incoming.number() == seat.serial).then_some(incoming)
    }

    fn ask(&mut self, index: usize, now: u64) {
        if let Some(talk) = self.lines.get_mut(index).and_then(|line| line.talk()) {
            talk.ask(now);
            self.list(index);
        }
    }

    /// Tells the stage of an answer whose body is still to come.
    pub(super) fn begun(&mut self, index: usize, response: Response, progress: Progress, now: u64) {
        let Some(line) = self.lines.get_mut(index) else {
            return;
        };
        let call = line.call.take();
        let Some(mut call) = call.and_then(|call| self.calls.try_remove(call)) else {
            return;
        };
        self.alarms.disarm(&mut call.alarm);
        self.pool.leave(call.site);
        let number = telling::next_number();
        let mut incoming = Coming::new(number, call.meta.deadline().as_nanos(), now);
        if progress != Progress::More {
            incoming.complete(progress);
        }
        if let Some(talk) = line.talk() {
            talk.hand_out(incoming, call.request.take_body());
        }
        self.pouring += 1;
        self.score.inflows.begun.add(1);
        let length = match response.content() {
            Content::Flowing(later) => later.length,
            _ => None,
        };
        let carrier: Arc<dyn Carrier> = Arc::clone(&self.notes) as _;
        let inflow = Inflow::answering((seat_of(index, number), length), carrier);
        self.delivery.begin(call, response, inflow);
        self.arm(index);
    }

    /// Hands a piece to the stage that wants it; when the stage has done with it,
    /// the next is asked for.
    pub(super) fn hand_out(&mut self, index: usize, bytes: Vec<u8>) {
        let incoming = self.lines.get_mut(index).and_then(|line| line.incoming());
        let spring = incoming.and_then(|incoming| incoming.spring());
        if let Some(spring) = spring {
            self.note_piece(&spring, index, bytes);
            self.untold.tell(&spring);
        }
        self.arm(index);
    }

    fn note_piece(&self, spring: &Spring, index: usize, bytes: Vec<u8>) {
        let number = spring.number();
        let (notes, seat) = (Arc::clone(&self.notes), seat_of(index, number));
        let piece = Piece::new(bytes, move || notes.ask(seat));
        spring.note(InflowEvent::Data(number, piece));
    }

    /// Tells the last of a body.
    pub(super) fn poured_out(&mut self, index: usize, bytes: Vec<u8>, trailers: Trailers) {
        let Some(spring) = self.take_incoming(index) else {
            return;
        };
        self.score.inflows.whole.add(1);
        if let Some(spring) = spring {
            if !bytes.is_empty() {
                self.note_piece(&spring, index, bytes);
            }
            spring.note(InflowEvent::End(spring.number(), trailers));
            self.untold.tell(&spring);
        }
    }

    /// Closes the connection of a body that will never be whole, and tells so.
    pub(super) fn cut(&mut self, index: usize, why: InflowFault) {
        let spring = self.take_incoming(index);
        self.end(index);
        if let Some(spring) = spring {
            self.score.inflows.failed.add(1);
            if let Some(spring) = spring {
                self.tell_of_end(&spring, why);
            }
        }
    }

    /// Goes on without somebody who wants a body: its connection is of no use,
    /// unless all of it has come.
    fn leave(&mut self, index: usize, now: u64) {
        let Some(talk) = self.lines.get_mut(index).and_then(|line| line.talk()) else {
            return;
        };
        let whole = talk.incoming().and_then(|incoming| incoming.whole());
        let afterwards = whole.map(|progress| talk.afterwards(progress));
        self.take_incoming(index);
        self.score.inflows.unwanted.add(1);
        match afterwards {
            Some(afterwards) => self.release(index, afterwards, now),
            None => self.end(index),
        }
    }

    /// Ends the state of a body that is handed out; gives who wants it.
    #[expect(
        clippy::option_option,
        reason = "a body that nobody has wanted yet is told from none"
    )]
    fn take_incoming(&mut self, index: usize) -> Option<Option<Arc<Spring>>> {
        let talk = self.lines.get_mut(index)?.talk()?;
        let incoming = talk.take_incoming()?;
        self.pouring -= 1;
        Some(incoming.spring())
    }

    fn tell_of_end(&mut self, spring: &Arc<Spring>, why: InflowFault) {
        spring.note(InflowEvent::Failed(spring.number(), why));
        self.untold.tell(spring);
    }

    /// Ends all bodies that are handed out: the graph has ended.
    pub(super) fn cut_all(&mut self) {
        self.untold.note_ending();
        let indices: Vec<usize> = self.lines.iter().map(|(index, _)| index).collect();
        for index in indices {
            if let Some(spring) = self.take_incoming(index) {
                self.score.inflows.failed.add(1);
                if let Some(spring) = spring {
                    self.tell_of_end(&spring, InflowFault::Gone);
                }
            }
        }
    }
}

/// Names a body by its number, and where its connection stands.
const fn seat_of(index: usize, number: u64) -> Seat {
    Seat {
        index,
        serial: number,
        turn: Turn::ONLY,
    }
}
