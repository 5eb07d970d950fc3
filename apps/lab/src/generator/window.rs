//! When a run counts, what is good then, and what can become of a request.

use crate::record::Outcomes;

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

impl Verdict {
    /// Tells whether somebody had what they asked for, however late.
    pub(super) const fn is_answer(self) -> bool {
        matches!(self, Self::Good | Self::Late)
    }

    /// Counts it; what was offered is counted before.
    pub(super) const fn count(self, outcomes: &mut Outcomes) {
        match self {
            Self::Good => outcomes.good += 1,
            Self::Late => outcomes.late += 1,
            Self::Rejected => outcomes.rejected += 1,
            Self::Failed => outcomes.failed += 1,
        }
    }
}
