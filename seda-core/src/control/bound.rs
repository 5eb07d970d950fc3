//! The static bound in time: a queue holds no more than its budget can drain.

use std::time::Duration;

use crate::clock::Tick;
use crate::control::{Controller, Decision, Sample};

/// The weight of a new measurement of the drain rate (load-conditioning.md §2).
const WEIGHT: f64 = 0.3;
/// Fewer events than this say nothing about the rate.
const EVENTS_MIN: u64 = 32;

/// Narrows a queue to budget × measured drain rate (contract 1). It starts
/// with the whole capacity, and never goes below one event per thread.
#[derive(Debug, Default)]
pub struct TimeBound {
    before: Option<Sample>,
    events_per_second: Option<f64>,
    limit: Option<usize>,
}

impl Controller for TimeBound {
    fn period(&self) -> Duration {
        Duration::from_millis(10)
    }

    fn update(&mut self, _now: Tick, sample: &Sample) -> Decision {
        let Some(target) = sample.target else {
            return Decision::none();
        };
        let before = *self.before.get_or_insert(*sample);
        let events = sample.served.saturating_sub(before.served);
        let busy = sample.busy.saturating_sub(before.busy);
        if events < EVENTS_MIN || busy.is_zero() {
            return Decision::none();
        }
        self.before = Some(*sample);
        let rate = drain_rate(events, busy, sample.threads);
        let smoothed = self
            .events_per_second
            .map_or(rate, |old| old + WEIGHT * (rate - old));
        self.events_per_second = Some(smoothed);
        let limit = events_in(target, smoothed).max(sample.threads).max(1);
        if self.limit == Some(limit) && sample.limit <= limit {
            return Decision::none();
        }
        self.limit = Some(limit);
        Decision {
            limit: Some(limit),
            reason: format!(
                "at {smoothed:.0} events/s, {limit} events are what {target:?} can drain"
            ),
            ..Decision::none()
        }
    }
}

/// Gives the events per second that `threads` finish when all are busy.
#[allow(
    clippy::cast_precision_loss,
    reason = "a rate needs no more than 52 bits"
)]
fn drain_rate(events: u64, busy: Duration, threads: usize) -> f64 {
    threads.max(1) as f64 * events as f64 / busy.as_secs_f64()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float saturates when it is cast to an integer"
)]
fn events_in(time: Duration, events_per_second: f64) -> usize {
    (time.as_secs_f64() * events_per_second) as usize
}

#[cfg(test)]
mod tests {
    use super::TimeBound;
    use crate::clock::Tick;
    use crate::control::{Controller, Sample};
    use std::time::Duration;

    fn sample(served: u64, busy: Duration) -> Sample {
        Sample {
            served,
            busy,
            threads: 2,
            target: Some(Duration::from_millis(25)),
            ..Sample::default()
        }
    }

    #[test]
    fn the_bound_is_what_the_budget_can_drain() {
        let mut bound = TimeBound::default();
        assert_eq!(
            bound.update(Tick::ZERO, &sample(0, Duration::ZERO)).limit,
            None
        );
        // Two threads, 1 ms each: 2,000 events/s, so 50 in 25 ms.
        let decision = bound.update(Tick::ZERO, &sample(100, Duration::from_millis(100)));
        assert_eq!(decision.limit, Some(50));
        assert!(
            decision.reason.contains("2000 events/s"),
            "{}",
            decision.reason
        );
    }

    #[test]
    fn a_slower_service_narrows_it_and_too_few_events_change_nothing() {
        let mut bound = TimeBound::default();
        bound.update(Tick::ZERO, &sample(0, Duration::ZERO));
        bound.update(Tick::ZERO, &sample(100, Duration::from_millis(100)));
        let few = bound.update(Tick::ZERO, &sample(110, Duration::from_millis(200)));
        assert_eq!(few.limit, None);
        let slow = bound.update(Tick::ZERO, &sample(200, Duration::from_millis(500)));
        assert_eq!(slow.limit, Some(38));
    }

    #[test]
    fn without_a_target_nothing_is_decided() {
        let mut bound = TimeBound::default();
        let none = Sample {
            target: None,
            ..sample(1_000, Duration::from_secs(1))
        };
        assert_eq!(bound.update(Tick::ZERO, &none), super::Decision::none());
    }
}
