//! The gradient controller with minRTT by itself, and in the wind tunnel.

use std::time::Duration;

use super::MinRtt;
use crate::clock::Tick;
use crate::control::{Controller, Decision, Sample};
use crate::simulator::{Arrivals, Service, Tunnel};
use crate::stats::histogram::Times;

const SEED: u64 = 42;

fn at(millis: u64) -> Tick {
    Tick::ZERO.after(Duration::from_millis(millis))
}

/// Is so many events that took so many tenths of a millisecond, all since the
/// start, and so many finished.
fn sample(events: u64, tenths: u64, finished: u64) -> Sample {
    let took = Duration::from_micros(tenths * 100);
    Sample {
        finished,
        sojourns: Times {
            count: events,
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

/// Makes one that at 100 ms has seen events take 2 ms without load.
fn measured() -> MinRtt {
    let mut policy = MinRtt::default();
    policy.update(at(0), &Sample::default());
    assert_eq!(
        policy.update(at(100), &sample(50, 20, 50)),
        Decision::none()
    );
    policy
}

#[test]
fn it_first_looks_how_fast_the_service_is_without_load() {
    let mut policy = MinRtt::default();
    assert_eq!(policy.period(), Duration::ZERO);
    let busy = Sample {
        queued: 4,
        in_hand: 1,
        ..Sample::default()
    };
    let decision = policy.update(at(0), &busy);
    assert_eq!(decision.in_flight, Some(3));
    // What was there before counts for nothing, and neither does what ended beside it.
    policy.update(at(10), &sample(4, 900, 4));
    policy.update(at(20), &sample(9, 900, 13));
    policy.update(at(30), &sample(49, 20, 62));
    assert_eq!(policy.unloaded, Duration::ZERO);
    policy.update(at(40), &sample(1, 20, 63));
    let error = policy.unloaded.abs_diff(Duration::from_millis(2));
    assert!(error < Duration::from_micros(40), "{:?}", policy.unloaded);
}

#[test]
fn the_limit_follows_the_ratio_and_has_headroom_for_bursts() {
    // Allowed are 2.5 ms; the limit was 3, the root of what it becomes is added.
    let rows = [(25, Some(4)), (10, Some(8)), (40, None), (900, None)];
    for (tenths, limit) in rows {
        let decision = measured().update(at(200), &sample(60, tenths, 110));
        assert_eq!(
            decision.in_flight, limit,
            "at {tenths} tenths of a millisecond"
        );
    }
    let decision = measured().update(at(200), &sample(60, 10, 110));
    let reason = decision.reason;
    assert!(
        reason.starts_with("events take 1.0ms (p50), and may take 2.5ms"),
        "{reason}"
    );
}

#[test]
fn a_window_without_events_is_gone_on_with() {
    let mut policy = measured();
    assert_eq!(policy.update(at(190), &sample(9, 10, 59)), Decision::none());
    assert_eq!(policy.update(at(200), &sample(0, 0, 59)).in_flight, Some(8));
    assert_eq!(policy.update(at(310), &sample(0, 0, 59)), Decision::none());
    assert_eq!(
        policy.update(at(320), &sample(1, 10, 60)).in_flight,
        Some(20)
    );
}

#[test]
fn after_a_minute_it_looks_again_and_goes_on_from_where_it_was() {
    let mut policy = measured();
    policy.update(at(200), &sample(60, 10, 110));
    assert_eq!(
        policy.update(at(60_100), &sample(0, 0, 110)).in_flight,
        Some(3)
    );
    let decision = policy.update(at(60_110), &sample(50, 40, 160));
    assert_eq!(decision.in_flight, Some(8));
    let reason = decision.reason;
    assert!(reason.ends_with("limit 3 -> 8"), "{reason}");
    assert!(policy.unloaded > Duration::from_millis(3));
}

#[test]
fn half_a_second_at_the_least_limit_makes_it_look_again() {
    let mut policy = measured();
    for n in 2..=6 {
        policy.update(at(n * 100), &sample(60, 900, n * 60));
    }
    policy.update(at(610), &sample(6, 900, 400));
    // The service is slower now, so that the limit rises again.
    policy.update(at(700), &sample(50, 900, 450));
    let decision = policy.update(at(800), &sample(50, 900, 500));
    assert_eq!(decision.in_flight, Some(5));
}

#[test]
fn queues_are_short_at_the_price_of_needless_refusals() {
    let (ms, secs) = (Duration::from_millis, Duration::from_secs);
    let tunnel = Tunnel::new(2, Service::exponential(ms(1)), ms(25), SEED);
    let tunnel = tunnel.arrival_cost(Duration::from_micros(20));
    let tunnel = tunnel.time(secs(2), ms(500));
    let fly = |load: f64| {
        let load = Arrivals::poisson(load * tunnel.capacity());
        tunnel
            .fly(load, |stage| {
                stage.queue(10_000_000).controller(MinRtt::default())
            })
            .unwrap()
    };
    // Table: .808 and 7 ms at 0.9x, .929 and 6 ms at 2x.
    for (load, goodput) in [(0.9, 0.72..0.88), (2.0, 0.86..0.98)] {
        let flight = fly(load);
        let p99 = flight.all.latency.p99;
        assert!(goodput.contains(&flight.goodput()), "{}", flight.goodput());
        assert!((ms(4)..ms(10)).contains(&p99), "{p99:?}");
        assert!(flight.refused() > 0.04, "{}", flight.refused());
    }
}
