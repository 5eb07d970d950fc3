//! What each client of a closed loop had of the server.

use super::times::millis;
use crate::record::Fairness;

/// Latencies that are kept of one client: its first ones, 80 KiB.
const KEPT_MAX: usize = 10_000;
/// Clients of which a record has the p99.
const SHOWN_MAX: usize = 1_000;

/// Is what each client had.
#[derive(Debug)]
pub(super) struct Shares(Vec<Share>);

#[derive(Clone, Debug, Default)]
struct Share {
    answers: u64,
    /// Nanoseconds, of all.
    total: u64,
    kept: Vec<u64>,
}

impl Shares {
    pub(super) fn new(clients: usize) -> Self {
        Self(vec![Share::default(); clients])
    }

    /// Counts an answer that took so many nanoseconds.
    pub(super) fn answered(&mut self, client: usize, took: u64) {
        let Some(share) = self.0.get_mut(client) else {
            return;
        };
        share.answers += 1;
        share.total += took;
        if share.kept.len() < KEPT_MAX {
            share.kept.push(took);
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "counts of requests")]
    pub(super) fn read(&self) -> Fairness {
        let counts = self.0.iter().map(|share| share.answers as f64);
        let (sum, squares) = counts.fold((0.0, 0.0), |(sum, squares), count| {
            (sum + count, squares + count * count)
        });
        let mut means: Vec<f64> = self.0.iter().filter_map(Share::mean).collect();
        means.sort_by(f64::total_cmp);
        let median = means.get(means.len() / 2).copied().unwrap_or(0.0);
        let longest = means.last().copied().unwrap_or(0.0);
        let mut p99: Vec<f64> = self.0.iter().filter_map(Share::p99).collect();
        p99.sort_by(f64::total_cmp);
        let even = |count: f64, of: f64| if of > 0.0 { count / of } else { 0.0 };
        Fairness {
            jain: even(sum * sum, self.0.len() as f64 * squares),
            slowest: even(longest, median),
            p99_ms: evenly(&p99),
        }
    }
}

impl Share {
    #[allow(clippy::cast_precision_loss, reason = "nanoseconds of a run")]
    fn mean(&self) -> Option<f64> {
        (self.answers > 0).then(|| self.total as f64 / self.answers as f64)
    }

    fn p99(&self) -> Option<f64> {
        let mut kept = self.kept.clone();
        kept.sort_unstable();
        let rank = (kept.len() * 99).div_ceil(100).checked_sub(1)?;
        kept.get(rank).copied().map(millis)
    }
}

/// Chooses as many as a record has, evenly, the last among them.
fn evenly(values: &[f64]) -> Vec<f64> {
    let shown = values.len().min(SHOWN_MAX);
    let chosen = (1..=shown).map(|rank| rank * values.len() / shown - 1);
    chosen
        .filter_map(|index| values.get(index).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn one_of_four_that_has_all_is_a_quarter_of_fair() {
        let mut shares = Shares::new(4);
        shares.answered(2, MS);
        assert!((shares.read().jain - 0.25).abs() < 1e-9);
        (0..4)
            .filter(|client| *client != 2)
            .for_each(|client| shares.answered(client, 3 * MS));
        let fairness = shares.read();
        assert!((fairness.jain - 1.0).abs() < 1e-9);
        assert!((fairness.slowest - 1.0).abs() < 1e-9, "{fairness:?}");
        assert_eq!(fairness.p99_ms, [1.0, 3.0, 3.0, 3.0]);
        shares.answered(0, 12 * MS);
        assert!((shares.read().slowest - 2.5).abs() < 1e-9);
    }

    #[test]
    fn at_most_a_thousand_clients_are_shown_the_slowest_among_them() {
        let all: Vec<f64> = (0..2_500).map(f64::from).collect();
        let shown = evenly(&all);
        assert_eq!((shown.len(), shown.last()), (1_000, Some(&2_499.0)));
        assert!(evenly(&[]).is_empty());
    }
}
