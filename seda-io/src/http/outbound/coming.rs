//! The body of an answer that is handed out as it comes.

use std::sync::Arc;

use crate::http::answer::Progress;
use crate::http::inflow::spring::Spring;

/// Is the body of an answer that is handed out as it comes, one piece at a time.
#[derive(Debug)]
pub(super) struct Coming {
    /// Never reused, other than the place of its connection.
    number: u64,
    spring: Option<Arc<Spring>>,
    appetite: Appetite,
    /// All of it has come, though perhaps it was not handed out.
    whole: Option<Progress>,
    /// Nanoseconds: when it is worth nothing any more.
    until: u64,
}

/// Says whether a piece is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Appetite {
    Hungry,
    /// Nanoseconds: since when nobody asks.
    Sated(u64),
}

impl Coming {
    /// Begins with one that nobody has asked for, until then.
    pub(super) const fn new(number: u64, until: u64, now: u64) -> Self {
        Self {
            number,
            spring: None,
            appetite: Appetite::Sated(now),
            whole: None,
            until,
        }
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Returns when it is worth nothing any more, in nanoseconds.
    pub(super) const fn until(&self) -> u64 {
        self.until
    }

    /// Says who wants it.
    pub(super) fn want(&mut self, spring: Arc<Spring>) {
        self.spring = Some(spring);
    }

    /// Gives who wants it.
    pub(super) fn spring(&self) -> Option<Arc<Spring>> {
        self.spring.clone()
    }

    pub(super) fn is_hungry(&self) -> bool {
        self.appetite == Appetite::Hungry
    }

    /// Says that a piece is asked for; gives the nanoseconds for which none was.
    pub(super) const fn ask(&mut self, now: u64) -> u64 {
        let since = match self.appetite {
            Appetite::Hungry => now,
            Appetite::Sated(since) => since,
        };
        self.appetite = Appetite::Hungry;
        now.saturating_sub(since)
    }

    /// Says that a piece was handed out.
    pub(super) const fn sate(&mut self, now: u64) {
        self.appetite = Appetite::Sated(now);
    }

    /// Says that all of it has come.
    pub(super) const fn complete(&mut self, progress: Progress) {
        self.whole = Some(progress);
    }

    pub(super) const fn whole(&self) -> Option<Progress> {
        self.whole
    }
}
