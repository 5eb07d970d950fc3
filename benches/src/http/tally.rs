//! What came of the requests of a load.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Nanoseconds, a minute: what took longer is counted as that.
const LATENCY_MAX_NS: u64 = 60_000_000_000;

/// Is what came of the requests of one run.
#[derive(Debug)]
pub struct Tally {
    /// Answers of status 200.
    pub answered: u64,
    /// Other answers, and connections that ended early.
    pub failed: u64,
    /// How long it took.
    pub wall: Duration,
    /// Nanoseconds from the round's beginning, which may be its connection's,
    /// to the answer.
    pub latency: Histogram<u64>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            answered: 0,
            failed: 0,
            wall: Duration::ZERO,
            latency: Histogram::new_with_max(LATENCY_MAX_NS, 3).expect("three digits are allowed"),
        }
    }
}
