//! What a source of datagrams counts.

use seda_core::Figure;

use crate::count::{self, Count, Sheets};

/// Is what one worker counts, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Tally {
    pub(super) received: Count,
    pub(super) dropped: Count,
    pub(super) postponed: Count,
    pub(super) too_long: Count,
    pub(super) failed: Count,
    pub(super) sent: Count,
    pub(super) unsent: Count,
}

/// Is what a source of datagrams has counted since its start.
///
/// `received = events + dropped`, once none waits for its stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Datagrams read from the socket, those too long not counted.
    pub received: u64,
    /// Of these, those dropped since the stage refused them.
    pub dropped: u64,
    /// Times that some were kept, to be offered again.
    pub postponed: u64,
    /// Datagrams dropped since they were longer than the limit.
    pub too_long: u64,
    /// Times that the operating system reported an error for a read.
    pub failed: u64,
    /// Datagrams that the operating system has taken.
    pub sent: u64,
    /// Datagrams that it has not: a full socket, nobody there.
    pub unsent: u64,
}

impl Figures {
    /// Gives them as the source publishes them in snapshots of the graph.
    pub(super) fn published(&self) -> Vec<Figure> {
        count::counters([
            (
                "datagrams_received",
                "Datagrams read from the socket.",
                self.received,
            ),
            (
                "datagrams_dropped",
                "Datagrams dropped, since the stage refused them.",
                self.dropped,
            ),
            (
                "datagrams_postponed",
                "Times that some were kept, to be offered again.",
                self.postponed,
            ),
            (
                "datagrams_too_long",
                "Datagrams dropped, since they were longer than the limit.",
                self.too_long,
            ),
            (
                "reads_failed",
                "Times that the operating system reported an error for a read.",
                self.failed,
            ),
            (
                "datagrams_sent",
                "Datagrams that the operating system has taken.",
                self.sent,
            ),
            (
                "datagrams_unsent",
                "Datagrams that it has not: a full socket, nobody there.",
                self.unsent,
            ),
        ])
    }
}

/// Reads what a source of datagrams counts, from any thread.
#[derive(Clone, Debug, Default)]
pub struct Tallies(pub(super) Sheets<Tally>);

impl Tallies {
    /// Reads the sums over all workers.
    pub fn read(&self) -> Figures {
        let sheets = &self.0;
        Figures {
            received: sheets.sum(|tally| &tally.received),
            dropped: sheets.sum(|tally| &tally.dropped),
            postponed: sheets.sum(|tally| &tally.postponed),
            too_long: sheets.sum(|tally| &tally.too_long),
            failed: sheets.sum(|tally| &tally.failed),
            sent: sheets.sum(|tally| &tally.sent),
            unsent: sheets.sum(|tally| &tally.unsent),
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
        assert_eq!((names.len(), published.len()), (counted, counted));
    }
}
