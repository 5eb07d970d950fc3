//! What a server counts.

use std::sync::Arc;

use crate::count::{Count, Sheets};

/// Is what one worker counts, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Tally {
    pub(super) opened: Count,
    pub(super) closed: Count,
    pub(super) pauses: Count,
    pub(super) exhausted: Count,
    pub(super) requests: Count,
    pub(super) answers: Count,
    pub(super) refused: Count,
    pub(super) bad: Count,
    pub(super) tls_failed: Count,
    pub(super) timed_out: Count,
    pub(super) late: Count,
    pub(super) abandoned: Count,
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
    /// Times that a connection was not accepted for want of descriptors or memory.
    pub exhausted: u64,
    /// Well-formed requests.
    pub requests: u64,
    /// Answers written by stages, 500 for abandoned ones included.
    pub answers: u64,
    /// Requests that the stage refused, answered 503.
    pub refused: u64,
    /// Malformed requests, answered 4xx or 5xx.
    pub bad: u64,
    /// Connections that were closed, since no TLS could be agreed on, or what came was none.
    pub tls_failed: u64,
    /// Connections that were closed, or requests refused, since the peer was too slow.
    pub timed_out: u64,
    /// Answers thrown away, since the connection had ended.
    pub late: u64,
    /// Requests that were dropped unanswered, answered 500.
    pub abandoned: u64,
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
            opened: sheets.sum(|tally| &tally.opened),
            closed: sheets.sum(|tally| &tally.closed),
            pauses: sheets.sum(|tally| &tally.pauses),
            exhausted: sheets.sum(|tally| &tally.exhausted),
            requests: sheets.sum(|tally| &tally.requests),
            answers: sheets.sum(|tally| &tally.answers),
            refused: sheets.sum(|tally| &tally.refused),
            bad: sheets.sum(|tally| &tally.bad),
            tls_failed: sheets.sum(|tally| &tally.tls_failed),
            timed_out: sheets.sum(|tally| &tally.timed_out),
            late: sheets.sum(|tally| &tally.late),
            abandoned: sheets.sum(|tally| &tally.abandoned),
        }
    }
}
