//! Adaptive LIFO by itself; in the wind tunnel see `tests/baselines.rs`, and
//! for the order of serving `queue/tests.rs`.

use std::time::Duration;

use super::AdaptiveLifo;
use crate::clock::Tick;
use crate::control::{Controller, Sample};
use crate::dials::Order;

fn at(millis: u64) -> Tick {
    Tick::ZERO.after(Duration::from_millis(millis))
}

#[test]
fn the_newest_is_first_once_a_queue_has_formed_and_waits_are_short_once_it_stands() {
    let mut controller = AdaptiveLifo::default();
    let mut decide = |now: u64, queued, empty_at| {
        let sample = Sample {
            queued,
            empty_at: at(empty_at),
            ..Sample::default()
        };
        let decision = controller.update(at(now), &sample);
        (
            decision.order,
            decision.wait_max.map(|bound| bound.as_millis()),
        )
    };
    assert_eq!(decide(5, 0, 0), (Some(Order::OldestFirst), Some(100)));
    assert_eq!(decide(10, 9, 6), (None, None));
    assert_eq!(decide(15, 9, 6), (Some(Order::NewestFirst), Some(100)));
    assert_eq!(decide(100, 9, 6), (None, None));
    assert_eq!(decide(110, 9, 6), (Some(Order::NewestFirst), Some(5)));
    assert_eq!(decide(115, 1, 112), (Some(Order::OldestFirst), Some(100)));
}

#[test]
fn a_decision_says_why() {
    let mut controller = AdaptiveLifo::default();
    let queued = Sample {
        queued: 9,
        ..Sample::default()
    };
    let reason = controller.update(at(20), &queued).reason;
    assert_eq!(
        reason,
        "it was not empty for 20ms: the newest first, none after 100ms"
    );
}
