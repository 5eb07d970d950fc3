//! What a server counts.

use std::sync::Arc;

use seda_core::Figure;

use super::flow::flow_event::FlowEnd;
use crate::count::{self, Count, Counted, Sheets};
use crate::net::entrance::Entries;

/// Is what one worker counts, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Tally {
    pub(super) entries: Entries,
    pub(super) closed: Count,
    pub(super) crowded: Count,
    pub(super) requests: Count,
    pub(super) answers: Count,
    pub(super) refused: Count,
    pub(super) over_rate_per_peer: Count,
    pub(super) over_rate: Count,
    pub(super) bad_timeouts: Count,
    pub(super) bad_priorities: Count,
    pub(super) bad: Count,
    pub(super) tls_failed: Count,
    pub(super) timed_out: Count,
    pub(super) bodies_given_up: Count,
    pub(super) cut_short: Count,
    pub(super) late: Count,
    pub(super) expired: Count,
    pub(super) abandoned: Count,
    pub(super) flows: FlowTally,
}

/// Is what one worker counts of streamed answers.
#[derive(Debug, Default)]
pub(super) struct FlowTally {
    pub(super) opened: Count,
    pub(super) upgraded: Count,
    pub(super) finished: Count,
    pub(super) abandoned: Count,
    pub(super) cut: Count,
    pub(super) clogged: Count,
    pub(super) postponed: Count,
    pub(super) undelivered: Count,
}

impl FlowTally {
    /// Counts an end.
    pub(super) fn count_end(&self, end: FlowEnd) {
        let count = match end {
            FlowEnd::Finished => &self.finished,
            FlowEnd::Abandoned => &self.abandoned,
            FlowEnd::Gone | FlowEnd::Cut => &self.cut,
        };
        count.add(1);
    }
}

/// Is what a server has counted since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Connections that were accepted.
    pub opened: u64,
    /// Connections that have ended.
    pub closed: u64,
    /// Times that no more connections were accepted, for the limit.
    pub pauses: u64,
    /// Times that connections waited for want of descriptors or memory.
    pub exhausted: u64,
    /// Connections that were closed at once for want of descriptors; they are not
    /// among the accepted ones.
    pub turned_away: u64,
    /// Connections that were closed at once, since their peer had as many as it may have.
    pub crowded: u64,
    /// Well-formed requests.
    pub requests: u64,
    /// Answers given by stages, those for expired and abandoned requests included.
    pub answers: u64,
    /// Requests that the stage refused, answered 503.
    pub refused: u64,
    /// Requests answered 429, since their peer had sent too many in the time.
    pub over_rate_per_peer: u64,
    /// Requests answered 429, since all peers together had sent too many in the time.
    pub over_rate: u64,
    /// Requests whose [timeout](super::Wishes::timeout) could not be understood.
    pub bad_timeouts: u64,
    /// Requests whose [priority](super::Wishes::priority) could not be understood.
    pub bad_priorities: u64,
    /// Malformed requests, answered 4xx or 5xx.
    pub bad: u64,
    /// Connections that were closed, since no TLS could be agreed on, or what came was none.
    pub tls_failed: u64,
    /// Connections that were closed, or requests refused, since the peer was too slow.
    pub timed_out: u64,
    /// Bodies that were given up before they were whole, answered 503, since all
    /// that were arriving held too much.
    pub bodies_given_up: u64,
    /// Answers that broke off with their connection, since their file became shorter.
    pub cut_short: u64,
    /// Answers thrown away, since the connection had ended.
    pub late: u64,
    /// Requests whose deadline passed in a queue, answered 503.
    pub expired: u64,
    /// Requests that were dropped unanswered for another reason, answered 500.
    pub abandoned: u64,
    /// Of the answers, those whose body was streamed; each of them is finished,
    /// abandoned, cut, or still open.
    pub flows: u64,
    /// Of the streamed answers, those by which a connection was upgraded.
    pub flows_upgraded: u64,
    /// Streamed answers that were finished.
    pub flows_finished: u64,
    /// Streamed answers that were dropped before their end, or were not as long
    /// as had been said; their connections were closed.
    pub flows_abandoned: u64,
    /// Streamed answers that were cut off by the end of their connection, or of the server.
    pub flows_cut: u64,
    /// Pieces of streamed answers that came back for the high mark.
    pub flows_clogged: u64,
    /// Times that a stage refused an event of a streamed body, in or out, which
    /// was kept and offered again.
    pub flows_postponed: u64,
    /// Streamed bodies, in or out, of which events were given up, since the stage
    /// took nothing more when the graph ended.
    pub flows_undelivered: u64,
}

impl Figures {
    /// Gives them as the source publishes them in snapshots of the graph.
    pub(super) fn published(&self) -> Vec<Figure> {
        let open = self.opened.saturating_sub(self.closed);
        let counted = self.of_connections().into_iter();
        let counted = counted.chain(self.of_requests()).chain(self.of_flows());
        count::connections(open, counted)
    }

    const fn of_connections(&self) -> [Counted; 9] {
        [
            (
                "connections_accepted",
                "Connections that were accepted.",
                self.opened,
            ),
            count::closed(self.closed),
            count::accept_pauses(self.pauses),
            count::accept_shortages(self.exhausted),
            count::turned_away(self.turned_away),
            (
                "connections_crowded",
                "Connections closed at once, since their peer had too many.",
                self.crowded,
            ),
            (
                "connections_without_tls",
                "Connections closed, since no TLS could be agreed on.",
                self.tls_failed,
            ),
            (
                "timeouts",
                "Connections closed or requests refused, since the peer was too slow.",
                self.timed_out,
            ),
            (
                "bodies_given_up",
                "Bodies given up before their end, since all held too much.",
                self.bodies_given_up,
            ),
        ]
    }

