//! What a source of connections counts.

use super::end::End;
use seda_core::Figure;

use crate::count::{self, Count, Counted, Sheets};
use crate::net::entrance::Entries;

/// Is what one worker counts, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Tally {
    pub(super) entries: Entries,
    pub(super) dialled: Count,
    pub(super) unconnected: Count,
    pub(super) closed: Count,
    pub(super) broken: Count,
    pub(super) idle: Count,
    pub(super) stalled: Count,
    pub(super) postponed: Count,
    pub(super) undelivered: Count,
    pub(super) clogged: Count,
    pub(super) bytes_received: Count,
    pub(super) bytes_sent: Count,
    pub(super) bytes_lost: Count,
}

impl Tally {
    /// Counts the reason of an end.
    pub(super) fn count_end(&self, end: End) {
        let count = match end {
            End::Finished | End::Closed | End::Aborted => return,
            End::Unconnected(_) => &self.unconnected,
            End::Broken(_) => &self.broken,
            End::Idle => &self.idle,
            End::Stalled => &self.stalled,
        };
        count.add(1);
    }
}

/// Is what a source has counted since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Connections that were accepted.
    pub accepted: u64,
    /// Connections that a stage has asked for.
    pub dialled: u64,
    /// Of these, those that never came about.
    pub unconnected: u64,
    /// Connections that have ended, of either kind, for whatever reason.
    pub closed: u64,
    /// Of these, those that the operating system reported an error for.
    pub broken: u64,
    /// Of these, those on which nothing was said for too long.
    pub idle: u64,
    /// Of these, those whose peer took too little of what was sent.
    pub stalled: u64,
    /// Times that no more connections were accepted, for the limit.
    pub pauses: u64,
    /// Times that connections waited, or one did not come about, for want of
    /// descriptors or memory.
    pub exhausted: u64,
    /// Connections that were closed at once for want of descriptors; they are not
    /// among the accepted ones.
    pub turned_away: u64,
    /// Times that the stage refused an event, which was kept and offered again.
    pub postponed: u64,
    /// Events given up, since the stage took nothing more when the graph ended.
    pub undelivered: u64,
    /// Sends that came back for the high mark.
    pub clogged: u64,
    /// Bytes that have become events.
    pub bytes_received: u64,
    /// Bytes that the operating system has taken.
    pub bytes_sent: u64,
    /// Bytes that were accepted by a send, and not written before their connection ended.
    pub bytes_lost: u64,
}

impl Figures {
    /// Gives them as the source publishes them in snapshots of the graph.
    pub(super) fn published(&self) -> Vec<Figure> {
        let open = (self.accepted + self.dialled).saturating_sub(self.closed);
        let counted = self.of_connections().into_iter().chain(self.of_events());
        count::connections(open, counted)
    }

    const fn of_connections(&self) -> [Counted; 10] {
        [
            (
                "connections_accepted",
                "Connections that were accepted.",
                self.accepted,
            ),
            (
                "connections_dialled",
                "Connections that a stage has asked for.",
                self.dialled,
            ),
            (
                "connections_unconnected",
                "Connections asked for that never came about.",
                self.unconnected,
            ),
            count::closed(self.closed),
            (
                "connections_broken",
                "Connections that ended with an error of the operating system.",
                self.broken,
            ),
            (
                "connections_idle",
                "Connections ended, since nothing was said for too long.",
                self.idle,
            ),
            (
                "connections_stalled",
                "Connections ended, since the peer took too little.",
                self.stalled,
            ),
            count::accept_pauses(self.pauses),
            count::accept_shortages(self.exhausted),
            count::turned_away(self.turned_away),
        ]
    }

    const fn of_events(&self) -> [Counted; 6] {
        [
            (
                "events_postponed",
                "Times that the stage refused an event, which was kept.",
                self.postponed,
            ),
            (
                "events_undelivered",
                "Events given up, since the graph ended.",
                self.undelivered,
            ),
            (
                "sends_clogged",
                "Sends that came back for the high mark.",
                self.clogged,
            ),
            (
                "bytes_received",
                "Bytes that have become events.",
                self.bytes_received,
            ),
            (
                "bytes_sent",
                "Bytes that the operating system has taken.",
                self.bytes_sent,
            ),
            (
                "bytes_lost",
                "Bytes accepted by a send and never written.",
                self.bytes_lost,
            ),
        ]
    }
}

/// Reads what a source counts, from any thread.
#[derive(Clone, Debug, Default)]
pub struct Tallies(pub(super) Sheets<Tally>);

impl Tallies {
    /// Reads the sums over all workers.
    pub fn read(&self) -> Figures {
        let sheets = &self.0;
        Figures {
            accepted: sheets.sum(|tally| &tally.entries.accepted),
            dialled: sheets.sum(|tally| &tally.dialled),
            unconnected: sheets.sum(|tally| &tally.unconnected),
            closed: sheets.sum(|tally| &tally.closed),
            broken: sheets.sum(|tally| &tally.broken),
            idle: sheets.sum(|tally| &tally.idle),
            stalled: sheets.sum(|tally| &tally.stalled),
            pauses: sheets.sum(|tally| &tally.entries.pauses),
            exhausted: sheets.sum(|tally| &tally.entries.exhausted),
            turned_away: sheets.sum(|tally| &tally.entries.turned_away),
            postponed: sheets.sum(|tally| &tally.postponed),
            undelivered: sheets.sum(|tally| &tally.undelivered),
            clogged: sheets.sum(|tally| &tally.clogged),
            bytes_received: sheets.sum(|tally| &tally.bytes_received),
            bytes_sent: sheets.sum(|tally| &tally.bytes_sent),
            bytes_lost: sheets.sum(|tally| &tally.bytes_lost),
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
