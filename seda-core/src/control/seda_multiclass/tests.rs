//! SEDA's multiclass controller by itself; in the wind tunnel see `tests/baselines.rs`.

use std::time::Duration;

use super::SedaMulticlass;
use crate::clock::Tick;
use crate::control::{Controller, Decision, Sample};
use crate::law::whole;
use crate::stats::histogram::Times;

const TARGET: Duration = Duration::from_millis(100);

fn at(seconds: u64) -> Tick {
    Tick::ZERO.after(Duration::from_secs(seconds))
}

fn served(p90: u64, class_count: usize) -> Sample {
    Sample {
        sojourns: Times {
            count: 10,
            p90: Duration::from_millis(p90),
            ..Times::default()
        },
        class_count,
        ..Sample::default()
    }
}

fn begun(class_count: usize) -> SedaMulticlass {
    let mut controller = SedaMulticlass::new(TARGET);
    let begun = Sample {
        class_count,
        ..Sample::default()
    };
    controller.update(at(0), &begun);
    controller
}

/// Gives the rates of the first three classes, in hundredths.
fn three(decision: &Decision) -> [u64; 3] {
    let rates = decision.class_rates.unwrap();
    std::array::from_fn(|class| whole(rates[class].events_per_second * 100.0, 0) as u64)
}

#[test]
fn one_class_has_one_bucket() {
    let decision = begun(1).update(at(1), &served(0, 1));
    // Nothing of the target is used up: + 2.0 x (1 - 0.1).
    let rate = decision.rate.unwrap().events_per_second;
    assert!((rate - 101.8).abs() < 1e-9, "{rate}");
    assert_eq!(decision.class_rates, None);
    assert!(
        decision.reason.contains("100.00 -> 101.80 events/s"),
        "{}",
        decision.reason
    );
}

#[test]
fn less_urgent_classes_are_cut_to_a_tenth_first() {
    // 0.3 x 400 ms = 120 ms.
    let decision = begun(3).update(at(1), &served(400, 3));
    assert_eq!(three(&decision), [8_333, 1_000, 1_000]);
    assert_eq!(decision.rate, None);
}

#[test]
fn a_class_that_was_cut_misses_its_next_rise() {
    let mut controller = begun(3);
    controller.update(at(1), &served(400, 3));
    // It takes three windows until the smoothed percentile is below half.
    let decisions = (2..6).map(|second| controller.update(at(second), &served(0, 3)));
    let rises: Vec<_> = decisions.filter(|d| *d != Decision::none()).collect();
    assert!(three(&rises[0])[0] > 8_334, "{rises:?}");
    assert_eq!(three(&rises[0])[1..], [1_000, 1_000]);
    assert!(three(&rises[1])[2] > 1_000, "{rises:?}");
}

#[test]
fn between_half_of_the_target_and_the_target_nothing_changes() {
    // 0.3 x 250 ms = 75 ms.
    assert_eq!(begun(1).update(at(1), &served(250, 1)), Decision::none());
}
