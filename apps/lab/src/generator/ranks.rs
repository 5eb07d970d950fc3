//! What became of each class of requests.

use hdrhistogram::CreationError;

use super::times::{Times, millis};
use super::window::{Verdict, Window};
use crate::record::{ClassRun, Outcomes};

/// Is what became of each class, the most urgent first.
#[derive(Debug)]
pub(super) struct Ranks {
    window: Window,
    ranks: Vec<Rank>,
}

#[derive(Debug)]
struct Rank {
    outcomes: Outcomes,
    latency: Times,
    /// When one of it was answered last, or the run began to count.
    answered: u64,
    /// The longest that none was.
    starved: u64,
}

impl Ranks {
    pub(super) fn new(window: Window, classes: usize) -> Result<Self, CreationError> {
        let rank = |_| {
            Ok(Rank {
                outcomes: Outcomes::default(),
                latency: Times::new()?,
                answered: window.from,
                starved: 0,
            })
        };
        let ranks = (0..classes).map(rank).collect::<Result<_, _>>()?;
        Ok(Self { window, ranks })
    }

    /// Counts a request that counts.
    pub(super) fn begun(&mut self, class: u8) {
        if let Some(rank) = self.ranks.get_mut(usize::from(class)) {
            rank.outcomes.offered += 1;
        }
    }

    /// Counts what became of one, nanoseconds after it was due.
    pub(super) fn concluded(&mut self, class: u8, verdict: Verdict, took: u64) {
        let Some(rank) = self.ranks.get_mut(usize::from(class)) else {
            return;
        };
        verdict.count(&mut rank.outcomes);
        if verdict.is_answer() {
            rank.latency.count(took);
        }
    }

    /// Notes when one was answered, whether it counts or not.
    pub(super) fn answered(&mut self, class: u8, done: u64) {
        let Some(rank) = self.ranks.get_mut(usize::from(class)) else {
            return;
        };
        if self.window.has(done) {
            rank.starved = rank.starved.max(done.saturating_sub(rank.answered));
            rank.answered = rank.answered.max(done);
        }
    }

    pub(super) fn read(&self) -> Vec<ClassRun> {
        let until = self.window.until;
        let run = |(class, rank): (u8, &Rank)| ClassRun {
            class,
            outcomes: rank.outcomes,
            latency: rank.latency.spread(),
            target_ms: None,
            starved_ms: Some(millis(
                rank.starved.max(until.saturating_sub(rank.answered)),
            )),
        };
        (0..).zip(&self.ranks).map(run).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_class_has_its_outcomes_its_latencies_and_its_longest_wait_for_an_answer() {
        let window = Window {
            from: 100 * MS,
            until: 1_100 * MS,
            slo: 25 * MS,
        };
        let mut ranks = Ranks::new(window, 2).unwrap();
        for (class, verdict, took) in [
            (0, Verdict::Good, 10 * MS),
            (0, Verdict::Rejected, MS),
            (1, Verdict::Late, 30 * MS),
            (1, Verdict::Failed, 50 * MS),
        ] {
            ranks.begun(class);
            ranks.concluded(class, verdict, took);
        }
        // Before, in and behind what counts.
        for done in [50 * MS, 400 * MS, 500 * MS, 1_200 * MS] {
            ranks.answered(0, done);
        }
        let read = ranks.read();
        assert!(read.iter().all(|class| class.outcomes.is_exact()));
        assert_eq!((read[0].outcomes.good, read[0].outcomes.rejected), (1, 1));
        assert_eq!((read[1].outcomes.late, read[1].outcomes.failed), (1, 1));
        assert!((read[0].latency.max - 10.0).abs() < 0.1, "{read:?}");
        assert!((read[1].latency.max - 30.0).abs() < 0.1, "{read:?}");
        let starved: Vec<_> = read.iter().map(|class| class.starved_ms).collect();
        assert_eq!(starved, [Some(600.0), Some(1_000.0)]);
    }
}
