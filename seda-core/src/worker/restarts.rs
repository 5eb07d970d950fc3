//! How often a handler may be made anew before its stage is quarantined.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Tick;

/// Says how often handlers may panic: more than `count` times within `window`
/// quarantines the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intensity {
    /// How many panics are borne.
    pub count: usize,
    /// Within what time.
    pub window: Duration,
}

impl Intensity {
    /// Bears any number of panics.
    pub const UNLIMITED: Self = Self {
        count: usize::MAX,
        window: Duration::ZERO,
    };
}

impl Default for Intensity {
    /// Bears 16 panics a second.
    fn default() -> Self {
        Self {
            count: 16,
            window: Duration::from_secs(1),
        }
    }
}

/// Counts the restarts of one stage's handlers, on all its workers.
#[derive(Debug)]
pub(crate) struct Restarts {
    intensity: Intensity,
    recent: VecDeque<Tick>,
}

impl Restarts {
    pub(crate) const fn new(intensity: Intensity) -> Self {
        Self {
            intensity,
            recent: VecDeque::new(),
        }
    }

    /// Takes in a restart; tells whether the stage must be quarantined.
    pub(crate) fn exceeded(&mut self, now: Tick) -> bool {
        if self.intensity.count == usize::MAX {
            return false;
        }
        let from = now.before(self.intensity.window);
        while self.recent.front().is_some_and(|at| *at < from) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        self.recent.len() > self.intensity.count
    }

    /// Forgets all restarts, when the quarantine is lifted.
    pub(crate) fn forget(&mut self) {
        self.recent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Intensity, Restarts};
    use crate::clock::Tick;
    use std::time::Duration;

    #[test]
    fn only_a_burst_exceeds_the_intensity() {
        let mut restarts = Restarts::new(Intensity {
            count: 2,
            window: Duration::from_nanos(10),
        });
        let at = Tick::from_nanos;
        assert!(!restarts.exceeded(at(100)));
        assert!(!restarts.exceeded(at(105)));
        assert!(!restarts.exceeded(at(111)), "the first is forgotten");
        assert!(restarts.exceeded(at(112)));
    }
}
