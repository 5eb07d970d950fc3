//! What a server counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// Counts one kind of happening on one worker.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

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
pub struct Tallies(Arc<Mutex<Vec<Arc<Tally>>>>);

impl Tallies {
    /// Adds those of one worker.
    pub(super) fn open(&self) -> Arc<Tally> {
        let tally = Arc::new(Tally::default());
        self.0.lock().push(Arc::clone(&tally));
        tally
    }

    /// Reads the sums over all workers.
    pub fn read(&self) -> Figures {
        let mut sum = Figures::default();
        for tally in self.0.lock().iter() {
            sum.opened += tally.opened.get();
            sum.closed += tally.closed.get();
            sum.pauses += tally.pauses.get();
            sum.exhausted += tally.exhausted.get();
            sum.requests += tally.requests.get();
            sum.answers += tally.answers.get();
            sum.refused += tally.refused.get();
            sum.bad += tally.bad.get();
            sum.tls_failed += tally.tls_failed.get();
            sum.timed_out += tally.timed_out.get();
            sum.late += tally.late.get();
            sum.abandoned += tally.abandoned.get();
        }
        sum
    }
}
