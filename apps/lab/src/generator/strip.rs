//! Figures over time: what came and what ended in each step of 100 ms.

use hdrhistogram::CreationError;

use super::times::Times;
use super::window::{Verdict, Window};
use crate::record::{Column, Series};

/// Nanoseconds of a step, 100 ms.
const STEP: u64 = 100_000_000;
/// How many steps make a second.
const STEPS_PER_SECOND: f64 = 10.0;
/// Steps of a run, more than a day of them; what is later is not in the series.
const STEPS_MAX: u64 = 1_000_000;

/// Is the figures of each step of a run.
///
/// Requests are offered when they are due, and good, late, rejected or failed
/// when they end; so the steps show what a server did at the time, and include
/// what had begun before the run counted.
#[derive(Debug)]
pub(super) struct Strip {
    window: Window,
    steps: Vec<Step>,
    /// Of the step that was concluded in last.
    times: Times,
    last: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Step {
    offered: u32,
    good: u32,
    late: u32,
    rejected: u32,
    failed: u32,
    p99: Option<f64>,
}

impl Strip {
    pub(super) fn new(window: Window) -> Result<Self, CreationError> {
        let steps = (window.until - window.from).div_ceil(STEP).min(STEPS_MAX);
        Ok(Self {
            window,
            steps: vec![Step::default(); usize::try_from(steps).unwrap_or(0)],
            times: Times::new()?,
            last: 0,
        })
    }

    fn index(&self, at: u64) -> Option<usize> {
        usize::try_from(at.checked_sub(self.window.from)? / STEP).ok()
    }

    pub(super) fn offered(&mut self, at: u64) {
        if let Some(step) = self.index(at).and_then(|index| self.steps.get_mut(index)) {
            step.offered += 1;
        }
    }

    pub(super) fn concluded(&mut self, done: u64, verdict: Verdict, took: u64) {
        let Some(index) = self.index(done) else {
            return;
        };
        if index != self.last {
            self.close();
            self.last = index;
        }
        let Some(step) = self.steps.get_mut(index) else {
            return;
        };
        match verdict {
            Verdict::Good => step.good += 1,
            Verdict::Late => step.late += 1,
            Verdict::Rejected => step.rejected += 1,
            Verdict::Failed => step.failed += 1,
        }
        if verdict.is_answer() {
            self.times.count(took);
        }
    }

    /// Ends the step that was concluded in last: requests end in order of time.
    fn close(&mut self) {
        if let Some(step) = self.steps.get_mut(self.last) {
            step.p99 = self.times.quantile(0.99);
        }
        self.times.clear();
    }

    pub(super) fn read(&mut self) -> Series {
        self.close();
        let rate = |name: &str, of: fn(&Step) -> u32| Column {
            name: name.to_owned(),
            unit: "/s".to_owned(),
            values: self
                .steps
                .iter()
                .map(|step| Some(f64::from(of(step)) * STEPS_PER_SECOND))
                .collect(),
        };
        let p99 = Column {
            name: "p99".to_owned(),
            unit: "ms".to_owned(),
            values: self.steps.iter().map(|step| step.p99).collect(),
        };
        Series {
            step_ms: 1_000.0 / STEPS_PER_SECOND,
            columns: vec![
                rate("offered", |step| step.offered),
                rate("good", |step| step.good),
                rate("late", |step| step.late),
                rate("rejected", |step| step.rejected),
                rate("failed", |step| step.failed),
                p99,
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_step_shows_what_came_and_what_ended_in_it() {
        let mut strip = Strip::new(Window {
            from: 1_000 * MS,
            until: 1_250 * MS,
            slo: MS,
        })
        .unwrap();
        strip.concluded(999 * MS, Verdict::Failed, 0);
        strip.offered(1_000 * MS);
        strip.concluded(1_050 * MS, Verdict::Good, 50 * MS);
        strip.offered(1_150 * MS);
        strip.offered(1_199 * MS);
        strip.concluded(1_240 * MS, Verdict::Rejected, MS);
        strip.concluded(1_900 * MS, Verdict::Good, MS);
        let series = strip.read();
        let values = |name| series.column(name).unwrap().values.clone();
        assert_eq!(values("offered"), [Some(10.0), Some(20.0), Some(0.0)]);
        assert_eq!(values("good"), [Some(10.0), Some(0.0), Some(0.0)]);
        assert_eq!(values("rejected"), [Some(0.0), Some(0.0), Some(10.0)]);
        assert_eq!(values("failed"), [Some(0.0); 3]);
        let p99 = values("p99");
        assert!((p99[0].unwrap() - 50.0).abs() < 0.1, "{p99:?}");
        assert_eq!(p99[1..], [None, None]);
    }
}
