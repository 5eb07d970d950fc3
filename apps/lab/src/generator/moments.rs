//! When requests are to be sent: drawn from the seed alone, whatever the server does.
//!
//! The moments are those of a list made beforehand, and come one at a time, so that
//! a run of any length costs no memory and each of them a few nanoseconds.

use std::time::Duration;

use fastrand::Rng;

use crate::scenario::{Change, Spacing};

use super::course::Flood;

/// Nanoseconds of a second.
const SECOND: f64 = 1e9;

/// Is the moments of a run, in nanoseconds after its beginning, in order.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    rate: f64,
    shape: Shape,
    /// From when on, in nanoseconds, the rate is how many times as large.
    changes: Vec<(f64, f64)>,
    random: Rng,
    now: f64,
    end: f64,
}

#[derive(Clone, Debug)]
enum Shape {
    Poisson,
    Uniform,
    /// The parts of the rate, which of them it is now, and until when.
    Burst {
        parts: [f64; 2],
        dwell: f64,
        high: bool,
        until: f64,
    },
    /// From one part of the rate to another between two moments.
    Ramp {
        parts: [f64; 2],
        between: [f64; 2],
    },
    /// Gaps between moments, over and over, and which comes next.
    Trace {
        gaps: Vec<f64>,
        next: usize,
    },
}

impl Moments {
    /// Draws the moments of `flood` for a run of `[warm_up, measured]`.
    ///
    /// # Errors
    ///
    /// When a trace cannot be read, or has no two moments. One whose rate is nothing
    /// is replayed as it is.
    pub(super) fn draw(
        flood: &Flood,
        [warm_up, measured]: [Duration; 2],
        seed: u64,
    ) -> Result<Self, String> {
        let begins = nanos(warm_up);
        let end = begins + nanos(measured);
        let shape = match &flood.spacing {
            Spacing::Poisson => Shape::Poisson,
            Spacing::Uniform => Shape::Uniform,
            Spacing::Burst { low, high, dwell } => Shape::Burst {
                parts: [*low, *high],
                dwell: nanos(dwell.0),
                high: true,
                until: 0.0,
            },
            Spacing::Ramp { from, to } => Shape::Ramp {
                parts: [*from, *to],
                between: [begins, end],
            },
            Spacing::Trace { file } => Shape::Trace {
                gaps: gaps(file, flood.rate)?,
                next: 0,
            },
        };
        let change = |change: &Change| (begins + nanos(change.at.0), change.factor);
        let is_trace = matches!(shape, Shape::Trace { .. });
        // A trace has a rate of its own, in seconds.
        let own = is_trace && flood.rate <= 0.0;
        Ok(Self {
            rate: if own { 1.0 } else { flood.rate },
            shape,
            changes: flood.changes.iter().map(change).collect(),
            random: Rng::with_seed(seed),
            now: 0.0,
            end,
        })
    }

    /// Gives the factor that holds now, and when the next one does.
    fn factor(&self) -> (f64, f64) {
        let mut past = self.changes.iter().filter(|(at, _)| *at <= self.now);
        let next = self.changes.iter().filter(|(at, _)| *at > self.now);
        (
            past.next_back().map_or(1.0, |(_, factor)| *factor),
            next.map(|(at, _)| *at).fold(f64::INFINITY, f64::min),
        )
    }

    /// Draws a gap with a mean of one.
    fn exponential(&mut self) -> f64 {
        // Of (0, 1], since the logarithm of 0 is none.
        -(1.0 - self.random.f64()).ln()
    }

    /// Moves to the moment at which this much of the rate, whose integral over
    /// time it is, has passed.
    fn pass(&mut self, mut much: f64) {
        while self.now < self.end {
            let (part, until) = self.part();
            let (factor, changed) = self.factor();
            let speed = self.rate * part * factor / SECOND;
            let until = until.min(changed);
            let at = self.now + much / speed;
            // A rate of nothing passes by: `at` is infinite, or no number.
            if at <= until {
                self.now = at;
                return;
            }
            much -= speed * (until - self.now);
            self.now = until;
        }
    }

