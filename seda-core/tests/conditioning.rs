//! The default controller holds what it promises, whatever the load (load-conditioning.md §1, §4).
//!
//! Two servers of 1 ms on average, 20 µs of a server for each arrival, 25 ms to
//! be in time. Seeds change with every run and are printed; a flight with the
//! same seed is the same.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use seda_core::simulator::{Arrivals, Flight, Service, Tunnel};
use seda_core::{Class, Classes, Controller, Decision, Sample, Tick};

const SLO: Duration = Duration::from_millis(25);
const ARRIVAL: Duration = Duration::from_micros(20);

/// Has events that waited too long expire, and refuses none.
struct ExpiryOnly;

impl Controller for ExpiryOnly {
    fn name(&self) -> &'static str {
        "expiry only"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn update(&mut self, _now: Tick, _sample: &Sample) -> Decision {
        Decision {
            wait_max: Some(SLO.mul_f64(0.9)),
            ..Decision::none()
        }
    }
}

fn exponential() -> Service {
    Service::exponential(Duration::from_millis(1))
}

/// One in five takes six times as long. (Were the long ones longer, a service
/// four times slower could not do them in time at all.)
fn bimodal() -> Service {
    Service::bimodal(Duration::from_micros(500), Duration::from_millis(3), 0.2)
}

/// One in a hundred takes more than 4.4 ms, one in 10,000 more than 36 ms.
fn pareto() -> Service {
    Service::pareto(Duration::from_nanos(545_455), 2.2)
}

fn tunnel(service: Service) -> Tunnel {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    Tunnel::new(2, service, SLO, seed).arrival_cost(ARRIVAL)
}

fn conditioned(tunnel: &Tunnel, load: f64) -> Flight {
    let arrivals = Arrivals::poisson(load * tunnel.capacity());
    tunnel.fly(arrivals, |stage| stage.target(SLO)).unwrap()
}

/// The ceilings are 0.96, 0.90 and 0.80 of capacity, since each arrival costs 20 µs.
fn holds_goodput_and_latency(service: Service) {
    let tunnel = tunnel(service);
    for (load, goodput) in [(2.0, 0.95), (5.0, 0.88), (10.0, 0.78)] {
        let flight = conditioned(&tunnel, load);
        let p99 = flight.all.latency.p99;
        println!("{load} x: goodput {:.3}, p99 {p99:?}", flight.goodput());
        assert!(flight.goodput() >= goodput, "{load} x capacity");
        assert!(p99 <= SLO, "{load} x capacity: p99 {p99:?}");
    }
}

/// A refusal is needless when more would have been done in time without any.
fn refuses_next_to_none_needlessly(service: Service) {
    let tunnel = tunnel(service).time(Duration::from_mins(1), Duration::from_secs(2));
    for (load, most) in [(0.5, 0.0001), (0.9, 0.01)] {
        let arrivals = Arrivals::poisson(load * tunnel.capacity());
        let open = tunnel.fly(arrivals, |stage| {
            stage.queue(10_000_000).controller(ExpiryOnly)
        });
        let flight = conditioned(&tunnel, load);
        let refused = flight.refused();
        let needless = open.unwrap().good_share() - flight.good_share();
        println!("{load} x: refused {refused:.5}, needless {needless:.5}");
        assert!(needless.min(refused) <= most, "{load} x capacity");
    }
}

fn survives_a_service_four_times_slower(service: Service) {
    let tunnel = tunnel(service);
    let slow = Duration::from_secs(5)..Duration::from_secs(35);
    let counted = Duration::from_millis(5_500);
    let during = tunnel.clone().slow(4.0, slow.clone());
    let flight = conditioned(&during.time(slow.end, counted), 0.7);
    println!("slow4x: goodput {:.3}", flight.goodput());
    assert!(flight.goodput() >= 0.90, "from half a second on");
    // Long enough that chance decides on a hundredth of what arrives, and not on a twentieth.
    let end = slow.end + Duration::from_secs(20);
    let usual = 0.7 * tunnel.capacity();
    let flight = conditioned(
        &tunnel.slow(4.0, slow.clone()).time(end, Duration::ZERO),
        0.7,
    );
    let after = flight.good_between(slow.end + Duration::from_secs(1), end);
    assert!(after >= 0.95 * usual, "{after} a second after it was over");
}

#[test]
fn goodput_and_latency_hold_with_exponential_service() {
    holds_goodput_and_latency(exponential());
}

#[test]
fn goodput_and_latency_hold_with_bimodal_service() {
    holds_goodput_and_latency(bimodal());
}

#[test]
fn goodput_and_latency_hold_with_heavy_tails() {
    holds_goodput_and_latency(pareto());
}

#[test]
fn few_are_refused_needlessly_with_exponential_service() {
    refuses_next_to_none_needlessly(exponential());
}

#[test]
fn few_are_refused_needlessly_with_bimodal_service() {
    refuses_next_to_none_needlessly(bimodal());
}

#[test]
fn few_are_refused_needlessly_with_heavy_tails() {
    refuses_next_to_none_needlessly(pareto());
}

#[test]
fn a_service_four_times_slower_is_followed_with_exponential_service() {
    survives_a_service_four_times_slower(exponential());
}

#[test]
fn a_service_four_times_slower_is_followed_with_bimodal_service() {
    survives_a_service_four_times_slower(bimodal());
}

#[test]
fn a_service_four_times_slower_is_followed_with_heavy_tails() {
    survives_a_service_four_times_slower(pareto());
}

#[test]
fn a_step_of_the_load_is_settled_within_a_fifth_of_a_second() {
    let tunnel = tunnel(exponential()).time(Duration::from_secs(20), Duration::ZERO);
    for load in [2.0, 5.0] {
        let capacity = tunnel.capacity();
        let step = Duration::from_secs(5);
        let arrivals = Arrivals::steps([(Duration::ZERO, 0.7 * capacity), (step, load * capacity)]);
        let flight = tunnel.fly(arrivals, |stage| stage.target(SLO)).unwrap();
        let settled = flight.settled_after(step, step * 2);
        println!("0.7 to {load} x: settled after {settled:?}");
        assert!(settled.is_some_and(|after| after <= Duration::from_millis(200)));
    }
}

#[test]
fn an_urgent_class_is_served_in_time_at_ten_times_capacity() {
    let tunnel = tunnel(exponential());
    let capacity = tunnel.capacity();
    let flows = [
        (Class::HIGH, Arrivals::poisson(0.4 * capacity)),
        (Class::NORMAL, Arrivals::poisson(9.6 * capacity)),
    ];
    let flight = tunnel.fly_all(flows, |stage| {
        let stage = stage.queue(10_000).target(SLO);
        stage.classes(Classes::strict(2))
    });
    let flight = flight.unwrap();
    let alone = conditioned(&tunnel, 10.0);
    let (high, normal) = (flight.classes[0], flight.classes[1]);
    println!(
        "high {high:?}\nnormal {normal:?}\n{:.3} of {:.3}",
        flight.goodput(),
        alone.goodput()
    );
    let in_time = num(high.good) / num(high.offered);
    assert!(in_time >= 0.995, "{in_time} of {}", high.offered);
    assert!(num(high.late) <= 0.005 * num(high.good));
    assert!(normal.good > 0 && normal.latency.p99 <= SLO);
    assert!(flight.goodput() >= 0.98 * alone.goodput());
}

#[allow(clippy::cast_precision_loss, reason = "counts of seconds")]
fn num(count: u64) -> f64 {
    count as f64
}
