//! The body of a request that is sent as it is made.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::notes::Notes;
use super::score::Score;
use crate::buffer::WriteBuffer;
use crate::http::carrier::{Carrier, Seat};
use crate::http::flow::flow_event::FlowEnd;
use crate::http::flow::line::{Ending, Line};
use crate::http::inflow::spring::Spring;
use crate::http::write::Delimiter;

/// Is the body of a request that is sent as it is made.
#[derive(Debug)]
pub(super) struct Going {
    line: Arc<Line>,
    berth: Arc<Berth>,
    delimiter: Delimiter,
    /// Taken from the line, and not yet written.
    output: WriteBuffer,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// More may come.
    Open,
    /// It is whole.
    Finished,
    /// The server takes nothing more, and its maker does not know.
    Refused,
    /// It will never be whole, and its maker knows.
    Broken,
}

impl Going {
    /// Makes one of that many bytes, if it is known.
    pub(super) const fn new(line: Arc<Line>, berth: Arc<Berth>, length: Option<u64>) -> Self {
        let delimiter = match length {
            Some(length) => Delimiter::Length(length),
            None => Delimiter::Chunks,
        };
        Self {
            line,
            berth,
            delimiter,
            output: WriteBuffer::new(0),
            state: State::Open,
        }
    }

    pub(super) const fn delimiter(&self) -> Delimiter {
        self.delimiter
    }

    pub(super) fn number(&self) -> u64 {
        self.line.number()
    }

    /// Begins on a connection, with the head; from now on it is told of what is made.
    pub(super) fn begin(&mut self, notes: &Arc<Notes>, index: usize, head: Vec<u8>) {
        self.berth.begin(notes, index);
        self.output.push_owned(head);
    }

    /// Moves what was made to the connection; gives how it ends, if that was said.
    pub(super) fn pump(&mut self) -> Option<FlowEnd> {
        if self.state != State::Open {
            return None;
        }
        let (delimiter, output) = (&mut self.delimiter, &mut self.output);
        let mut fits = true;
        let ending = self.line.take(|pieces| {
            fits = delimiter.frame(pieces, output);
            output.len()
        });
        let whole = match ending {
            _ if !fits => false,
            None => return None,
            Some(Ending::Broken) => false,
            Some(Ending::Whole(trailers)) => self.delimiter.end(&trailers, &mut self.output),
        };
        if whole {
            self.state = State::Finished;
            Some(FlowEnd::Finished)
        } else {
            self.state = State::Broken;
            Some(FlowEnd::Abandoned)
        }
    }

    pub(super) const fn line(&self) -> &Arc<Line> {
        &self.line
    }

    pub(super) const fn output(&self) -> &WriteBuffer {
        &self.output
    }

    /// Says that so many bytes were written.
    pub(super) fn sent(&mut self, count: usize) {
        self.output.advance(count);
    }

    /// Says that the server takes nothing more.
    pub(super) fn refuse(&mut self) {
        self.output.advance(usize::MAX);
        if self.state == State::Open {
            self.state = State::Refused;
        }
    }

    /// Tells whether its maker is to hear now that the server takes nothing more.
    pub(super) fn note_refused(&mut self) -> bool {
        let news = self.state == State::Refused;
        if news {
            self.state = State::Broken;
        }
        news
    }

    /// Tells its maker how much is not written.
    pub(super) fn note_written(&self) {
        self.line.wrote(self.output.len());
    }

    /// Tells whether all of it was made and written.
    pub(super) fn is_over(&self) -> bool {
        self.state == State::Finished && self.output.is_empty()
    }

    /// Tells whether the server has all of it, by the length that was said, whether or
    /// not its maker has said so.
    pub(super) fn is_delivered(&self) -> bool {
        let all = self.delimiter == Delimiter::Length(0) && self.state == State::Open;
        self.output.is_empty() && (all || self.state == State::Finished)
    }

    /// Tells whether its maker may make more of it, as far as that knows.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Open | State::Refused)
    }

    /// Tells whether the next of it is still to be made.
    pub(super) fn is_awaited(&self) -> bool {
        self.state == State::Open && self.output.is_empty()
    }
}

/// Carries the calls of a body to the worker that has its request, once that has a connection.
///
/// What is called before is not lost: the worker looks when it has one.
pub(super) struct Berth {
    place: OnceLock<(Arc<Notes>, usize)>,
    score: Arc<Score>,
}

impl Berth {
    pub(super) const fn new(score: Arc<Score>) -> Self {
        Self {
            place: OnceLock::new(),
            score,
        }
    }

    fn begin(&self, notes: &Arc<Notes>, index: usize) {
        // A body is not sent twice, so there is one place.
        let _ = self.place.set((Arc::clone(notes), index));
    }
}

impl Carrier for Berth {
    fn call(&self, seat: Seat) {
        if let Some((notes, index)) = self.place.get() {
            let index = *index;
            notes.call(Seat { index, ..seat });
        }
    }

    // Nothing comes in by it.
    fn want(&self, _: Seat, _: Arc<Spring>) {}

    fn ask(&self, _: Seat) {}

    fn leave(&self, _: Seat) {}

    fn count_clogged(&self) {
        self.score.flows.clogged.add(1);
    }
}

impl fmt::Debug for Berth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Berth")
            .field("begun", &self.place.get().is_some())
            .finish_non_exhaustive()
    }
}
