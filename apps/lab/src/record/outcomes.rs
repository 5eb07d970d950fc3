//! What became of what was offered.

use serde::{Deserialize, Serialize};

/// Is the number of requests by what became of them: the four sum to `offered`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Unchecked")]
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

    /// Adds what became of others, as far as can be counted.
    pub const fn add(&mut self, other: &Self) {
        self.offered = self.offered.saturating_add(other.offered);
        self.good = self.good.saturating_add(other.good);
        self.late = self.late.saturating_add(other.late);
        self.rejected = self.rejected.saturating_add(other.rejected);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

/// Is outcomes as they stand in a file that anybody may have written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Outcomes")]
struct Unchecked {
    offered: u64,
    good: u64,
    late: u64,
    rejected: u64,
    failed: u64,
}

impl TryFrom<Unchecked> for Outcomes {
    type Error = String;

    fn try_from(read: Unchecked) -> Result<Self, String> {
        let Unchecked {
            offered,
            good,
            late,
            rejected,
            failed,
        } = read;
        let parts = [late, rejected, failed];
        let sum = parts
            .iter()
            .try_fold(good, |sum, part| sum.checked_add(*part));
        match sum {
            Some(sum) if sum == offered => Ok(Self {
                offered,
                good,
                late,
                rejected,
                failed,
            }),
            Some(sum) => Err(format!(
                "{offered} were offered, but {sum} became good, late, rejected or failed"
            )),
            None => Err("the outcomes are more than can be counted".to_owned()),
        }
    }
}