    const fn of_requests(&self) -> [Counted; 12] {
        [
            ("requests", "Well-formed requests.", self.requests),
            (
                "requests_bad",
                "Malformed requests, answered 4xx or 5xx.",
                self.bad,
            ),
            (
                "requests_refused",
                "Requests that the stage refused, answered 503.",
                self.refused,
            ),
            (
                "requests_over_rate_per_peer",
                "Requests answered 429 for the rate of their peer.",
                self.over_rate_per_peer,
            ),
            (
                "requests_over_rate",
                "Requests answered 429 for the rate of all peers.",
                self.over_rate,
            ),
            (
                "requests_expired",
                "Requests whose deadline passed in a queue, answered 503.",
                self.expired,
            ),
            (
                "requests_abandoned",
                "Requests that were dropped unanswered, answered 500.",
                self.abandoned,
            ),
            (
                "timeout_wishes_bad",
                "Requests whose timeout could not be understood.",
                self.bad_timeouts,
            ),
            (
                "priority_wishes_bad",
                "Requests whose priority could not be understood.",
                self.bad_priorities,
            ),
            ("answers", "Answers that stages have given.", self.answers),
            (
                "answers_cut_short",
                "Answers that broke off, since their file became shorter.",
                self.cut_short,
            ),
            (
                "answers_late",
                "Answers thrown away, since the connection had ended.",
                self.late,
            ),
        ]
    }

    const fn of_flows(&self) -> [Counted; 8] {
        [
            ("flows", "Answers whose body was streamed.", self.flows),
            (
                "flows_upgraded",
                "Connections on which another protocol was spoken.",
                self.flows_upgraded,
            ),
            (
                "flows_finished",
                "Streamed answers that were finished.",
                self.flows_finished,
            ),
            (
                "flows_abandoned",
                "Streamed answers that were dropped before their end.",
                self.flows_abandoned,
            ),
            (
                "flows_cut",
                "Streamed answers cut off by the end of their connection.",
                self.flows_cut,
            ),
            (
                "flows_clogged",
                "Pieces of streamed answers that came back for the high mark.",
                self.flows_clogged,
            ),
            (
                "flows_postponed",
                "Times that a stage refused an event of a streamed body.",
                self.flows_postponed,
            ),
            (
                "flows_undelivered",
                "Streamed bodies of which events were given up at the end.",
                self.flows_undelivered,
            ),
        ]
    }
}

/// Reads what a server counts, from any thread.
#[derive(Debug, Clone, Default)]
pub struct Tallies(Sheets<Tally>);

impl Tallies {
    /// Adds those of one worker.
    pub(super) fn open(&self) -> Arc<Tally> {
        self.0.open()
    }

    /// Reads the sums over all workers.
    pub fn read(&self) -> Figures {
        let sheets = &self.0;
        Figures {
            opened: sheets.sum(|tally| &tally.entries.accepted),
            closed: sheets.sum(|tally| &tally.closed),
            pauses: sheets.sum(|tally| &tally.entries.pauses),
            exhausted: sheets.sum(|tally| &tally.entries.exhausted),
            turned_away: sheets.sum(|tally| &tally.entries.turned_away),
            crowded: sheets.sum(|tally| &tally.crowded),
            requests: sheets.sum(|tally| &tally.requests),
            answers: sheets.sum(|tally| &tally.answers),
            refused: sheets.sum(|tally| &tally.refused),
            over_rate_per_peer: sheets.sum(|tally| &tally.over_rate_per_peer),
            over_rate: sheets.sum(|tally| &tally.over_rate),
            bad_timeouts: sheets.sum(|tally| &tally.bad_timeouts),
            bad_priorities: sheets.sum(|tally| &tally.bad_priorities),
            bad: sheets.sum(|tally| &tally.bad),
            tls_failed: sheets.sum(|tally| &tally.tls_failed),
            timed_out: sheets.sum(|tally| &tally.timed_out),
            bodies_given_up: sheets.sum(|tally| &tally.bodies_given_up),
            cut_short: sheets.sum(|tally| &tally.cut_short),
            late: sheets.sum(|tally| &tally.late),
            expired: sheets.sum(|tally| &tally.expired),
            abandoned: sheets.sum(|tally| &tally.abandoned),
            flows: sheets.sum(|tally| &tally.flows.opened),
            flows_upgraded: sheets.sum(|tally| &tally.flows.upgraded),
            flows_finished: sheets.sum(|tally| &tally.flows.finished),
            flows_abandoned: sheets.sum(|tally| &tally.flows.abandoned),
            flows_cut: sheets.sum(|tally| &tally.flows.cut),
            flows_clogged: sheets.sum(|tally| &tally.flows.clogged),
            flows_postponed: sheets.sum(|tally| &tally.flows.postponed),
            flows_undelivered: sheets.sum(|tally| &tally.flows.undelivered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn all_that_is_counted_is_published_once() {
        let figures = Figures::default();
        let counted = format!("{figures:?}").matches(": ").count();
        let published = figures.published();
        let mut names: Vec<_> = published.iter().map(|figure| figure.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!((names.len(), published.len()), (counted + 1, counted + 1));
    }
}
