//! Gradient2 by itself, and in the wind tunnel.

use std::time::Duration;

use super::Gradient2;
use crate::clock::Tick;
use crate::control::{Controller, Decision, Sample};
use crate::simulator::{Arrivals, Service, Tunnel};
use crate::stats::histogram::Times;

const SEED: u64 = 42;

/// Is a window in which events took so many milliseconds, and so many were in flight.
fn window(millis: u64, in_flight: u64) -> Sample {
    Sample {
        queued: in_flight,
        sojourns: Times {
            count: 100,
            mean: Duration::from_millis(millis),
            ..Times::default()
        },
        ..Sample::default()
    }
}

/// Ends the `n`th window.
fn end(gradient: &mut Gradient2, n: u64, sample: &Sample) -> Decision {
    gradient.update(Tick::ZERO.after(Duration::from_millis(100 * n)), sample)
}

/// Makes one for which 10 ms is usual, and the limit 28.
fn warm() -> Gradient2 {
    let mut gradient = Gradient2::default();
    let first = gradient.update(Tick::ZERO, &Sample::default());
    assert_eq!(first.in_flight, Some(20));
    let limits = (1..=10).map(|n| end(&mut gradient, n, &window(10, 20)).in_flight);
    // 0.8 more each time: 0.2 of 4.
    let limits: Vec<_> = limits.flatten().collect();
    assert_eq!(limits, [21, 22, 23, 24, 25, 26, 27, 28]);
    gradient
}

#[test]
fn the_limit_rises_while_events_take_half_as_long_again_at_most() {
    let mut gradient = warm();
    assert_eq!(end(&mut gradient, 11, &window(15, 20)), Decision::none());
    let decision = end(&mut gradient, 12, &window(15, 20));
    assert_eq!(decision.in_flight, Some(29));
    let reason = decision.reason;
    assert_eq!(
        reason,
        "events take 15.0ms, and usually 10.0ms: limit 28 -> 29"
    );
}

#[test]
fn it_falls_by_a_tenth_at_most_and_never_below_twenty() {
    let mut gradient = warm();
    let mut falls = (11..30).map(|n| end(&mut gradient, n, &window(100, 20)).in_flight);
    // 0.8 of 28, and 0.2 of half of it and 4.
    assert_eq!(falls.next(), Some(Some(26)));
    let limits: Vec<_> = falls.flatten().collect();
    assert_eq!(limits.last(), Some(&20));
}

#[test]
fn a_limit_that_is_not_felt_stays() {
    assert_eq!(end(&mut warm(), 11, &window(10, 13)), Decision::none());
    assert_eq!(end(&mut warm(), 11, &window(100, 13)), Decision::none());
}

#[test]
fn what_is_usual_falls_fast_once_load_has_gone() {
    let mut gradient = warm();
    for n in 11..25 {
        end(&mut gradient, n, &window(1, 0));
    }
    // The average alone would be at 9.6 ms.
    assert!(gradient.usual < 0.005, "{}", gradient.usual);
}

#[test]
fn under_overload_the_long_queue_becomes_usual() {
    let (ms, secs) = (Duration::from_millis, Duration::from_secs);
    let tunnel = Tunnel::new(2, Service::exponential(ms(1)), ms(25), SEED);
    let tunnel = tunnel.arrival_cost(Duration::from_micros(20));
    let tunnel = tunnel.time(secs(4), secs(2));
    let load = Arrivals::poisson(1.2 * tunnel.capacity());
    let flight = tunnel
        .fly(load, |stage| {
            stage.queue(10_000_000).controller(Gradient2::default())
        })
        .unwrap();
    // Table: .917, 29 ms.
    let (goodput, p99) = (flight.goodput(), flight.all.latency.p99);
    assert!((0.75..1.0).contains(&goodput), "{goodput}");
    assert!((ms(19)..ms(36)).contains(&p99), "{p99:?}");
}
