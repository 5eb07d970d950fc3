//! Vegas by itself, and in the wind tunnel.

use std::time::Duration;

use super::{Vegas, unit};
use crate::clock::Tick;
use crate::control::{Controller, Decision, Sample};
use crate::law::whole;
use crate::simulator::{Arrivals, Service, Tunnel};
use crate::stats::histogram::Times;

const SEED: u64 = 42;

/// Is a window in which events took so many milliseconds, and so many were in flight.
fn window(millis: f64, in_flight: u64) -> Sample {
    Sample {
        queued: in_flight,
        sojourns: Times {
            count: 100,
            mean: Duration::from_secs_f64(millis / 1e3),
            ..Times::default()
        },
        ..Sample::default()
    }
}

/// Ends the `n`th window.
fn end(vegas: &mut Vegas, n: u64, sample: &Sample) -> Decision {
    vegas.update(Tick::ZERO.after(Duration::from_millis(100 * n)), sample)
}

/// Makes one that has seen events take 10 ms without load.
fn vegas() -> Vegas {
    let mut vegas = Vegas::default();
    let first = vegas.update(Tick::ZERO, &Sample::default());
    assert_eq!(first.in_flight, Some(20));
    assert_eq!(end(&mut vegas, 1, &window(10.0, 20)), Decision::none());
    vegas
}

#[test]
fn the_limit_keeps_three_to_six_events_waiting() {
    // 20 in flight, and so many wait: 0, 2, 5, 8.
    let rows = [
        (10.0, Some(26)),
        (11.0, Some(21)),
        (13.0, None),
        (16.0, Some(19)),
    ];
    for (millis, limit) in rows {
        let decision = end(&mut vegas(), 2, &window(millis, 20));
        assert_eq!(decision.in_flight, limit, "at {millis} ms");
    }
    let decision = end(&mut vegas(), 2, &window(16.0, 20));
    assert_eq!(
        decision.reason,
        "events take 16.0ms, without load 10.0ms, so that about 8 wait, and 0 expired: limit 20 -> 19"
    );
}

#[test]
fn a_limit_that_is_not_felt_stays() {
    assert_eq!(end(&mut vegas(), 2, &window(10.0, 9)), Decision::none());
}

#[test]
fn an_event_that_expires_lowers_the_limit() {
    let expired = Sample {
        expired: 1,
        ..window(10.0, 0)
    };
    assert_eq!(end(&mut vegas(), 2, &expired).in_flight, Some(19));
}

#[test]
fn a_probe_takes_the_time_without_load_anew() {
    let mut vegas = vegas();
    // 22.5 windows for each of 20.
    for n in 2..450 {
        assert_eq!(end(&mut vegas, n, &window(13.0, 20)), Decision::none());
    }
    assert_eq!(end(&mut vegas, 450, &window(16.0, 20)), Decision::none());
    assert_eq!(end(&mut vegas, 451, &window(16.0, 20)).in_flight, Some(26));
}

#[test]
fn the_step_is_the_logarithm_of_the_limit_up_to_its_most() {
    let rows = [(1.0, 1), (20.0, 1), (99.0, 1), (100.0, 2), (1_000.0, 3)];
    for (limit, step) in rows {
        assert_eq!(whole(unit(limit), 0), step, "at {limit}");
    }
}

#[test]
fn an_overload_of_even_events_is_bounded_without_a_target() {
    let (ms, secs) = (Duration::from_millis, Duration::from_secs);
    let tunnel = Tunnel::new(2, Service::exponential(ms(1)), ms(25), SEED);
    let tunnel = tunnel.arrival_cost(Duration::from_micros(20));
    let tunnel = tunnel.time(secs(3), secs(1));
    let load = Arrivals::poisson(2.0 * tunnel.capacity());
    let flight = tunnel
        .fly(load, |stage| {
            stage.queue(10_000_000).controller(Vegas::default())
        })
        .unwrap();
    // Table: .961, 19 ms.
    let (goodput, p99) = (flight.goodput(), flight.all.latency.p99);
    assert!((0.91..1.0).contains(&goodput), "{goodput}");
    assert!((ms(12)..ms(23)).contains(&p99), "{p99:?}");
}
