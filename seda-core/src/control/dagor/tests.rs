//! DAGOR by itself; in the wind tunnel see `tests/baselines.rs`.

use std::time::Duration;

use super::Dagor;
use crate::clock::Tick;
use crate::control::{ClassSample, Controller, Decision, Sample};
use crate::dials::level::AdmissionLevel;
use crate::meta::Class;
use crate::stats::histogram::Times;

fn at(seconds: u64) -> Tick {
    Tick::ZERO.after(Duration::from_secs(seconds))
}

/// Is a stage after some seconds, in each of which 1,000 events arrived, as
/// many of each class, and waited for so long; each took 1 ms.
fn after(seconds: u64, queueing: u64, class_count: usize) -> Sample {
    let offered = 1_000 * seconds / class_count as u64;
    let mut sample = Sample {
        accepted: 600 * seconds,
        rejected: 400 * seconds,
        batches: 600 * seconds,
        busy: Duration::from_millis(600 * seconds),
        queued: 1,
        sojourns: Times {
            count: 600 * seconds.min(1),
            mean: Duration::from_millis(queueing + 1),
            ..Times::default()
        },
        class_count,
        ..Sample::default()
    };
    for class in &mut sample.classes[..class_count] {
        *class = ClassSample {
            offered,
            ..ClassSample::default()
        };
    }
    sample
}

/// Gives what follows from seconds with these queueing times, in ms.
fn decisions(class_count: usize, queueing: &[u64]) -> Vec<Decision> {
    let mut controller = Dagor::default();
    let seconds = (0..).zip(std::iter::once(&0).chain(queueing));
    let decide =
        |(n, queueing): (u64, &u64)| controller.update(at(n), &after(n, *queueing, class_count));
    seconds.map(decide).collect()
}

fn levels(class_count: usize, queueing: &[u64]) -> Vec<(u8, u8)> {
    let levels = decisions(class_count, queueing);
    let levels = levels.into_iter().filter_map(|decision| decision.level);
    levels
        .map(
            |AdmissionLevel {
                 class: Class(class),
                 users,
             }| (class, users),
        )
        .collect()
}

#[test]
fn without_overload_nothing_is_decided() {
    assert!(levels(1, &[0, 19, 20]).is_empty());
}

#[test]
fn overload_takes_a_twentieth_of_the_admitted() {
    // 0.95 x 128 = 121.6, and 0.95 x 121 = 114.95.
    assert_eq!(levels(1, &[21, 21]), [(0, 121), (0, 114)]);
}

#[test]
fn calm_gives_a_hundredth_of_the_arrivals_until_all_enter() {
    // Each gives 1.28 levels.
    let levels = levels(1, &[21, 5, 5, 5, 5, 5, 5, 5, 5]);
    let expected = [121, 122, 123, 124, 125, 126, 127, 128];
    assert_eq!(levels, expected.map(|users| (0, users)));
}

#[test]
fn the_least_urgent_class_is_shed_first() {
    let levels = levels(3, &[30; 12]);
    assert_eq!(levels[0], (2, 108));
    assert!(
        levels.is_sorted_by(|before, after| before > after),
        "{levels:?}"
    );
    assert!(levels.last().unwrap().0 < 2, "{levels:?}");
}

#[test]
fn a_stage_in_which_everything_still_waits_is_overloaded() {
    let mut controller = Dagor::default();
    controller.update(at(0), &after(0, 0, 1));
    let mut stuck = after(1, 0, 1);
    stuck.sojourns = Times::default();
    assert!(controller.update(at(1), &stuck).level.is_some());
}

#[test]
fn a_decision_says_why() {
    let reason = &decisions(1, &[30])[1].reason;
    assert_eq!(
        reason,
        "mean queueing time 30.0ms is above 20ms: 950 of 1000 arrivals wanted, 128 -> 121 of 128 levels"
    );
}
