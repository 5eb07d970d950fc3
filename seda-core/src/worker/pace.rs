//! How long a stage's events take on one worker: batch sizes and samples follow from it.

use crate::clock::Tick;

/// The longest that one batch should keep a worker from its other stages, in ns.
const BATCH_TIME: u64 = 500_000;
/// Below this service time, in ns, one time stamp per batch is exact enough.
const STAMP_WORTH: u64 = 1_000;
/// At most one batch in this time, in ns, is looked at closely, so that short
/// events do not pay for being measured.
const OBSERVE_EVERY: u64 = 20_000;
/// The weight of the past in the moving average is 7/8.
const SHIFT: u32 = 3;

/// Is a moving average of the service time, and what is decided by it.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Nanoseconds per event; none before the first batch.
    service: Option<u64>,
    /// Nanoseconds: half of the batches take at most this long.
    median: u64,
    /// Nanoseconds: 49 of 50 batches take at most this long.
    long: u64,
    next_look: Tick,
}

impl Pace {
    pub(crate) const fn new() -> Self {
        Self {
            service: None,
            median: 0,
            long: 0,
            next_look: Tick::ZERO,
        }
    }

    /// Takes in a batch of `n` events that took `spent` nanoseconds.
    pub(crate) fn observe(&mut self, spent: u64, n: usize) {
        if n == 0 {
            return;
        }
        let each = if n == 1 { spent } else { spent / n as u64 };
        if self.service.is_none() {
            (self.median, self.long) = (spent, spent);
        }
        // A step of 1/16 in all, up as often as it should be, down else.
        self.median = stepped(self.median, spent, (32, 32));
        self.long = stepped(self.long, spent, (16, 784));
        self.service = Some(match self.service {
            None => each,
            Some(old) => old - (old >> SHIFT) + (each >> SHIFT),
        });
    }

    /// Gives the nanoseconds that half of the batches take at most, and so
    /// their events until all are done; zero before the first.
    pub(crate) const fn median(&self) -> u64 {
        self.median
    }

    /// Gives the nanoseconds that 49 of 50 batches take at most; zero before the first.
    pub(crate) const fn long(&self) -> u64 {
        self.long
    }

    /// Tells whether each enqueue needs a time stamp of its own.
    pub(crate) fn is_slow(&self) -> bool {
        self.service.is_none_or(|service| service > STAMP_WORTH)
    }

    /// Cuts a batch so that it does not hold up the worker's other stages.
    pub(crate) fn cut(&self, batch_max: usize) -> usize {
        let Some(service) = self.service else {
            // Nothing is known yet: one event tells.
            return 1;
        };
        if service.saturating_mul(batch_max as u64) <= BATCH_TIME {
            return batch_max;
        }
        usize::try_from(BATCH_TIME / service)
            .unwrap_or(usize::MAX)
            .max(1)
    }

    /// Tells whether this batch is one to [`observe`](Self::observe), and to
    /// take into the histograms. One that took long is followed by such a one.
    pub(crate) fn observes(&mut self, now: Tick) -> bool {
        let due = now >= self.next_look;
        if due {
            self.next_look = now.after_nanos(OBSERVE_EVERY);
        }
        due
    }
}

/// Moves an estimate of a quantile towards it: up by one part in `up` when a
/// value is above, down by one in `down` when it is not. Where both happen
/// equally, `up / (up + down)` of the values are above (stochastic
/// approximation in the logarithm, so that a service ten times slower is
/// followed in some forty events).
fn stepped(estimate: u64, value: u64, (up, down): (u64, u64)) -> u64 {
    if value > estimate {
        estimate + (estimate / up).max(1)
    } else {
        estimate - estimate / down
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use crate::clock::Tick;

    #[test]
    fn batches_of_slow_events_are_cut_and_those_of_fast_ones_are_not() {
        let mut pace = Pace::new();
        assert_eq!(pace.cut(64), 1);
        assert!(pace.is_slow());
        pace.observe(640, 64);
        assert_eq!(pace.cut(64), 64);
        assert!(!pace.is_slow());
        for _ in 0..60 {
            pace.observe(1_000_000, 1);
        }
        assert_eq!(pace.cut(64), 1);
        assert!(pace.is_slow());
    }

    #[test]
    fn the_median_and_the_long_ones_are_told_apart_and_followed() {
        let mut pace = Pace::new();
        // Of 100 events 90 take 1 ms, 10 take 8.
        let feed = |pace: &mut Pace, millis: u64, n: u64| {
            (0..n).for_each(|n| {
                let each = if n % 10 == 9 { 8 * millis } else { millis };
                pace.observe(each * 1_000_000, 1);
            });
        };
        feed(&mut pace, 1, 2_000);
        assert!((900_000..1_200_000).contains(&pace.median()), "{pace:?}");
        assert!((7_000_000..9_500_000).contains(&pace.long()), "{pace:?}");
        feed(&mut pace, 10, 200);
        assert!(pace.median() > 9_000_000, "{pace:?}");
        feed(&mut pace, 1, 2_000);
        assert!(pace.long() < 10_000_000, "{pace:?}");
    }

    #[test]
    fn one_batch_in_twenty_microseconds_is_observed() {
        let mut pace = Pace::new();
        let at = |nanos| Tick::from_nanos(nanos);
        assert!(pace.observes(at(0)));
        assert!(!pace.observes(at(19_999)));
        assert!(pace.observes(at(20_000)));
    }
}
