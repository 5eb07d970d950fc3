//! The gradient controller with minRTT: now and then it looks how fast the
//! service is with next to no load, and compares.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::in_flight::{Bound, in_flight};
use crate::control::sojourns::Window;
use crate::control::{Adjusts, Controller, Decision, Sample};
use crate::law::whole;

use settings::{
    BUFFER, GRADIENT_MAX, GRADIENT_MIN, LIMIT_MAX, LIMIT_MIN, MIN_RTT_EVENTS, MIN_RTT_EVERY,
    PERIOD, WINDOW, WINDOWS_AT_MIN,
};

/// Bounds events in flight by comparing the median of how long they take with
/// the same at a limit of 3, which it goes down to for 50 events each minute.
///
/// A baseline; it needs nothing at all, and keeps queues short, also when the
/// service gets slower: then within a minute, or as soon as it has been at its
/// least limit for half a second. But it turns away what could well have been
/// served, at any load near capacity, and much while it measures; and with
/// more workers than 3, what it compares with leaves most of them idle.
///
/// The original is told of each event when it ends; here the events of 10 ms
/// are gone through, as their quantiles say, so that windows and measurements
/// end up to 10 ms later. The jitter of the original, by which many servers do
/// not measure at once, is left out.
///
/// Give the stage no `target`, else it gets an expiry that the original has
/// not, and a queue that does not bound it before:
///
/// ```
/// use seda_core::{Graph, MinRtt};
///
/// let mut graph = Graph::new("baseline");
/// let stage = graph.stage("serve").queue(10_000).controller(MinRtt::default());
/// stage.each(|_: u32| Ok(()));
/// ```
///
/// # Sources
///
/// The gradient controller of Envoy's adaptive concurrency filter, and its
/// documentation.
#[derive(Debug)]
pub struct MinRtt {
    limit: f64,
    phase: Phase,
    /// How long half of the events take at most, without load.
    unloaded: Duration,
    window: Window,
    windows_at_min: u32,
    /// Events that had finished at the last sample.
    finished: u64,
    bound: Bound,
}

/// Says what it is about.
#[derive(Debug)]
enum Phase {
    /// To begin.
    Fresh,
    /// Measuring minRTT, once as many events have finished that all which
    /// entered before are done.
    Measuring { from_finished: u64 },
    /// Changing the limit at the end of each window.
    Steering { window: Tick, measured: Tick },
}

impl Default for MinRtt {
    fn default() -> Self {
        Self {
            limit: LIMIT_MIN,
            phase: Phase::Fresh,
            unloaded: Duration::ZERO,
            window: Window::new(),
            windows_at_min: 0,
            finished: 0,
            bound: Bound::default(),
        }
    }
}

impl MinRtt {
    fn measure(&mut self, sample: &Sample) -> Decision {
        self.window.take();
        self.windows_at_min = 0;
        self.phase = Phase::Measuring {
            from_finished: sample.finished.saturating_add(in_flight(sample)),
        };
        self.bound.set(whole(LIMIT_MIN, 1), || {
            format!("to see how long events take without load, for {MIN_RTT_EVENTS} events")
        })
    }

    /// Goes on with the limit that there was before.
    fn measured(&mut self, now: Tick) -> Decision {
        self.unloaded = self.window.take().p50;
        self.phase = Phase::Steering {
            window: now,
            measured: now,
        };
        let unloaded = self.unloaded;
        self.bound.set(whole(self.limit, 1), || {
            format!("without load events take {unloaded:.1?} (p50)")
        })
    }

    fn steer(&mut self) -> Decision {
        let took = self.window.take().p50.max(Duration::from_nanos(1));
        let allowed = self.unloaded.mul_f64(1.0 + BUFFER);
        let gradient = allowed.div_duration_f64(took);
        let limit = self.limit * gradient.clamp(GRADIENT_MIN, GRADIENT_MAX);
        let limit = (limit + limit.sqrt()).floor().clamp(LIMIT_MIN, LIMIT_MAX);
        let stays_at_min = limit.max(self.limit) <= LIMIT_MIN;
        self.windows_at_min = if stays_at_min {
            self.windows_at_min + 1
        } else {
            0
        };
        self.limit = limit;
        self.bound.set(whole(limit, 1), || {
            format!("events take {took:.1?} (p50), and may take {allowed:.1?}")
        })
    }
}

impl Controller for MinRtt {
    fn name(&self) -> &'static str {
        "min rtt"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Admission
    }

    fn period(&self) -> Duration {
        self.bound.period(PERIOD)
    }

    fn wants_sojourns(&self) -> bool {
        true
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        let before = std::mem::replace(&mut self.finished, sample.finished);
        match &mut self.phase {
            Phase::Fresh => self.measure(sample),
            Phase::Measuring { from_finished } if before < *from_finished => Decision::none(),
            Phase::Measuring { .. } => {
                self.window.add(&sample.sojourns);
                if self.window.count() < MIN_RTT_EVENTS {
                    return Decision::none();
                }
                self.measured(now)
            }
            Phase::Steering { window, measured } => {
                let due = now.since(*measured) >= MIN_RTT_EVERY;
                self.window.add(&sample.sojourns);
                if due || self.windows_at_min >= WINDOWS_AT_MIN {
                    return self.measure(sample);
                }
                if now.since(*window) < WINDOW || self.window.count() == 0 {
                    return Decision::none();
                }
                *window = now;
                self.steer()
            }
        }
    }
}