    /// Gives the part of the rate that holds now, and until when.
    fn part(&mut self) -> (f64, f64) {
        if let Shape::Burst { dwell, until, .. } = self.shape
            && until <= self.now
        {
            let lasts = dwell.max(1.0) * self.exponential();
            if let Shape::Burst { high, until, .. } = &mut self.shape {
                *high = !*high;
                *until = self.now + lasts;
            }
        }
        match &self.shape {
            Shape::Poisson | Shape::Uniform | Shape::Trace { .. } => (1.0, f64::INFINITY),
            Shape::Burst {
                parts: [low, high_part],
                high,
                until,
                ..
            } => (if *high { *high_part } else { *low }, *until),
            Shape::Ramp {
                parts: [from, to],
                between: [begin, end],
            } => {
                let done = ((self.now - begin) / (end - begin)).clamp(0.0, 1.0);
                // Constant for a thousandth of the way.
                let step = ((end - begin) / 1_000.0).max(1.0);
                (from + (to - from) * done, self.now + step)
            }
        }
    }
}

impl Iterator for Moments {
    type Item = u64;

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "nanoseconds of a run, which are positive and below 2^53"
    )]
    fn next(&mut self) -> Option<u64> {
        let much = match &mut self.shape {
            Shape::Uniform => 1.0,
            Shape::Poisson | Shape::Burst { .. } | Shape::Ramp { .. } => self.exponential(),
            Shape::Trace { gaps, next } => {
                let gap = gaps.get(*next % gaps.len().max(1)).copied();
                *next += 1;
                gap.unwrap_or(f64::INFINITY)
            }
        };
        self.pass(much);
        (self.now < self.end).then_some(self.now as u64)
    }
}

/// Reads the gaps between the moments in a file, so that their mean is one.
///
/// What follows the last moment is as long as the mean of the others.
fn gaps(file: &str, rate: f64) -> Result<Vec<f64>, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{file}: {error}; name a file with a moment in seconds a line"))?;
    let mut moments = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = line.trim().parse::<f64>().ok();
        let last = moments.last().copied().unwrap_or(0.0);
        let number = number.filter(|number| number.is_finite() && *number >= last);
        moments.push(number.ok_or_else(|| {
            let line = index + 1;
            format!("{file}:{line}:1: no moment in seconds that is not before the last one; write one number a line, in order")
        })?);
    }
    let first = moments.first().copied().unwrap_or(0.0);
    let last = moments.last().copied().unwrap_or(0.0);
    if last <= first {
        return Err(format!("{file}: has no two moments; write at least two"));
    }
    #[allow(clippy::cast_precision_loss, reason = "a count of lines")]
    let mean = (last - first) / (moments.len() - 1) as f64;
    // A rate of nothing means the file's own: its gaps stay in seconds.
    let unit = if rate > 0.0 { mean } else { 1.0 };
    let mut gaps: Vec<f64> = moments
        .windows(2)
        .filter_map(|pair| Some((pair.last()? - pair.first()?) / unit))
        .collect();
    gaps.insert(0, mean / unit);
    Ok(gaps)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "nanoseconds of a run, below 2^53"
)]
fn nanos(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}

