//! SEDA's direct controller by itself; in the wind tunnel see `tests/baselines.rs`.

use std::time::Duration;

use super::SedaDirect;
use crate::clock::Tick;
use crate::control::{Controller, Decision, Sample};
use crate::stats::histogram::Times;

const TARGET: Duration = Duration::from_millis(100);

fn at(seconds: u64) -> Tick {
    Tick::ZERO.after(Duration::from_secs(seconds))
}

fn served(count: u64, p90: Duration) -> Sample {
    Sample {
        sojourns: Times {
            count,
            p90,
            ..Times::default()
        },
        ..Sample::default()
    }
}

/// Gives the rates that follow from windows with these percentiles, in ms.
fn rates(millis: &[u64]) -> Vec<f64> {
    let mut controller = SedaDirect::new(TARGET);
    controller.update(at(0), &Sample::default());
    let windows = (1..).zip(millis);
    let rate = |(second, p90): (u64, &u64)| {
        let sample = served(10, Duration::from_millis(*p90));
        let decision = controller.update(at(second), &sample);
        decision.rate.map(|rate| rate.events_per_second)
    };
    windows.filter_map(rate).collect()
}

#[test]
fn it_begins_at_ten_events_a_second_and_bursts_of_ten() {
    let mut controller = SedaDirect::new(TARGET);
    let rate = controller.update(at(0), &Sample::default()).rate.unwrap();
    assert_eq!((rate.events_per_second, rate.burst), (10.0, 10.0));
}

#[test]
fn below_the_target_it_adds_half_an_event_a_second() {
    assert_eq!(rates(&[10, 10]), [10.5, 11.0]);
}

#[test]
fn above_the_target_it_halves_once_the_smoothed_percentile_is_there() {
    // 0.3 x 1,000 ms = 300 ms, then 0.7 x 300 + 0.3 x 1 = 210 ms, and 147 ms.
    assert_eq!(rates(&[1_000, 1, 1]), [5.0, 2.5, 1.25]);
}

#[test]
fn near_the_target_nothing_changes() {
    // 0.3 x 350 ms = 105 ms.
    assert_eq!(rates(&[350]), [0.0; 0]);
}

#[test]
fn a_window_without_events_decides_nothing() {
    let mut controller = SedaDirect::new(TARGET);
    controller.update(at(0), &Sample::default());
    let empty = controller.update(at(1), &served(0, Duration::ZERO));
    assert_eq!(empty, Decision::none());
}

#[test]
fn a_decision_says_why() {
    let mut controller = SedaDirect::new(TARGET);
    controller.update(at(0), &Sample::default());
    let reason = controller.update(at(1), &served(10, TARGET / 10)).reason;
    assert!(
        reason.contains("below 0.9 x target of 100ms: 10.00 -> 10.50 events/s"),
        "{reason}"
    );
}
