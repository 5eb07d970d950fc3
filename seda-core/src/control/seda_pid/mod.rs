//! SEDA's PID admission controller, as a baseline.

mod settings;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Tick;
use crate::control::ninetieth::{Ninetieth, Reading};
use crate::control::{Adjusts, Controller, Decision, Sample};

use settings::{
    DEPTH, DERIVATIVE, EVENTS, INTEGRAL, PAST, PROPORTIONAL, RATE_FIRST, RATE_MAX, RATE_MIN, TIME,
    WINDOWS,
};

/// Bounds the rate at which events enter, and moves the bound by a PID law on
/// how far the 90th percentile of response times is from the target.
///
/// It needs a target for that percentile. Its gains are in events per second:
/// a step is at most about one, up or down, so that it needs many minutes to
/// find a rate of thousands, and as many to come down from one (architecture.md
/// §7, defect 10).
///
/// The original looked after each batch, and decided when it had seen 100
/// events or 5 s were over; here the windows are timed so that they hold about
/// as many. Mended as in [`SedaDirect`](crate::SedaDirect), whose example holds
/// for this one too.
///
/// Source: the Sandstorm release of SEDA.
#[derive(Debug)]
pub struct SedaPid {
    target: Duration,
    ninetieth: Ninetieth,
    /// Parts of the target, positive when there is time to spare.
    error: f64,
    /// The errors of the last windows times their length in seconds.
    areas: VecDeque<f64>,
    rate: Option<f64>,
}

impl SedaPid {
    /// Makes a controller that wants nine of ten events done within `target`.
    pub fn new(target: Duration) -> Self {
        Self {
            target,
            ninetieth: Ninetieth::new(PAST, EVENTS, TIME),
            error: 0.0,
            areas: VecDeque::new(),
            rate: None,
        }
    }

    /// Gives by how many events per second to move, and the error.
    fn step(&mut self, reading: Reading) -> (f64, f64) {
        let seconds = reading.took.as_secs_f64();
        let error = 1.0 - reading.p90.div_duration_f64(self.target);
        let slope = (error - self.error) / seconds.max(f64::MIN_POSITIVE);
        self.areas
            .push_back(f64::midpoint(self.error, error) * seconds);
        if self.areas.len() > WINDOWS {
            self.areas.pop_front();
        }
        self.error = error;
        let area: f64 = self.areas.iter().sum();
        let step = PROPORTIONAL * error + DERIVATIVE * slope + INTEGRAL * area;
        (step, error)
    }

    fn set(&mut self, new: f64, reason: String) -> Decision {
        self.rate = Some(new);
        Decision::of_rate(new, DEPTH, reason)
    }
}

impl Controller for SedaPid {
    fn name(&self) -> &'static str {
        "seda pid"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Admission
    }

    fn period(&self) -> Duration {
        self.ninetieth.period()
    }

    fn wants_sojourns(&self) -> bool {
        true
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        let reading = self.ninetieth.read(now, sample);
        let Some(old) = self.rate else {
            return self.set(RATE_FIRST, format!("it begins at {RATE_FIRST} events/s"));
        };
        let Some(reading) = reading else {
            return Decision::none();
        };
        let (step, error) = self.step(reading);
        let new = (old + step).clamp(RATE_MIN, RATE_MAX);
        if (new - old).abs() <= f64::EPSILON {
            return Decision::none();
        }
        let (p90, target) = (reading.p90, self.target);
        let reason = format!(
            "p90 {p90:.1?} is {:.0} % below the target of {target:?}: {old:.2} -> {new:.2} events/s",
            error * 100.0
        );
        self.set(new, reason)
    }
}
