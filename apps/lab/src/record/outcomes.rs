//! What became of what was offered.

use serde::{Deserialize, Serialize};

/// Is the number of requests by what became of them: the four sum to `offered`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Outcomes {
    /// What the schedule had, sent or not.
    pub offered: u64,
    /// Answered within the target.
    pub good: u64,
    /// Answered, but after the target.
    pub late: u64,
    /// Refused: the server said that it cannot.
    pub rejected: u64,
    /// No answer, a wrong one, or none before the client gave up.
    pub failed: u64,
}

impl Outcomes {
    /// Tells whether everything that was offered became something.
    pub const fn is_exact(&self) -> bool {
        self.offered == self.good + self.late + self.rejected + self.failed
    }

    /// Adds what became of others.
    pub const fn add(&mut self, other: &Self) {
        self.offered += other.offered;
        self.good += other.good;
        self.late += other.late;
        self.rejected += other.rejected;
        self.failed += other.failed;
    }
}
