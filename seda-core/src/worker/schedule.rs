//! Which ready stage a worker runs next.

use crate::ready::Set;

/// One pick in this many goes to the most upstream stage, so that a loop
/// further down cannot starve it.
const UPSTREAM_PICKS: u32 = 61;
/// How far behind the others a stage may start, in ns, so that it cannot save up.
const REACH: u64 = 10_000_000;
/// The stride of a stage with a share of 1, per nanosecond.
const STRIDE: u64 = 1 << 10;

/// Chooses among ready stages: the most downstream first, which keeps little
/// work in flight; or, where the plan gives shares, by stride scheduling, the
/// stage that has had the least time for its share.
#[derive(Debug)]
pub(crate) struct Schedule {
    picks: u32,
    shares: Option<Vec<Share>>,
}

#[derive(Clone, Debug)]
struct Share {
    stride: u64,
    pass: u64,
}

impl Schedule {
    /// Makes a schedule; `shares` are by rank and empty when the plan gives none.
    pub(crate) fn new(shares: &[u32]) -> Self {
        let share = |share: &u32| Share {
            stride: STRIDE / u64::from((*share).max(1)).min(STRIDE),
            pass: 0,
        };
        Self {
            picks: 0,
            shares: (!shares.is_empty()).then(|| shares.iter().map(share).collect()),
        }
    }

    /// Gives the rank of the stage to run.
    #[inline]
    pub(crate) fn pick(&mut self, ready: Set) -> Option<usize> {
        let first = ready.first()?;
        self.picks = self.picks.wrapping_add(1);
        if self.picks.is_multiple_of(UPSTREAM_PICKS) {
            return ready.last();
        }
        match &self.shares {
            None => Some(first),
            Some(shares) => least_pass(shares, ready),
        }
    }

    /// Charges a stage for the nanoseconds that its batch took.
    #[inline]
    pub(crate) fn charge(&mut self, rank: usize, spent: u64) {
        let Some(shares) = &mut self.shares else {
            return;
        };
        let floor = shares.iter().map(|share| share.pass).max().unwrap_or(0);
        let reach = REACH.saturating_mul(STRIDE);
        if let Some(share) = shares.get_mut(rank) {
            share.pass = share
                .pass
                .max(floor.saturating_sub(reach))
                .saturating_add(spent.saturating_mul(share.stride));
        }
    }
}

fn least_pass(shares: &[Share], ready: Set) -> Option<usize> {
    let pass = |rank: &usize| shares.get(*rank).map_or(0, |share| share.pass);
    ready.ranks().min_by_key(pass)
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use crate::ready::{Bit, Set};

    fn both() -> Set {
        Set::EMPTY.with(Bit::of_rank(0)).with(Bit::of_rank(1))
    }

    #[test]
    fn the_most_downstream_runs_first_but_the_other_is_not_starved() {
        let mut schedule = Schedule::new(&[]);
        let upstream = (0..610)
            .filter(|_| schedule.pick(both()) == Some(1))
            .count();
        assert_eq!(upstream, 10);
        assert_eq!(schedule.pick(Set::EMPTY), None);
    }

    #[test]
    fn shares_divide_the_time() {
        let mut schedule = Schedule::new(&[1, 3]);
        let mut time = [0_u32; 2];
        for _ in 0..4_000 {
            let rank = schedule.pick(both()).unwrap();
            time[rank] += 1;
            schedule.charge(rank, 10_000);
        }
        assert!((2_850..3_100).contains(&time[1]), "{time:?}");
    }
}
