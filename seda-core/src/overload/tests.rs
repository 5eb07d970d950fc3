//! What the policy makes of readings, tick by tick.

use crate::overload::monitors::{Concern, Load, Reading};
use crate::overload::policy::Policy;
use crate::overload::pressure::OverloadAction;
use crate::overload::{OverloadManager, monitors};

fn reading(concern: Concern, pressure: f64) -> Reading {
    Reading {
        monitor: "test",
        concern,
        pressure,
        words: format!("{pressure} of 1"),
    }
}

#[test]
fn the_level_rises_by_half_of_the_way_and_falls_by_an_eighth() {
    let mut policy = Policy::default();
    let table = [
        (0.5, 0),
        (0.95, 128),
        (1.0, 191),
        (1.0, 223),
        (0.725, 211),
        (0.0, 185),
        (0.0, 162),
    ];
    for (tick, (pressure, level)) in table.into_iter().enumerate() {
        policy.update(&[reading(Concern::Time, pressure)]);
        assert_eq!(policy.level(), level, "tick {tick}");
    }
    let ticks = (0..200).take_while(|_| {
        policy.update(&[]);
        policy.level() > 0
    });
    let ticks = ticks.count();
    assert!((30..60).contains(&ticks), "{ticks}");
}

#[test]
fn each_action_begins_at_its_threshold_and_ends_at_a_lower_one() {
    use OverloadAction::{CloseAccept, EndKeepAlive, ShedClasses, ShrinkTimeouts};
    let mut policy = Policy::default();
    let table: [(f64, &[OverloadAction]); 9] = [
        (0.79, &[]),
        (0.80, &[ShrinkTimeouts]),
        (0.86, &[ShrinkTimeouts, EndKeepAlive]),
        (
            0.96,
            &[ShrinkTimeouts, EndKeepAlive, ShedClasses, CloseAccept],
        ),
        (
            0.86,
            &[ShrinkTimeouts, EndKeepAlive, ShedClasses, CloseAccept],
        ),
        (0.85, &[ShrinkTimeouts, EndKeepAlive, ShedClasses]),
        (0.76, &[ShrinkTimeouts, EndKeepAlive, ShedClasses]),
        (0.72, &[ShrinkTimeouts]),
        (0.70, &[]),
    ];
    for (pressure, wanted) in table {
        let before = policy.active().len();
        let changes = policy.update(&[reading(Concern::Supply, pressure)]);
        let mut active = policy.active().to_vec();
        active.sort_unstable();
        assert_eq!(active, wanted, "at {pressure}: {changes:?}");
        let told = changes
            .iter()
            .filter(|change| !change.starts_with("handlers"));
        assert_eq!(told.count(), before.abs_diff(active.len()), "{changes:?}");
    }
}

#[test]
fn want_of_time_closes_no_door() {
    let mut policy = Policy::default();
    let changes = policy.update(&[reading(Concern::Time, 1.0), reading(Concern::Supply, 0.1)]);
    assert_eq!(policy.active(), [OverloadAction::ShedClasses]);
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert!(
        changes.iter().all(|change| change.contains("1 of 1")),
        "{changes:?}"
    );
}

#[test]
fn a_process_is_read_against_its_bounds() {
    let mut manager = OverloadManager::default()
        .memory_max(1)
        .in_flight_max(8)
        .monitors();
    let load = Load {
        in_flight: 2,
        slowest: None,
    };
    let readings: Vec<Reading> = manager.iter_mut().filter_map(|it| it.read(&load)).collect();
    let of = |name| readings.iter().find(|it| it.monitor == name).unwrap();
    assert!((of("in-flight").pressure - 0.25).abs() < 1e-9);
    assert!((of("memory").pressure - 1.0).abs() < 1e-9, "{readings:?}");
    let descriptors = of("descriptors").pressure;
    assert!(descriptors > 0.0 && descriptors < 1.0, "{readings:?}");
    assert!(monitors::memory_of_machine().unwrap() > 1 << 20);
    assert!(
        OverloadManager::default()
            .without_process()
            .monitors()
            .len()
            < manager.len()
    );
}
