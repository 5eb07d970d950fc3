//! What a client counts.

use super::call::{CallError, CallTimeout};
use crate::count::{Count, Sheets};
use crate::http::tally::FlowTally;

/// Is what one worker counts, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Score {
    pub(super) requests: Count,
    pub(super) refused: Count,
    pub(super) answers: Count,
    pub(super) failed: Count,
    pub(super) abandoned: Count,
    pub(super) dialled: Count,
    pub(super) reused: Count,
    pub(super) retried: Count,
    pub(super) evicted: Count,
    pub(super) closed: Count,
    pub(super) postponed: Count,
    pub(super) undelivered: Count,
    pub(super) inflows: InflowScore,
    /// Of bodies that go out; what stages refuse to hear of bodies either way.
    pub(super) flows: FlowTally,
    unconnected: Count,
    unsecured: Count,
    timed_out: Count,
    busy: Count,
}

/// Is what one worker counts of answers whose body is not gathered.
#[derive(Debug, Default)]
pub(super) struct InflowScore {
    pub(super) begun: Count,
    pub(super) whole: Count,
    pub(super) failed: Count,
    pub(super) unwanted: Count,
}

impl Score {
    /// Counts why there is no answer.
    pub(super) fn count_error(&self, error: &CallError) {
        self.failed.add(1);
        let count = match error {
            CallError::Unresolved(_) | CallError::Unreachable(_) => &self.unconnected,
            CallError::TimedOut(CallTimeout::Connect) => {
                self.timed_out.add(1);
                &self.unconnected
            }
            CallError::Unsecured(_) => &self.unsecured,
            CallError::TimedOut(_) => &self.timed_out,
            CallError::Busy => &self.busy,
            CallError::Broken(_) | CallError::Malformed(_) | CallError::Abandoned => return,
        };
        count.add(1);
    }
}

/// Is what a client has counted since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientFigures {
    /// Requests that were accepted.
    pub requests: u64,
    /// Requests that came back.
    pub refused: u64,
    /// Requests that got an answer, whatever its status.
    pub answers: u64,
    /// Requests that got none, for whatever reason.
    pub failed: u64,
    /// Requests that had neither when the graph ended, and were given up.
    pub abandoned: u64,
    /// Of those that failed, those for which no connection came about.
    pub unconnected: u64,
    /// Of those that failed, those for which no TLS could be agreed on.
    pub unsecured: u64,
    /// Of those that failed, those for which a time was over.
    pub timed_out: u64,
    /// Of those that failed, those beyond the bound of their origin.
    pub busy: u64,
    /// Connections that were begun.
    pub dialled: u64,
    /// Connections that have ended.
    pub closed: u64,
    /// Requests that went out on a connection which others had used before.
    pub reused: u64,
    /// Requests that were sent once more, since such a connection was stale.
    pub retried: u64,
    /// Idle connections that made room for another origin's.
    pub evicted: u64,
    /// Times that the stage refused an answer, which was kept and offered again.
    pub postponed: u64,
    /// Answers, or news that there is none, given up, since the stage took
    /// nothing more when the graph ended.
    pub undelivered: u64,
    /// Answers whose body was not gathered, but handed out as it came; each of
    /// them is whole, failed, unwanted, or still open.
    pub inflows: u64,
    /// Of these, those all of which has come.
    pub inflows_whole: u64,
    /// Of these, those that broke off, or were too slow, malformed or late.
    pub inflows_failed: u64,
    /// Of these, those of which nobody wanted the rest.
    pub inflows_unwanted: u64,
    /// Requests whose body was sent as it was made; each of them is finished,
    /// abandoned, cut, or still open.
    pub flows: u64,
    /// Of these, those whose body was finished.
    pub flows_finished: u64,
    /// Of these, those whose body was dropped before its end, or was not as long as
    /// had been said; their connections were closed.
    pub flows_abandoned: u64,
    /// Of these, those whose body was cut off by an early answer, or the end of the
    /// connection or the graph, or that got none.
    pub flows_cut: u64,
    /// Pieces of such bodies that came back for the high mark.
    pub flows_clogged: u64,
    /// Times that a stage refused an event of a streamed body, in or out, which
    /// was kept and offered again.
    pub flows_postponed: u64,
    /// Streamed bodies, in or out, of which events were given up, since the stage
    /// took nothing more when the graph ended.
    pub flows_undelivered: u64,
}

/// Reads what a client counts, from any thread.
#[derive(Clone, Debug, Default)]
pub struct ClientTallies(pub(super) Sheets<Score>);

impl ClientTallies {
    /// Reads the sums over all workers.
    pub fn read(&self) -> ClientFigures {
        let sheets = &self.0;
        ClientFigures {
            requests: sheets.sum(|score| &score.requests),
            refused: sheets.sum(|score| &score.refused),
            answers: sheets.sum(|score| &score.answers),
            failed: sheets.sum(|score| &score.failed),
            abandoned: sheets.sum(|score| &score.abandoned),
            unconnected: sheets.sum(|score| &score.unconnected),
            unsecured: sheets.sum(|score| &score.unsecured),
            timed_out: sheets.sum(|score| &score.timed_out),
            busy: sheets.sum(|score| &score.busy),
            dialled: sheets.sum(|score| &score.dialled),
            closed: sheets.sum(|score| &score.closed),
            reused: sheets.sum(|score| &score.reused),
            retried: sheets.sum(|score| &score.retried),
            evicted: sheets.sum(|score| &score.evicted),
            postponed: sheets.sum(|score| &score.postponed),
            undelivered: sheets.sum(|score| &score.undelivered),
            inflows: sheets.sum(|score| &score.inflows.begun),
            inflows_whole: sheets.sum(|score| &score.inflows.whole),
            inflows_failed: sheets.sum(|score| &score.inflows.failed),
            inflows_unwanted: sheets.sum(|score| &score.inflows.unwanted),
            flows: sheets.sum(|score| &score.flows.opened),
            flows_finished: sheets.sum(|score| &score.flows.finished),
            flows_abandoned: sheets.sum(|score| &score.flows.abandoned),
            flows_cut: sheets.sum(|score| &score.flows.cut),
            flows_clogged: sheets.sum(|score| &score.flows.clogged),
            flows_postponed: sheets.sum(|score| &score.flows.postponed),
            flows_undelivered: sheets.sum(|score| &score.flows.undelivered),
        }
    }
}
