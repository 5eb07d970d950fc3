//! The response-time limit by itself, and in the wind tunnel.

use std::time::Duration;

use super::ResponseTime;
use crate::clock::Tick;
use crate::control::{Controller, Decision, Sample};
use crate::graph::builder::StageBuilder;
use crate::simulator::{Arrivals, Service, Tunnel};
use crate::stats::histogram::Times;

const SEED: u64 = 42;
const TARGET: Duration = Duration::from_millis(25);

/// Is the `n`th window of 200 events that took so many milliseconds.
fn window(n: u64, millis: u64) -> Sample {
    let took = Duration::from_millis(millis);
    Sample {
        finished: 200 * n,
        threads: 2,
        target: Some(TARGET),
        sojourns: Times {
            count: 200,
            min: took,
            mean: took,
            p50: took,
            p90: took,
            p99: took,
            max: took,
        },
        ..Sample::default()
    }
}

fn end(policy: &mut ResponseTime, n: u32, sample: &Sample) -> Option<usize> {
    let now = Tick::ZERO.after(Duration::from_millis(100) * n);
    policy.update(now, sample).in_flight
}

/// Makes one with a limit of 60.
fn limited() -> ResponseTime {
    let mut policy = ResponseTime::default();
    // 2,000/s that take 40 ms each: 80 were in flight. A quarter less.
    let limit = end(&mut policy, 1, &window(1, 40));
    assert!(
        limit.is_some_and(|limit| limit.abs_diff(60) <= 1),
        "{limit:?}"
    );
    policy.limit = 60.0;
    policy
}

#[test]
fn nothing_is_bounded_before_something_took_too_long() {
    let mut policy = ResponseTime::default();
    for n in 1..20 {
        assert_eq!(end(&mut policy, n, &window(n.into(), 19)), None);
    }
}

#[test]
fn the_limit_falls_by_half_of_what_is_too_long() {
    // The target is 25 ms, 20 ms of it are allowed: 60 × (1 + (20/22 - 1) / 2).
    let limit = end(
        &mut limited(),
        2,
        &Sample {
            finished: 900,
            ..window(2, 22)
        },
    );
    assert_eq!(limit, Some(57));
    let limit = end(
        &mut limited(),
        2,
        &Sample {
            finished: 900,
            ..window(2, 500)
        },
    );
    assert_eq!(limit, Some(45), "by a quarter at most");
}

#[test]
fn it_rises_only_where_it_was_felt() {
    assert_eq!(end(&mut limited(), 2, &window(2, 10)), None);
    let refused = Sample {
        rejected: 1,
        ..window(2, 10)
    };
    assert_eq!(end(&mut limited(), 2, &refused), Some(68));
    let full = Sample {
        queued: 58,
        in_hand: 2,
        ..window(2, 10)
    };
    assert_eq!(end(&mut limited(), 2, &full), Some(68));
}

#[test]
fn each_worker_may_have_one() {
    let mut policy = limited();
    let limits = (2..30).map(|n| end(&mut policy, n, &window(n.into(), 9_000)));
    assert_eq!(limits.flatten().last(), Some(2));
}

#[test]
fn few_events_are_waited_for() {
    let mut policy = limited();
    let few = |n: u64| {
        let mut few = Sample {
            finished: 200 + 10 * n,
            ..window(2, 40)
        };
        few.sojourns.count = 10;
        few
    };
    assert_eq!(end(&mut policy, 2, &few(1)), None);
    assert!(end(&mut policy, 3, &few(2)).is_some());
}

#[test]
fn an_event_that_expired_took_the_whole_target() {
    let some = |expired| Sample {
        expired,
        finished: 900,
        ..window(2, 5)
    };
    assert_eq!(end(&mut limited(), 2, &some(15)), None);
    // 60 × (1 + (20/25 - 1) / 2).
    assert_eq!(end(&mut limited(), 2, &some(30)), Some(54));
}

#[test]
fn where_not_all_that_were_served_are_seen_expired_ones_count_less() {
    let some = |served| Sample {
        served,
        expired: 30,
        finished: 900,
        ..window(2, 5)
    };
    assert_eq!(end(&mut limited(), 2, &some(200)), Some(54));
    assert_eq!(end(&mut limited(), 2, &some(20_000)), None);
}

#[test]
fn without_a_target_nothing_is_decided() {
    let none = Sample {
        target: None,
        ..window(1, 40)
    };
    let now = Tick::ZERO.after(Duration::from_secs(1));
    assert_eq!(ResponseTime::default().update(now, &none), Decision::none());
}

#[test]
fn the_reason_has_the_figures() {
    let mut policy = limited();
    let now = Tick::ZERO.after(Duration::from_millis(200));
    let decision = policy.update(
        now,
        &Sample {
            finished: 900,
            ..window(2, 22)
        },
    );
    let reason = decision.reason;
    assert!(
        reason.contains("is above 20.0ms, 0.8 of the target: limit"),
        "{reason}"
    );
}

fn tunnel() -> Tunnel {
    let ms = Duration::from_millis;
    let tunnel = Tunnel::new(2, Service::exponential(ms(1)), TARGET, SEED);
    tunnel.arrival_cost(Duration::from_micros(20))
}

fn policy(stage: StageBuilder<'_, Tick>) -> StageBuilder<'_, Tick> {
    stage.target(TARGET).controller(ResponseTime::default())
}

#[test]
fn an_overload_costs_what_refusals_cost_and_nothing_is_late() {
    let secs = Duration::from_secs;
    let tunnel = tunnel().time(secs(3), secs(1));
    // Table: .901 and 20 ms at 0.9x, .959 and 23 ms at 2x.
    for (load, goodput) in [(0.9, 0.85..0.95), (2.0, 0.92..1.0)] {
        let load = Arrivals::poisson(load * tunnel.capacity());
        let flight = tunnel.fly(load, policy).unwrap();
        assert!(goodput.contains(&flight.goodput()), "{}", flight.goodput());
        assert!(flight.all.latency.p99 <= TARGET, "{:?}", flight.all.latency);
    }
}

#[test]
fn it_follows_a_service_that_gets_slower() {
    let secs = Duration::from_secs;
    let tunnel = tunnel().time(secs(6), secs(1)).slow(4.0, secs(2)..secs(6));
    let load = Arrivals::poisson(0.7 * tunnel.capacity());
    let flight = tunnel.fly(load, policy).unwrap();
    // Table: .940 of the slowed capacity of 500/s.
    let slowed = flight.good_between(Duration::from_millis(2_500), secs(6));
    assert!(slowed > 0.85 * 500.0, "{slowed}");
}
