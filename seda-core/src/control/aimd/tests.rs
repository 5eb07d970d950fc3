//! AIMD by itself, and in the wind tunnel.

use std::time::Duration;

use super::Aimd;
use crate::clock::Tick;
use crate::control::{Controller, Decision, Sample};
use crate::simulator::{Arrivals, Service, Tunnel};
use crate::stats::histogram::Times;

const SEED: u64 = 42;
const TIMEOUT: Duration = Duration::from_millis(25);

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
fn end(aimd: &mut Aimd, n: u64, sample: &Sample) -> Decision {
    aimd.update(Tick::ZERO.after(Duration::from_millis(100 * n)), sample)
}

/// Makes one that has come to a limit of 30.
fn aimd() -> Aimd {
    let mut aimd = Aimd::new(TIMEOUT);
    let first = aimd.update(Tick::ZERO, &Sample::default());
    assert_eq!(first.in_flight, Some(20));
    let limits = (1..=10).map(|n| end(&mut aimd, n, &window(25, 20)).in_flight);
    assert_eq!(limits.last(), Some(Some(30)));
    aimd
}

#[test]
fn one_more_while_in_time_and_a_tenth_less_when_late() {
    let mut aimd = aimd();
    assert_eq!(end(&mut aimd, 11, &window(25, 15)).in_flight, Some(31));
    let decision = end(&mut aimd, 12, &window(26, 20));
    assert_eq!(
        decision.reason,
        "events take 26.0ms beside a timeout of 25ms, and 0 expired: limit 31 -> 27"
    );
}

#[test]
fn an_event_that_expires_is_late() {
    let expired = Sample {
        expired: 3,
        ..window(10, 20)
    };
    assert_eq!(end(&mut aimd(), 11, &expired).in_flight, Some(27));
}

#[test]
fn a_limit_that_is_not_felt_is_not_raised() {
    assert_eq!(end(&mut aimd(), 11, &window(25, 14)), Decision::none());
    assert_eq!(end(&mut aimd(), 11, &window(26, 0)).in_flight, Some(27));
}

#[test]
fn the_limit_stays_between_20_and_200() {
    let mut aimd = aimd();
    let low = (11..30).map(|n| end(&mut aimd, n, &window(99, 20)).in_flight);
    assert_eq!(low.flatten().last(), Some(20));
    let high = (30..300).map(|n| end(&mut aimd, n, &window(1, 200)).in_flight);
    assert_eq!(high.flatten().last(), Some(200));
}

#[test]
fn under_overload_a_good_part_is_late() {
    let (ms, secs) = (Duration::from_millis, Duration::from_secs);
    let tunnel = Tunnel::new(2, Service::exponential(ms(1)), TIMEOUT, SEED);
    let tunnel = tunnel.arrival_cost(Duration::from_micros(20));
    let tunnel = tunnel.time(secs(5), secs(3));
    let load = Arrivals::poisson(1.2 * tunnel.capacity());
    let flight = tunnel
        .fly(load, |stage| {
            stage.queue(10_000_000).controller(Aimd::new(TIMEOUT))
        })
        .unwrap();
    // Table: .638, 34 ms.
    let (goodput, p99) = (flight.goodput(), flight.all.latency.p99);
    assert!((0.6..0.9).contains(&goodput), "{goodput}");
    assert!((ms(29)..ms(38)).contains(&p99), "{p99:?}");
}
