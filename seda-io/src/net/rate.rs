//! How often something may happen: a bucket of tokens in whole numbers.

use std::time::Duration;

/// Is how often something may happen: so many times within a duration, and so
/// many at once after a rest.
///
/// ```
/// use std::time::Duration;
/// use seda_io::net::Rate;
///
/// let rate = Rate::per_second(100).with_burst(20);
/// assert_eq!(rate, Rate::new(100, Duration::from_secs(1)).with_burst(20));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    times: u32,
    /// Nanoseconds.
    within: u64,
    burst: u32,
}

impl Rate {
    /// Allows `times` within a duration, all of them at once after a rest. Zero
    /// of either counts as one (a nanosecond).
    pub const fn new(times: u32, within: Duration) -> Self {
        let times = if times == 0 { 1 } else { times };
        let nanos = within.as_nanos();
        #[allow(
            clippy::cast_possible_truncation,
            reason = "what does not fit is cut to the most that does: 584 years"
        )]
        let within = match nanos {
            0 => 1,
            nanos if nanos > u64::MAX as u128 => u64::MAX,
            nanos => nanos as u64,
        };
        Self {
            times,
            within,
            burst: times,
        }
    }

    /// Allows `times` a second, all of them at once after a rest.
    pub const fn per_second(times: u32) -> Self {
        Self::new(times, Duration::from_secs(1))
    }

    /// Allows so many at once after a rest; at least one.
    #[must_use]
    pub const fn with_burst(self, burst: u32) -> Self {
        let burst = if burst == 0 { 1 } else { burst };
        Self { burst, ..self }
    }

    /// Gives what a full bucket holds, in parts of a token.
    fn full(self) -> u128 {
        u128::from(self.burst) * u128::from(self.within)
    }
}

/// Holds the tokens of one who may do something at a [`Rate`].
///
/// It counts in parts of a token, of which each nanosecond brings a whole
/// number: no step is too small to count, and nothing is lost by rounding.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    parts: u128,
    /// Nanoseconds: up to when it was filled.
    at: u64,
}

impl Bucket {
    pub(crate) fn full(rate: Rate, now: u64) -> Self {
        Self {
            rate,
            parts: rate.full(),
            at: now,
        }
    }

    /// Takes a token, or says how long it takes until there is one.
    pub(crate) fn take(&mut self, now: u64) -> Result<(), Duration> {
        self.fill(now);
        let token = u128::from(self.rate.within);
        if let Some(left) = self.parts.checked_sub(token) {
            self.parts = left;
            return Ok(());
        }
        let wait = (token - self.parts).div_ceil(u128::from(self.rate.times));
        let wait = u64::try_from(wait).unwrap_or(u64::MAX);
        Err(Duration::from_nanos(wait))
    }

    /// Puts back a token that was of no use.
    pub(crate) fn give_back(&mut self) {
        let parts = self.parts + u128::from(self.rate.within);
        self.parts = parts.min(self.rate.full());
    }

    fn fill(&mut self, now: u64) {
        // Workers look at their clocks at different times.
        let passed = now.saturating_sub(self.at);
        self.at = self.at.max(now);
        let gained = u128::from(passed) * u128::from(self.rate.times);
        self.parts = (self.parts + gained).min(self.rate.full());
    }
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Duration, Rate};

    const SECOND: u64 = 1_000_000_000;

    /// Takes as often as it can, at steps of `step` nanoseconds, for `time`.
    fn taken(rate: Rate, step: u64, time: u64) -> u64 {
        let mut bucket = Bucket::full(rate, 0);
        let mut taken = 0;
        let mut now = 0;
        while now <= time {
            while bucket.take(now).is_ok() {
                taken += 1;
            }
            now += step;
        }
        taken
    }

    #[test]
    fn a_rate_is_kept_exactly_whatever_the_steps() {
        for times in [1, 3, 7, 999, 30_000] {
            for step in [1_000_003, 99_999_989, SECOND / 3] {
                // Room for what comes between two steps, so that nothing runs over.
                let burst = times + 1;
                let rate = Rate::per_second(times).with_burst(burst);
                let seconds = 10;
                let most = u64::from(times) * seconds + u64::from(burst);
                let step_worth = u64::from(times) * step / SECOND + 1;
                let taken = taken(rate, step, seconds * SECOND);
                assert!(taken <= most, "{times}/s by {step}: {taken} > {most}");
                assert!(
                    taken + step_worth >= most,
                    "{times}/s by {step}: {taken} of {most}"
                );
            }
        }
    }

    #[test]
    fn steps_of_a_microsecond_count_though_none_of_them_is_worth_a_token() {
        assert_eq!(taken(Rate::per_second(3), 1_000, SECOND), 6);
    }

    #[test]
    fn a_refusal_says_exactly_when_to_come_back() {
        let mut bucket = Bucket::full(Rate::new(3, Duration::from_mins(1)).with_burst(1), 5);
        assert_eq!(bucket.take(5), Ok(()));
        let wait = bucket.take(6).unwrap_err();
        let due = 6 + u64::try_from(wait.as_nanos()).unwrap();
        assert_eq!(due, 5 + 20 * SECOND);
        assert!(bucket.take(due - 1).is_err());
        assert_eq!(bucket.take(due), Ok(()));
    }

    #[test]
    fn a_burst_is_all_that_a_long_rest_gives() {
        let mut bucket = Bucket::full(Rate::per_second(1_000).with_burst(2), 0);
        let now = 3_600 * SECOND;
        assert_eq!((0..5).filter(|_| bucket.take(now).is_ok()).count(), 2);
        bucket.give_back();
        assert_eq!((0..5).filter(|_| bucket.take(now).is_ok()).count(), 1);
    }

    #[test]
    fn a_clock_that_is_behind_gives_nothing_twice() {
        let mut bucket = Bucket::full(Rate::per_second(1).with_burst(1), SECOND);
        assert_eq!(bucket.take(SECOND), Ok(()));
        assert!(bucket.take(0).is_err());
        assert!(bucket.take(SECOND + SECOND - 1).is_err());
        assert_eq!(bucket.take(SECOND + SECOND), Ok(()));
    }

    #[test]
    fn absurd_rates_do_not_overflow() {
        let mut bucket = Bucket::full(Rate::new(u32::MAX, Duration::MAX), 0);
        assert_eq!(bucket.take(u64::MAX), Ok(()));
        let mut never = Bucket::full(Rate::new(0, Duration::MAX).with_burst(0), 0);
        assert_eq!(never.take(0), Ok(()));
        assert!(never.take(1).is_err());
    }
}