#[cfg(test)]
#[allow(
    clippy::cast_precision_loss,
    reason = "nanoseconds and counts of a run"
)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::scenario::Moment;

    const TIMES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(10)];

    fn flood(rate: f64, spacing: Spacing) -> Flood {
        Flood {
            spacing,
            ..Flood::poisson(rate)
        }
    }

    fn drawn(flood: &Flood, seed: u64) -> Vec<u64> {
        Moments::draw(flood, TIMES, seed).unwrap().collect()
    }

    fn between(moments: &[u64], from: f64, to: f64) -> usize {
        let inside = |at: &&u64| (**at as f64) >= from * SECOND && (**at as f64) < to * SECOND;
        moments.iter().filter(inside).count()
    }

    #[test]
    fn a_seed_gives_the_same_moments_again_and_another_one_others() {
        let flood = Flood::poisson(1_000.0);
        let moments = drawn(&flood, 7);
        assert_eq!(moments, drawn(&flood, 7));
        assert_ne!(moments, drawn(&flood, 8));
        assert!(moments.is_sorted());
        // Eleven seconds, within four standard deviations.
        assert!(
            (10_580..11_420).contains(&moments.len()),
            "{}",
            moments.len()
        );
        let gaps = moments.windows(2).map(|pair| (pair[1] - pair[0]) as f64);
        let short = gaps.filter(|gap| *gap < 1e6).count() as f64;
        let part = short / moments.len() as f64;
        assert!((part - 0.632).abs() < 0.02, "{part} are below the mean");
    }

    #[test]
    fn even_moments_are_even() {
        let moments = drawn(&flood(100.0, Spacing::Uniform), 1);
        assert_eq!(moments.len(), 1_099);
        assert_eq!((moments[0], moments[1]), (10_000_000, 20_000_000));
    }

    #[test]
    fn a_change_holds_from_its_moment_on() {
        let mut flood = flood(100.0, Spacing::Uniform);
        flood.changes = vec![
            Change {
                at: Moment(Duration::from_secs(2)),
                factor: 5.0,
            },
            Change {
                at: Moment(Duration::from_secs(4)),
                factor: 0.0,
            },
            Change {
                at: Moment(Duration::from_secs(5)),
                factor: 1.0,
            },
        ];
        let moments = drawn(&flood, 1);
        assert_eq!(between(&moments, 1.0, 3.0), 200);
        assert!((999..=1_001).contains(&between(&moments, 3.0, 5.0)));
        assert!(between(&moments, 5.001, 6.0) <= 1);
        assert!((99..=101).contains(&between(&moments, 6.0, 7.0)));
    }

    #[test]
    fn a_ramp_rises_and_bursts_are_both_low_and_high() {
        let ramp = drawn(&flood(1_000.0, Spacing::Ramp { from: 0.0, to: 2.0 }), 3);
        let (first, last) = (between(&ramp, 1.0, 2.0), between(&ramp, 10.0, 11.0));
        assert!((40..170).contains(&first), "{first}");
        assert!((1_700..2_100).contains(&last), "{last}");
        let burst = Spacing::Burst {
            low: 0.2,
            high: 1.8,
            dwell: Moment(Duration::from_millis(100)),
        };
        let bursts = drawn(&flood(1_000.0, burst), 3);
        assert!((8_000..14_000).contains(&bursts.len()), "{}", bursts.len());
        let parts: Vec<usize> = (0..220)
            .map(|part| between(&bursts, f64::from(part) * 0.05, f64::from(part + 1) * 0.05))
            .collect();
        assert!(parts.iter().any(|count| *count < 20), "{parts:?}");
        assert!(parts.iter().any(|count| *count > 75), "{parts:?}");
    }

    #[test]
    fn a_trace_is_replayed_over_and_over_at_the_rate_that_is_asked_for() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"0\n1\n3\n").unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        let trace = || Spacing::Trace { file: path.clone() };
        let moments = drawn(&flood(10.0, trace()), 1);
        let tenths: Vec<u64> = moments.iter().take(4).map(|at| at / 1_000_000).collect();
        assert_eq!(tenths, [100, 166, 300, 400]);
        assert!((108..=110).contains(&moments.len()), "{}", moments.len());
        file.write_all(b"2\n").unwrap();
        let error = Moments::draw(&flood(10.0, trace()), TIMES, 1).unwrap_err();
        assert!(error.contains(":4:1: no moment"), "{error}");
    }
}
