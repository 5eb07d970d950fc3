//! Sojourns of several periods, summed up together.

use std::time::Duration;

use crate::law::float;
use crate::stats::histogram::{Spread, Times};

/// The most events of a period that are gone through; where there were more,
/// these stand for all.
const EVENTS_MAX: u64 = 1_000;

/// Collects the sojourns of several periods.
#[derive(Debug)]
pub(crate) struct Window {
    sojourns: Spread,
    count: u64,
}

impl Window {
    pub(crate) fn new() -> Self {
        Self {
            sojourns: Spread::of_times(),
            count: 0,
        }
    }

    /// Takes the sojourns of one period in.
    pub(crate) fn add(&mut self, sojourns: &Times) {
        one_by_one(sojourns).for_each(|took| self.record(took, 1));
    }

    /// Takes in as many events that took the same time.
    pub(crate) fn record(&mut self, took: Duration, events: u64) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.sojourns.record(nanos, events);
        self.count += events;
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// Sums up what there was, and begins anew.
    pub(crate) fn take(&mut self) -> Times {
        std::mem::replace(self, Self::new()).sojourns.times()
    }
}

/// Gives the sojourns of a period one by one: as many as there were, up to
/// [`EVENTS_MAX`], spread as their quantiles say, on straight lines between them.
fn one_by_one(sojourns: &Times) -> impl Iterator<Item = Duration> + use<> {
    let times = *sojourns;
    let count = times.count.min(EVENTS_MAX);
    (0..count).map(move |rank| of_rank(&times, rank, count))
}

fn of_rank(times: &Times, rank: u64, count: u64) -> Duration {
    if count < 2 {
        return times.p50;
    }
    let share = float(rank) / float(count - 1);
    let mut below = (0.0, times.min);
    let knots = [(0.5, times.p50), (0.9, times.p90), (0.99, times.p99)];
    for above in knots.into_iter().chain([(1.0, times.max)]) {
        if share <= above.0 {
            let part = (share - below.0) / (above.0 - below.0);
            return below.1 + above.1.saturating_sub(below.1).mul_f64(part);
        }
        below = above;
    }
    times.max
}

#[cfg(test)]
mod tests {
    use super::{Window, one_by_one};
    use crate::stats::histogram::Times;
    use std::time::Duration;

    fn times(count: u64) -> Times {
        let ms = Duration::from_millis;
        Times {
            count,
            min: ms(1),
            mean: ms(12),
            p50: ms(10),
            p90: ms(20),
            p99: ms(30),
            max: ms(40),
        }
    }

    #[test]
    fn events_come_back_one_by_one_as_they_were_spread() {
        for count in [0, 1, 2, 3, 10, 101, 999, 1_000] {
            let mut all: Vec<_> = one_by_one(&times(count)).collect();
            assert_eq!(all.len() as u64, count);
            all.sort();
            if count == 101 {
                let at = |rank: usize| all[rank].as_millis();
                assert_eq!([0, 50, 90, 99, 100].map(at), [1, 10, 20, 30, 40]);
            }
            all.dedup();
            assert_eq!(all.len() as u64, count, "every rank comes once");
        }
        assert_eq!(one_by_one(&times(u64::MAX)).count(), 1_000);
    }

    #[test]
    fn a_window_collects_periods_and_begins_anew() {
        let mut window = Window::new();
        window.add(&times(50));
        window.record(Duration::from_millis(500), 50);
        assert_eq!(window.count(), 100);
        let sum = window.take();
        assert!(
            (sum.count, sum.p90.as_millis() / 10) == (100, 50),
            "{sum:?}"
        );
        assert_eq!(window.count(), 0);
    }
}
