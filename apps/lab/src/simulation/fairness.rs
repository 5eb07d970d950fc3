//! What each client of a closed loop had.

use crate::jain::jain;
use crate::record::Fairness;
use crate::simulation::timeline::quantile;

/// Of so many clients, evenly chosen, every latency is kept.
const KEPT: usize = 1_000;

/// Is what each client had.
#[derive(Debug)]
pub(super) struct Shares {
    clients: Vec<Share>,
    /// One in so many is kept.
    stride: usize,
    kept: Vec<Vec<u32>>,
}

/// Is what one client had.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    answers: u32,
    micros: u64,
}

impl Shares {
    pub(super) fn of(clients: usize) -> Self {
        let stride = clients.div_ceil(KEPT).max(1);
        Self {
            clients: vec![Share::default(); clients],
            stride,
            kept: vec![Vec::new(); clients.div_ceil(stride)],
        }
    }

    pub(super) fn answered(&mut self, client: usize, micros: u32) {
        if let Some(share) = self.clients.get_mut(client) {
            share.answers += 1;
            share.micros += u64::from(micros);
        }
        if client.is_multiple_of(self.stride)
            && let Some(kept) = self.kept.get_mut(client / self.stride)
        {
            kept.push(micros);
        }
    }

    /// Sums it up; a client without an answer has waited for all of `seconds`.
    pub(super) fn fairness(mut self, seconds: f64) -> Fairness {
        let nothing = seconds * 1e6;
        let mean = |share: &Share| {
            let answers = f64::from(share.answers);
            if share.answers == 0 {
                nothing
            } else {
                share.micros as f64 / answers
            }
        };
        let mut means: Vec<f64> = self.clients.iter().map(mean).collect();
        means.sort_unstable_by(f64::total_cmp);
        let median = means.get(means.len() / 2).copied().unwrap_or(nothing);
        let slowest = means
            .last()
            .map_or(1.0, |slowest| slowest / median.max(1.0));
        let mut p99_ms: Vec<f64> = self
            .kept
            .iter_mut()
            .filter_map(|kept| {
                kept.sort_unstable();
                quantile(kept, 0.99)
            })
            .collect();
        p99_ms.sort_unstable_by(f64::total_cmp);
        Fairness {
            jain: jain(self.clients.iter().map(|share| f64::from(share.answers))),
            slowest,
            p99_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shares;

    fn is(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-12, "{value}, not {expected}");
    }

    #[test]
    fn the_slowest_is_seen_even_without_an_answer() {
        let mut shares = Shares::of(3);
        for client in 0..3 {
            shares.answered(client, 2_000);
        }
        shares.answered(2, 6_000);
        let fairness = shares.fairness(1.0);
        is(fairness.slowest, 2.0);
        assert_eq!(fairness.p99_ms, [2.0, 2.0, 6.0]);
        let mut shares = Shares::of(3);
        shares.answered(0, 2_000);
        shares.answered(1, 2_000);
        is(shares.fairness(1.0).slowest, 500.0);
    }
}
