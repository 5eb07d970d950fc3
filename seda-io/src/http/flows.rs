//! The streamed answers of one connection.

use std::mem;
use std::sync::Arc;

use super::connection::Connection;
use super::date::HttpDate;
use super::dues::Turn;
use super::flow::flow_event::FlowEnd;
use super::flow::line::{Ending, Line};
use super::tally::FlowTally;
use super::untold::Untold;

/// The streamed answers of one connection, of which one at most is being sent.
#[derive(Debug, Default)]
pub(super) struct Flows {
    all: Vec<(Turn, Arc<Line>)>,
    /// The stages know that the peer has ended its side.
    peer_done: bool,
}

impl Flows {
    pub(super) fn add(&mut self, turn: Turn, line: Arc<Line>) {
        self.all.push((turn, line));
        self.peer_done = false;
    }

    /// Adds what is sent on an upgraded connection; its stages hear otherwise
    /// when the peer has ended its side, behind the last bytes.
    pub(super) fn upgrade(&mut self, turn: Turn, line: Arc<Line>) {
        self.add(turn, line);
        self.peer_done = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Moves what was made of the bodies to the connection; tells whether an
    /// answer has ended by that, so that the connection may go on.
    pub(super) fn pump(
        &mut self,
        connection: &mut Connection,
        (date, now): (&HttpDate, u64),
        untold: &mut Untold,
        tally: &FlowTally,
    ) -> bool {
        let before = self.all.len();
        self.end_mute(untold, tally);
        while let Some(turn) = connection.flowing() {
            let Some(index) = self.all.iter().position(|(of, _)| *of == turn) else {
                break;
            };
            let Some((_, line)) = self.all.get(index) else {
                break;
            };
            let ending = line.take(|pieces| {
                connection.flow(pieces, now);
                connection.unsent()
            });
            let end = match ending {
                None => break,
                Some(Ending::Whole(trailers)) => {
                    connection.finish_flow(&trailers, date, now);
                    FlowEnd::Finished
                }
                Some(Ending::Broken) => {
                    connection.break_flow();
                    FlowEnd::Abandoned
                }
            };
            let (_, line) = self.all.swap_remove(index);
            untold.end(&line, end, tally);
        }
        if connection.has_input_ended() && !mem::replace(&mut self.peer_done, true) {
            self.note(Line::note_peer_done, untold);
        }
        self.all.len() < before
    }

    /// Ends the answers that have no body once they are made: their heads have left.
    fn end_mute(&mut self, untold: &mut Untold, tally: &FlowTally) {
        let over = |line: &Line| line.is_mute() && line.take_ending().is_some();
        for (_, line) in self.all.extract_if(.., |(_, line)| over(line)) {
            untold.end(&line, FlowEnd::Finished, tally);
        }
    }

    /// Says that the connection has written.
    pub(super) fn wrote(&self, connection: &Connection, untold: &mut Untold) {
        let flowing = connection.flowing();
        for (turn, line) in &self.all {
            if flowing == Some(*turn) {
                line.wrote(connection.unsent());
                untold.tell(line);
            }
        }
    }

    /// Has all stages hear something.
    pub(super) fn note(&self, note: impl Fn(&Line), untold: &mut Untold) {
        for (_, line) in &self.all {
            note(line);
            untold.tell(line);
        }
    }

    /// Tells whether nothing was sent of any since this was asked last.
    pub(super) fn is_quiet(&self) -> bool {
        // Each is asked, since each forgets that it was stirred.
        let stirred = self.all.iter().filter(|(_, line)| line.was_stirred());
        stirred.count() == 0
    }

    /// Ends all.
    pub(super) fn end(self, why: FlowEnd, untold: &mut Untold, tally: &FlowTally) {
        for (_, line) in self.all {
            untold.end(&line, why, tally);
        }
    }
}
