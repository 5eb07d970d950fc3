//! How evenly the clients of a closed loop are served, generated or simulated.
//!
//! What a client has is its answers. A client without any is the least fairly treated
//! one, and counts: with none among the answers per client, and as if it had waited
//! for all of the run where latencies are compared. Where nobody has an answer, all
//! are treated alike.
//!
//! Source of the index: Jain, Chiu, Hawe, DEC-TR-301, 1984.

use std::time::Duration;

use crate::record::Fairness;

/// Of so many clients at most, evenly chosen, latencies are kept one by one.
const KEPT_CLIENTS: usize = 1_000;
/// Latencies that are kept of each of them: its first ones, 40 KiB.
const KEPT_MAX: usize = 10_000;
/// Nanoseconds: a shorter latency is not told from this one.
const SHORTEST: f64 = 1_000.0;

/// Is what each client has.
#[derive(Debug)]
pub(crate) struct Shares {
    clients: Vec<Share>,
    /// One in so many is kept.
    stride: usize,
    /// Microseconds of each answer.
    kept: Vec<Vec<u32>>,
}

/// Is what one client has.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    answers: u32,
    nanos: u64,
}

impl Shares {
    pub(crate) fn of(clients: usize) -> Self {
        let stride = clients.div_ceil(KEPT_CLIENTS).max(1);
        Self {
            clients: vec![Share::default(); clients],
            stride,
            kept: vec![Vec::new(); clients.div_ceil(stride)],
        }
    }

    /// Counts an answer that took so long.
    pub(crate) fn answered(&mut self, client: usize, took: Duration) {
        let Some(share) = self.clients.get_mut(client) else {
            return;
        };
        share.answers += 1;
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        share.nanos = share.nanos.saturating_add(nanos);
        if client.is_multiple_of(self.stride)
            && let Some(kept) = self.kept.get_mut(client / self.stride)
            && kept.len() < KEPT_MAX
        {
            kept.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
    }

    /// Sums up a run that counted for so long.
    pub(crate) fn fairness(mut self, counted: Duration) -> Fairness {
        let all = counted.as_secs_f64();
        let mut means: Vec<f64> = self.clients.iter().map(|share| share.mean(all)).collect();
        means.sort_unstable_by(f64::total_cmp);
        let median = means.get(means.len() / 2).copied().unwrap_or(all * 1e9);
        let longest = means.last().copied().unwrap_or(median);
        let kept = self.kept.iter_mut();
        let mut p99_ms: Vec<f64> = kept.map(|kept| p99(kept).unwrap_or(all * 1e3)).collect();
        p99_ms.sort_unstable_by(f64::total_cmp);
        Fairness {
            jain: jain(self.clients.iter().map(|share| f64::from(share.answers))),
            slowest: longest.max(SHORTEST) / median.max(SHORTEST),
            p99_ms,
        }
    }
}

impl Share {
    /// Gives the nanoseconds that an answer takes on average.
    #[allow(clippy::cast_precision_loss, reason = "nanoseconds of a run")]
    fn mean(&self, all: f64) -> f64 {
        if self.answers == 0 {
            all * 1e9
        } else {
            self.nanos as f64 / f64::from(self.answers)
        }
    }
}

/// Gives the milliseconds within which 99 of 100 were answered.
fn p99(micros: &mut [u32]) -> Option<f64> {
    micros.sort_unstable();
    let rank = (micros.len() * 99).div_ceil(100).checked_sub(1)?;
    micros.get(rank).map(|micros| f64::from(*micros) / 1e3)
}

/// Gives Jain's index: the square of the sum / (number x sum of the squares).
pub(crate) fn jain(shares: impl Iterator<Item = f64>) -> f64 {
    let add =
        |(n, sum, squares), share| (n + 1.0, sum + share, f64::mul_add(share, share, squares));
    let (n, sum, squares) = shares.fold((0.0, 0.0, 0.0), add);
    if squares > 0.0 {
        sum * sum / (n * squares)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn is(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-9, "{value}, not {expected}");
    }

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn all_alike_is_1_and_all_for_one_is_1_of_n() {
        is(jain([3.0; 4].into_iter()), 1.0);
        is(jain([3.0, 0.0, 0.0, 0.0].into_iter()), 0.25);
        is(jain([0.0; 4].into_iter()), 1.0);
    }

    #[test]
    fn the_slowest_is_beside_the_median() {
        let mut shares = Shares::of(3);
        (0..3).for_each(|client| shares.answered(client, ms(2)));
        shares.answered(2, ms(6));
        let fairness = shares.fairness(SECOND);
        is(fairness.slowest, 2.0);
        is(fairness.jain, 16.0 / 18.0);
        assert_eq!(fairness.p99_ms, [2.0, 2.0, 6.0]);
    }

    #[test]
    fn who_has_no_answer_is_the_least_fairly_treated() {
        let mut shares = Shares::of(3);
        (0..2).for_each(|client| shares.answered(client, ms(2)));
        let fairness = shares.fairness(SECOND);
        is(fairness.jain, 2.0 / 3.0);
        is(fairness.slowest, 500.0);
        assert_eq!(fairness.p99_ms, [2.0, 2.0, 1_000.0]);
        let nobody = Shares::of(2).fairness(SECOND);
        is(nobody.jain, 1.0);
        is(nobody.slowest, 1.0);
        assert_eq!(nobody.p99_ms, [1_000.0; 2]);
    }

    #[test]
    fn at_most_a_thousand_clients_are_kept_and_of_each_so_many_answers() {
        let mut shares = Shares::of(2_500);
        (0..2_500).for_each(|client| shares.answered(client, ms(client as u64)));
        (0..KEPT_MAX).for_each(|_| shares.answered(3, ms(7)));
        assert!(shares.kept.iter().all(|kept| kept.len() <= KEPT_MAX));
        let p99_ms = shares.fairness(SECOND).p99_ms;
        assert_eq!((p99_ms.len(), p99_ms.last()), (834, Some(&2_499.0)));
        assert_eq!(Shares::of(1_000).fairness(SECOND).p99_ms.len(), 1_000);
    }
}
