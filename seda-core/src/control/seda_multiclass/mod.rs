//! SEDA's multiclass admission controller, as a baseline.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::ninetieth::Ninetieth;
use crate::control::{Adjusts, Controller, Decision, Sample};
use crate::dials::bucket::Rate;
use crate::meta::Class;

use settings::{
    DECREASE, DECREASE_LESS_URGENT, DEPTH, EVENTS, HIGH, INCREASE, LOW, LOW_WATER, PAST,
    RATE_FIRST, RATE_MAX, RATE_MIN, TIME,
};

/// Bounds the rate at which events of each class enter: when the 90th
/// percentile of response times is above the target, less urgent classes are
/// cut to a tenth, and the most urgent one by a sixth; when it is below half of
/// the target, each rises by up to two events per second.
///
/// It needs a target for that percentile. It follows slowly: with its
/// constants of 2003 a stage that could do 2,000 events per second gets some
/// hundreds after a minute, under load or not (architecture.md §7, defect 10).
///
/// Carried over: the original measured each class for itself against a target
/// of its own, and decided when a class had seen 100 events or a second was
/// over. Here all classes of a stage have one percentile and one target, the
/// windows are timed so that they hold about 100 events, and only the most
/// urgent class cuts others. A class that was cut misses its next rise, as in
/// the original. Mended as in [`SedaDirect`](crate::SedaDirect), whose example
/// holds for this one too.
///
/// Source: Welsh and Culler, "Adaptive overload control for busy internet
/// servers" (USITS 2003), and the Sandstorm release.
#[derive(Debug)]
pub struct SedaMulticlass {
    target: Duration,
    ninetieth: Ninetieth,
    lines: [Line; Class::COUNT_MAX],
    begun: bool,
}

/// Is what one class may have.
#[derive(Clone, Copy, Debug)]
struct Line {
    events_per_second: f64,
    /// A more urgent class has cut it since its last rise.
    cut: bool,
}

impl Line {
    fn cut_by(&mut self, divisor: f64) {
        self.events_per_second = (self.events_per_second / divisor).max(RATE_MIN);
    }
}

impl SedaMulticlass {
    /// Makes a controller that wants nine of ten events done within `target`.
    pub fn new(target: Duration) -> Self {
        let line = Line {
            events_per_second: RATE_FIRST,
            cut: false,
        };
        Self {
            target,
            ninetieth: Ninetieth::new(PAST, EVENTS, TIME),
            lines: [line; Class::COUNT_MAX],
            begun: false,
        }
    }

    fn cut(&mut self) {
        let [first, others @ ..] = &mut self.lines;
        for line in others {
            line.cut = true;
            line.cut_by(DECREASE_LESS_URGENT);
        }
        first.cut_by(DECREASE);
    }

    fn raise(&mut self, by: f64) {
        for line in &mut self.lines {
            if !std::mem::take(&mut line.cut) {
                line.events_per_second = (line.events_per_second + by).min(RATE_MAX);
            }
        }
    }

    fn rates(&self) -> [f64; Class::COUNT_MAX] {
        self.lines.map(|line| line.events_per_second)
    }

    fn decision(&self, classes: usize, reason: String) -> Decision {
        let rates = self.rates().map(|events_per_second| Rate {
            events_per_second,
            burst: DEPTH,
        });
        let [first, ..] = rates;
        Decision {
            rate: (classes <= 1).then_some(first),
            class_rates: (classes > 1).then_some(rates),
            reason,
            ..Decision::none()
        }
    }

    /// Adjusts all rates; says why, if there was cause.
    fn adjust(&mut self, p90: Duration) -> Option<String> {
        let target = self.target;
        let error = p90.div_duration_f64(target) - 1.0;
        if error > HIGH {
            self.cut();
            return Some(format!("p90 {p90:.1?} is above the target of {target:?}"));
        }
        if error < LOW {
            self.raise(INCREASE * (LOW_WATER - error));
            return Some(format!(
                "p90 {p90:.1?} is below half of the target of {target:?}"
            ));
        }
        None
    }
}

impl Controller for SedaMulticlass {
    fn name(&self) -> &'static str {
        "seda multiclass"
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
        let classes = sample.class_count.clamp(1, Class::COUNT_MAX);
        if !std::mem::replace(&mut self.begun, true) {
            let reason = format!("each class begins at {RATE_FIRST} events/s");
            return self.decision(classes, reason);
        }
        let old = self.rates();
        let Some(why) = reading.and_then(|reading| self.adjust(reading.p90)) else {
            return Decision::none();
        };
        let new = self.rates();
        let moved = |(old, new): (&f64, &f64)| (new - old).abs() > f64::EPSILON;
        if !old.iter().zip(&new).take(classes).any(moved) {
            return Decision::none();
        }
        let listed = |rates: [f64; Class::COUNT_MAX]| {
            let rates = rates.iter().take(classes);
            rates
                .map(|rate| format!("{rate:.2}"))
                .collect::<Vec<_>>()
                .join(" + ")
        };
        let reason = format!("{why}: {} -> {} events/s", listed(old), listed(new));
        self.decision(classes, reason)
    }
}
