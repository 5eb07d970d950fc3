//! Streamed bodies whose stages have not heard all that has happened to them.

use std::fmt;
use std::mem;
use std::sync::Arc;

use super::flow::flow_event::FlowEnd;
use super::flow::line::Line;
use super::tally::FlowTally;
use super::telling::{Tells, Told};

/// Streamed bodies whose stages have refused to hear what has happened to them.
#[derive(Default)]
pub(super) struct Untold {
    waiting: Vec<Arc<dyn Tells>>,
    /// Events that were refused.
    refused: usize,
    /// The graph ends: what a closed stage refuses will never be taken.
    ending: bool,
    lost: usize,
}

impl Untold {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Tells whether the server ends.
    pub(super) const fn is_ending(&self) -> bool {
        self.ending
    }

    /// Says that the graph ends.
    pub(super) const fn note_ending(&mut self) {
        self.ending = true;
    }

    /// Tells the stage of a body what it has not heard, now or later.
    pub(super) fn tell<T: Tells + 'static>(&mut self, line: &Arc<T>) {
        match line.tell() {
            Told::All => {}
            Told::Closed if self.ending => self.lost += 1,
            Told::Closed | Told::Refused => {
                self.refused += 1;
                if self.waiting.iter().all(|have| !is_same(have, line)) {
                    self.waiting.push(Arc::clone(line) as Arc<dyn Tells>);
                }
            }
        }
    }

    /// Ends an answer, and tells its stage.
    pub(super) fn end(&mut self, line: &Arc<Line>, why: FlowEnd, tally: &FlowTally) {
        line.end(why);
        tally.count_end(why);
        self.tell(line);
    }

    /// Offers again what was refused.
    pub(super) fn tell_again(&mut self) {
        for waiting in mem::take(&mut self.waiting) {
            match waiting.tell() {
                Told::All => {}
                Told::Closed if self.ending => self.lost += 1,
                Told::Closed | Told::Refused => {
                    self.refused += 1;
                    self.waiting.push(waiting);
                }
            }
        }
    }

    /// Counts what has happened here.
    pub(super) fn count(&mut self, tally: &FlowTally) {
        let (refused, lost) = (mem::take(&mut self.refused), mem::take(&mut self.lost));
        if refused + lost > 0 {
            tally.postponed.add(refused);
            tally.undelivered.add(lost);
        }
    }

    /// Gives up what nobody has heard: the graph has ended.
    pub(super) fn give_up(mut self, tally: &FlowTally) {
        self.lost += self.waiting.len();
        self.count(tally);
    }
}

/// Tells whether both are the same body.
fn is_same<T: Tells>(one: &Arc<dyn Tells>, other: &Arc<T>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}

impl fmt::Debug for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Untold")
            .field("waiting", &self.waiting.len())
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}
