//! Requests whose body is sent as it is made.

use std::mem;
use std::time::Duration;

use super::{CALL, Dispatch, KINDS};
use crate::http::carrier::Seat;
use crate::http::flow::flow_event::FlowEnd;
use crate::http::flow::line::Line;
use crate::http::outbound::call::{Call, CallError};
use crate::http::outbound::going::Going;
use crate::http::outbound::server_line::Line as ServerLine;
use crate::http::outbound::talk::Talk;
use crate::timer::nanoseconds;

/// How long a drain waits for the next piece of a request.
const GRACE: Duration = Duration::from_secs(1);

impl<T: Send + 'static> Dispatch<T> {
    /// Begins such a request on a connection. From now on the server is given the
    /// time for each step; who makes the body may take as long as it likes.
    pub(super) fn begin_flow(&mut self, index: usize, call: usize, head: Vec<u8>) {
        let (Some(line), Some(begun)) = (self.lines.get_mut(index), self.calls.get_mut(call))
        else {
            return;
        };
        self.alarms.disarm(&mut begun.alarm);
        let until = begun.meta.deadline().as_nanos();
        if until < u64::MAX {
            let alarm = &mut begun.alarm;
            self.alarms.arm(alarm, until, call * KINDS + CALL);
        }
        if let (Some(talk), Some(mut going)) = (line.talk(), begun.going.take()) {
            going.begin(&self.notes, index, head);
            talk.flow(going);
        }
        if self.quiesced {
            self.note_ending(index);
        }
    }

    /// Has a connection take part in this turn for which more of its request was made.
    pub(super) fn heed(&mut self, seat: Seat) {
        let going = self.lines.get_mut(seat.index).and_then(|line| line.going());
        if going.is_some_and(|going| going.number() == seat.serial) {
            self.list(seat.index);
        }
    }

    /// Moves what was made of a request to its connection; false if the rest of it
    /// will never be.
    pub(super) fn pump(&mut self, index: usize, now: u64) -> bool {
        let Some(talk) = self.lines.get_mut(index).and_then(|line| line.talk()) else {
            return true;
        };
        let Some(end) = talk.pump(now) else {
            return true;
        };
        if let Some(going) = talk.going() {
            self.untold.end(going.line(), end, &self.score.flows);
        }
        end == FlowEnd::Finished
    }

    /// Tells who makes a request how much of it was taken.
    pub(super) fn note_written(&mut self, index: usize) {
        let Some(talk) = self.lines.get_mut(index).and_then(|line| line.talk()) else {
            return;
        };
        let Some(going) = talk.going() else {
            return;
        };
        if going.note_refused() {
            self.untold
                .end(going.line(), FlowEnd::Gone, &self.score.flows);
        } else if going.is_over() {
            talk.take_going();
        } else if going.is_open() {
            going.note_written();
            self.untold.tell(going.line());
        }
    }

    /// Ends a request that is not whole, unless its maker knows that already.
    pub(super) fn end_flow(&mut self, going: &Going, why: FlowEnd) {
        if going.is_open() {
            self.untold.end(going.line(), why, &self.score.flows);
        }
    }

    /// Ends a request all of which the server has got and answered.
    pub(super) fn end_delivered(&mut self, index: usize) {
        let talk = self.lines.get_mut(index).and_then(|line| line.talk());
        if let Some(going) = talk.and_then(Talk::take_going) {
            self.end_flow(&going, FlowEnd::Finished);
        }
    }

    /// Tells who makes the request of a connection that the graph is about to end.
    fn note_ending(&mut self, index: usize) {
        if let Some(going) = self.lines.get_mut(index).and_then(|line| line.going()) {
            Line::note_ending(going.line());
            self.untold.tell(going.line());
        }
    }

    /// Tells all who make requests that the graph is about to end.
    pub(super) fn note_all_ending(&mut self) {
        let indices: Vec<usize> = self.lines.iter().map(|(index, _)| index).collect();
        for index in indices {
            self.note_ending(index);
        }
    }

    /// Ends requests of which nothing was made for a grace, once the graph ends.
    pub(super) fn cut_quiet(&mut self, now: u64) {
        let next = now.saturating_add(nanoseconds(GRACE));
        if !self.quiesced || self.grace.is_some_and(|at| now < at) {
            return;
        }
        if self.grace.replace(next).is_none() {
            return;
        }
        let quiet = |line: &mut ServerLine| {
            let going = line.going().filter(|going| going.is_open());
            going.is_some_and(|going| !going.line().was_stirred())
        };
        let lines = self.lines.iter_mut();
        let cut = lines.filter_map(|(index, line)| quiet(line).then_some(index));
        let cut: Vec<usize> = cut.collect();
        for index in cut {
            let talk = self.lines.get_mut(index).and_then(|line| line.talk());
            if let Some(going) = talk.and_then(Talk::take_going) {
                self.end_flow(&going, FlowEnd::Cut);
            }
            self.fail(index, CallError::Abandoned, now);
        }
    }

    /// Returns when to look again for requests of which nothing is made.
    pub(super) fn looks_at(&mut self) -> Option<u64> {
        let open = self
            .lines
            .iter_mut()
            .any(|(_, line)| line.going().is_some());
        self.grace.filter(|_| open)
    }

    /// Ends all requests that are not whole: the graph has ended.
    pub(super) fn cut_flows(&mut self, undone: &mut [Call<T>]) {
        let lines = self.lines.iter_mut();
        let begun = lines.filter_map(|(_, line)| line.talk().and_then(Talk::take_going));
        let begun: Vec<Box<Going>> = begun.collect();
        let waiting = undone.iter_mut().filter_map(|call| call.going.take());
        for going in begun.into_iter().chain(waiting) {
            self.end_flow(&going, FlowEnd::Cut);
        }
        mem::take(&mut self.untold).give_up(&self.score.flows);
    }
}
