//! SEDA's queueing-model controller by itself; in the wind tunnel see `tests/baselines.rs`.

use std::time::Duration;

use super::SedaQueueing;
use crate::clock::Tick;
use crate::control::{Controller, Decision, Sample};

fn at(seconds: u64) -> Tick {
    Tick::ZERO.after(Duration::from_secs(seconds))
}

/// A stage with one thread that does 1,000 events a second, after some seconds
/// in which `accepted` came in each.
fn after(seconds: u64, accepted: u64) -> Sample {
    Sample {
        accepted: accepted * seconds,
        served: 100 * seconds,
        batches: 100 * seconds,
        busy: Duration::from_millis(100) * u32::try_from(seconds).unwrap(),
        threads: 1,
        ..Sample::default()
    }
}

fn rates(target: Duration, accepted: u64, seconds: u64) -> Vec<f64> {
    let mut controller = SedaQueueing::new(target);
    let decisions = (0..=seconds).map(|n| controller.update(at(n), &after(n, accepted)));
    let rates = decisions.filter_map(|decision| decision.rate);
    rates.map(|rate| rate.events_per_second).collect()
}

#[test]
fn until_its_first_estimate_everything_enters() {
    let mut controller = SedaQueueing::new(Duration::from_millis(100));
    let first = controller.update(at(0), &after(0, 0));
    assert_eq!(first, Decision::none());
}

#[test]
fn the_rate_goes_to_what_the_model_has() {
    let rates = rates(Duration::from_millis(100), 50, 100);
    // A service rate that rises is followed by a tenth each time.
    assert!((rates[0] - (100.0 - 23.02)).abs() < 0.1, "{rates:?}");
    let last = rates.last().unwrap();
    assert!((last - (1_000.0 - 23.02)).abs() < 1.0, "{last}");
}

#[test]
fn a_target_that_cannot_be_met_leaves_a_tenth() {
    let rates = rates(Duration::from_millis(1), 50, 100);
    let last = rates.last().unwrap();
    assert!((last - 100.0).abs() < 1.0, "{last}");
}

#[test]
fn when_more_comes_in_than_can_be_done_a_tenth_is_let_in() {
    let mut controller = SedaQueueing::new(Duration::from_millis(100));
    controller.update(at(0), &after(0, 0));
    let decision = controller.update(at(1), &after(1, 5_000));
    let rate = decision.rate.unwrap().events_per_second;
    assert!((rate - 10.0).abs() < 0.1, "{rate}");
    assert!(
        decision.reason.starts_with("4500 events/s come in"),
        "{}",
        decision.reason
    );
}
