//! SEDA's direct admission controller, as a baseline.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::ninetieth::Ninetieth;
use crate::control::{Adjusts, Controller, Decision, Sample};

use settings::{
    DECREASE, DEPTH, EVENTS, HIGH, INCREASE, LOW, PAST, RATE_FIRST, RATE_MAX, RATE_MIN, TIME,
};

/// Bounds the rate at which events enter: a little more while the 90th
/// percentile of response times is below 0.9 of the target, half as much when
/// it is above 1.2 of it.
///
/// It needs a target for that percentile. With its constants of 2002 it was
/// good for a stage of some tens of events per second; it begins at 10 and
/// adds half an event per second with each window of 100 events or 1 s, so
/// that at today's rates it turns nearly everything away for many minutes,
/// under load or not (architecture.md §7, defect 10).
///
/// The original looked after each batch, and decided when it had seen 100
/// events or a second was over; here the windows are timed so that they hold
/// about as many. Mended: a rate above 1,000 a second is what it says (defect
/// 1), and a window without events decides nothing (defect 6).
///
/// ```
/// use seda_core::{Graph, SedaDirect};
/// use std::time::Duration;
///
/// let mut graph = Graph::new("a baseline");
/// graph
///     .stage("serve")
///     .controller(SedaDirect::new(Duration::from_millis(25)))
///     .each(|_request: u32| Ok(()));
/// ```
///
/// Source: Welsh and Culler, "Adaptive overload control for busy internet
/// servers" (USITS 2003) describes the family; the Sandstorm release has it.
#[derive(Debug)]
pub struct SedaDirect {
    target: Duration,
    ninetieth: Ninetieth,
    /// Events per second; none before the first sample.
    rate: Option<f64>,
}

impl SedaDirect {
    /// Makes a controller that wants nine of ten events done within `target`.
    pub fn new(target: Duration) -> Self {
        Self {
            target,
            ninetieth: Ninetieth::new(PAST, EVENTS, TIME),
            rate: None,
        }
    }

    fn adjusted(&self, p90: Duration, old: f64) -> Option<(f64, String)> {
        let target = self.target;
        if p90 < target.mul_f64(LOW) {
            let why = format!("p90 {p90:.1?} is below {LOW} x target of {target:?}");
            return Some(((old + INCREASE).min(RATE_MAX), why));
        }
        if p90 > target.mul_f64(HIGH) {
            let why = format!("p90 {p90:.1?} is above {HIGH} x target of {target:?}");
            return Some(((old / DECREASE).max(RATE_MIN), why));
        }
        None
    }

    fn set(&mut self, new: f64, reason: String) -> Decision {
        self.rate = Some(new);
        Decision::of_rate(new, DEPTH, reason)
    }
}

impl Controller for SedaDirect {
    fn name(&self) -> &'static str {
        "seda direct"
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
        let adjusted = reading.and_then(|reading| self.adjusted(reading.p90, old));
        match adjusted {
            Some((new, why)) if (new - old).abs() > f64::EPSILON => {
                self.set(new, format!("{why}: {old:.2} -> {new:.2} events/s"))
            }
            _ => Decision::none(),
        }
    }
}
