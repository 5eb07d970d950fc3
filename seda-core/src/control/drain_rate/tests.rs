//! The drain-rate prediction by itself; in the wind tunnel see `tests/conditioning.rs`.

use std::time::Duration;

use super::DrainRate;
use crate::clock::Tick;
use crate::control::{ClassSample, Controller, Decision, Sample};

fn sample(served: u64, busy: Duration) -> Sample {
    Sample {
        served,
        busy,
        threads: 2,
        limit: 1_000,
        target: Some(Duration::from_millis(25)),
        class_count: 1,
        ..Sample::default()
    }
}

fn at(millis: u64) -> Tick {
    Tick::ZERO.after(Duration::from_millis(millis))
}

#[test]
fn the_bound_is_what_the_budget_can_drain() {
    let mut controller = DrainRate::default();
    let first = controller.update(at(0), &sample(0, Duration::ZERO));
    assert_eq!(first, Decision::none());
    // Two threads, 1 ms each: 2,000 events/s, so 40 in 20 ms, 2 of them in hand.
    let decision = controller.update(at(10), &sample(100, Duration::from_millis(100)));
    assert_eq!(decision.limit, Some(38));
    assert_eq!(decision.drain.map(|drain| drain[0].round()), Some(2_000.0));
    let reason = decision.reason;
    assert!(reason.contains("2000 events/s"), "{reason}");
}

#[test]
fn what_is_seen_while_events_wait_counts_more_than_what_could_be() {
    let mut controller = DrainRate::default();
    let waiting = |served, busy| Sample {
        queued: 10,
        ..sample(served, busy)
    };
    controller.update(at(1), &waiting(0, Duration::ZERO));
    // The workers had other stages to run half of the time.
    let decision = controller.update(at(101), &waiting(100, Duration::from_millis(100)));
    assert_eq!(decision.limit, Some(18));
}

#[test]
fn few_events_are_waited_for_but_not_for_ever() {
    let mut controller = DrainRate::default();
    controller.update(at(0), &sample(0, Duration::ZERO));
    let few = sample(10, Duration::from_millis(10));
    assert_eq!(controller.update(at(10), &few), Decision::none());
    assert_eq!(controller.update(at(100), &few).limit, Some(38));
}

#[test]
fn a_class_gets_what_more_urgent_ones_leave() {
    let mut controller = DrainRate::default();
    let classed = |served: u64, busy| {
        let mut sample = sample(served, busy);
        sample.class_count = 2;
        sample.classes[0] = ClassSample {
            queued: 0,
            accepted: served / 2,
            ..ClassSample::default()
        };
        sample
    };
    controller.update(at(0), &classed(0, Duration::ZERO));
    let decision = controller.update(at(100), &classed(200, Duration::from_millis(200)));
    let drain = decision.drain.unwrap();
    assert_eq!((drain[0].round(), drain[1].round()), (2_000.0, 1_000.0));
    assert_eq!(decision.limit, None, "classes share the queue's capacity");
}

#[test]
fn what_is_left_for_a_class_is_news_though_the_rate_is_the_same() {
    let mut controller = DrainRate::default();
    let mut accepted = 0;
    let mut after = |n: u64, entered: u64| {
        accepted += entered;
        let mut sample = sample(200 * n, Duration::from_millis(200 * n));
        sample.class_count = 2;
        sample.classes[0].accepted = accepted;
        controller.update(at(100 * n), &sample).drain
    };
    assert_eq!(after(0, 0), None);
    let [all, second, ..] = after(1, 0).unwrap();
    assert_eq!((all.round(), second.round()), (2_000.0, 2_000.0));
    assert_eq!(after(2, 0), None);
    let [all, second, ..] = after(3, 100).unwrap();
    // 1,000/s entered, of which an average takes 0.3 in at once.
    assert_eq!((all.round(), second.round()), (2_000.0, 1_700.0));
}

#[test]
fn a_weighted_class_gets_its_share_and_the_whole_rate_is_told_beside() {
    let mut controller = DrainRate::default();
    let mut before = sample(0, Duration::ZERO);
    before.class_count = 2;
    (before.classes[0].weight, before.classes[1].weight) = (Some(3), Some(1));
    controller.update(at(0), &before);
    let mut after = before;
    (after.served, after.busy) = (200, Duration::from_millis(200));
    (after.classes[0].accepted, after.classes[1].accepted) = (200, 200);
    let decision = controller.update(at(100), &after);
    let drain = decision.drain.unwrap();
    assert_eq!((drain[0].round(), drain[1].round()), (1_500.0, 500.0));
    assert_eq!(decision.throughput.map(f64::round), Some(2_000.0));
}

#[test]
fn without_a_target_nothing_is_decided() {
    let mut controller = DrainRate::default();
    let none = Sample {
        target: None,
        ..sample(1_000, Duration::from_secs(1))
    };
    assert_eq!(controller.update(at(10), &none), Decision::none());
}
