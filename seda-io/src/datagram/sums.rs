//! What a source of datagrams counts.

use crate::count::{Count, Sheets};

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
