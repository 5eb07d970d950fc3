//! When a run counts, what is good then, and what can become of a request.

/// Is when a run counts, and what is good; nanoseconds, of the clock where they are moments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) slo: u64,
}

/// Says what became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    Late,
    Rejected,
    Failed,
}

impl Window {
    pub(super) const fn has(&self, at: u64) -> bool {
        self.from <= at && at < self.until
    }
}
