//! SEDA's PID controller by itself; in the wind tunnel see `tests/baselines.rs`.

use std::time::Duration;

use super::SedaPid;
use crate::clock::Tick;
use crate::control::{Controller, Sample};
use crate::stats::histogram::Times;

const TARGET: Duration = Duration::from_millis(100);

/// Gives the rates that follow from windows of a second with these
/// percentiles, in ms; the first is what it begins with.
fn rates(millis: &[u64]) -> Vec<f64> {
    let mut controller = SedaPid::new(TARGET);
    let windows = (0_u32..).zip(std::iter::once(&0).chain(millis));
    let rate = |(second, p90): (u32, &u64)| {
        let sample = Sample {
            sojourns: Times {
                count: u64::from(second.min(1)),
                p90: Duration::from_millis(*p90),
                ..Times::default()
            },
            ..Sample::default()
        };
        let now = Tick::ZERO.after(Duration::from_secs(1) * second);
        controller.update(now, &sample).rate
    };
    let rates = windows.filter_map(rate);
    rates.map(|rate| rate.events_per_second).collect()
}

fn assert_near(rates: &[f64], expected: &[f64]) {
    let near = |(rate, expected): (&f64, &f64)| (rate - expected).abs() < 1e-9;
    let same = rates.len() == expected.len() && rates.iter().zip(expected).all(near);
    assert!(same, "{rates:?}, not {expected:?}");
}

#[test]
fn the_law_adds_error_slope_and_area() {
    // Error 1, slope 1, area 1/2; then error 1, slope 0, area 3/2.
    let first = 10.0 + 1.0 - 0.5 + 0.002 * 0.5;
    assert_near(&rates(&[0, 0]), &[10.0, first, first + 1.0 + 0.002 * 1.5]);
}

#[test]
fn late_events_bring_the_rate_down_to_its_least() {
    let rates = rates(&[10_000; 20]);
    let last = rates.last().unwrap();
    assert!((last - 0.05).abs() < 1e-9, "{rates:?}");
}

#[test]
fn a_window_without_events_decides_nothing() {
    let mut controller = SedaPid::new(TARGET);
    let decide = |controller: &mut SedaPid| controller.update(Tick::ZERO, &Sample::default());
    assert!(decide(&mut controller).rate.is_some());
    assert_eq!(decide(&mut controller).rate, None);
}
