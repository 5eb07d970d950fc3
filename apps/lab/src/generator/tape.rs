//! Latencies second by second, kept while a run counts for a log of it.

use std::mem;
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};

use super::times::{DIGITS, LONGEST, UNIT};
use super::window::Window;
use crate::record::Interval;

/// Nanoseconds of an interval, a second.
const STEP: u64 = 1_000_000_000;
/// Intervals of a run, almost three hours of them, of some 20 KiB for each class; the
/// last one has what comes later.
const STEPS_MAX: u64 = 10_000;

/// Is the latencies of what was answered, by when, and of which class.
#[derive(Debug)]
pub(super) struct Tape {
    window: Window,
    /// When the run began to count, after 1970.
    began: Duration,
    /// Of each class; of all requests where there are none.
    current: Vec<Histogram<u32>>,
    blank: Histogram<u32>,
    classes: usize,
    index: u64,
    /// Which interval the run ends in; it has what is answered later, too.
    last: u64,
    latest: u64,
    intervals: Vec<Interval>,
}

impl Tape {
    pub(super) fn new(
        window: Window,
        classes: usize,
        began: Duration,
    ) -> Result<Self, CreationError> {
        let blank = blank()?;
        let steps = (window.until - window.from).div_ceil(STEP);
        Ok(Self {
            window,
            began,
            current: vec![blank.clone(); classes.max(1)],
            blank,
            classes,
            index: 0,
            last: steps.clamp(1, STEPS_MAX) - 1,
            latest: window.until,
            intervals: Vec::new(),
        })
    }

    /// Counts one that was answered at `done`, and counts. Answers come in order of time.
    pub(super) fn count(&mut self, class: u8, done: u64, took: u64) {
        let index = done.saturating_sub(self.window.from) / STEP;
        while self.index < index.min(self.last) {
            self.close(STEP);
        }
        self.latest = self.latest.max(done);
        if let Some(latencies) = self.current.get_mut(usize::from(class)) {
            // It grows with what is recorded, which must end somewhere.
            let took = took.min(LONGEST);
            if latencies.record(took).is_err() {
                latencies.saturating_record(took);
            }
        }
    }

    /// Ends the present interval.
    fn close(&mut self, lasts: u64) {
        let began = self.began + Duration::from_nanos(STEP * self.index);
        for (class, current) in (0..).zip(&mut self.current) {
            let latencies = mem::replace(current, self.blank.clone());
            self.intervals.push(Interval {
                began,
                lasts: Duration::from_nanos(lasts),
                class: (self.classes > 0).then_some(class),
                latencies,
            });
        }
        self.index += 1;
    }

    pub(super) fn read(mut self) -> Vec<Interval> {
        let whole = self.latest.saturating_sub(self.window.from);
        while self.index < self.last {
            self.close(STEP);
        }
        // At least the millisecond that a log can tell.
        self.close(whole.saturating_sub(STEP * self.index).max(1_000_000));
        self.intervals
    }
}

/// Makes one that takes 8 KiB, and grows with what takes more than a millisecond.
fn blank() -> Result<Histogram<u32>, CreationError> {
    let mut histogram = Histogram::new_with_bounds(UNIT, 2 * UNIT, DIGITS)?;
    histogram.auto(true);
    Ok(histogram)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const BEGAN: Duration = Duration::from_secs(1_000);

    fn tape(classes: usize) -> Tape {
        until(3_000, classes)
    }

    fn until(end: u64, classes: usize) -> Tape {
        let window = Window {
            from: 500 * MS,
            until: end * MS,
            slo: MS,
        };
        Tape::new(window, classes, BEGAN).unwrap()
    }

    /// Gives of each interval its beginning and length in milliseconds, its class, and how many it has.
    fn seen(tape: Tape) -> Vec<(u128, u128, Option<u8>, u64)> {
        let intervals = tape.read().into_iter();
        let seen = intervals.map(|it| {
            let after = it.began.saturating_sub(BEGAN).as_millis();
            (after, it.lasts.as_millis(), it.class, it.latencies.len())
        });
        seen.collect()
    }

    #[test]
    fn intervals_follow_each_other_and_have_what_was_answered_in_them() {
        let mut some = tape(0);
        for done in [500, 600, 1_499, 2_500, 3_200] {
            some.count(0, done * MS, 7 * MS);
        }
        let one = |began, lasts, count| (began, lasts, None, count);
        let expected = [one(0, 1_000, 3), one(1_000, 1_000, 0), one(2_000, 700, 2)];
        assert_eq!(seen(some), expected);
        let none = [one(0, 1_000, 0), one(1_000, 1_000, 0), one(2_000, 500, 0)];
        assert_eq!(seen(tape(0)), none);
    }

    #[test]
    fn classes_are_apart_and_long_latencies_are_kept() {
        let mut some = tape(2);
        some.count(1, 3_000 * MS, 2_400 * MS);
        some.count(0, 3_000 * MS, u64::MAX);
        let last: Vec<Interval> = some.read().into_iter().rev().take(2).collect();
        let classes: Vec<_> = last.iter().map(|it| it.class).collect();
        assert_eq!(classes, [Some(1), Some(0)]);
        let max = |it: &Interval| it.latencies.max() / MS;
        assert!((2_400..2_403).contains(&max(&last[0])), "{}", max(&last[0]));
        assert!(max(&last[1]) >= 3_600_000, "{}", max(&last[1]));
    }

    #[test]
    fn a_run_has_a_bounded_number_of_intervals_and_the_last_one_has_what_comes_late() {
        let mut long = until(20_000_000, 0);
        long.count(0, 19_000 * STEP, MS);
        let seen = seen(long);
        assert_eq!(seen.len() as u64, STEPS_MAX);
        let end = seen
            .last()
            .map(|(began, lasts, _, count)| (began + lasts, *count));
        assert_eq!(end, Some((19_999_500, 1)));
        // Of a run of whole seconds, the last one is longer by what came late.
        let mut late = until(2_500, 0);
        late.count(0, 2_700 * MS, MS);
        let one = |began, lasts, count| (began, lasts, None, count);
        assert_eq!(self::seen(late), [one(0, 1_000, 0), one(1_000, 1_200, 1)]);
    }
}
