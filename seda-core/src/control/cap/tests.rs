//! The static cap by itself, and in the wind tunnel.

use std::time::Duration;

use super::Cap;
use crate::clock::Tick;
use crate::control::{Controller, Decision, Sample};
use crate::simulator::{Arrivals, Service, Tunnel};

const SEED: u64 = 42;

#[test]
fn it_is_said_at_once_and_never_again() {
    let mut cap = Cap::new(7);
    assert_eq!(cap.period(), Duration::ZERO);
    let decision = cap.update(Tick::ZERO, &Sample::default());
    assert_eq!(decision.in_flight, Some(7));
    assert_eq!(decision.reason, "by hand: limit 7");
    assert!(cap.period() > Duration::from_mins(1));
    assert_eq!(cap.update(Tick::ZERO, &Sample::default()), Decision::none());
}

#[test]
fn there_is_always_room_for_one() {
    let decision = Cap::new(0).update(Tick::ZERO, &Sample::default());
    assert_eq!(decision.in_flight, Some(1));
}

#[test]
fn what_was_right_is_wrong_when_the_service_gets_slower() {
    let (ms, secs) = (Duration::from_millis, Duration::from_secs);
    let tunnel = Tunnel::new(2, Service::exponential(ms(1)), ms(25), SEED);
    let tunnel = tunnel.arrival_cost(Duration::from_micros(20));
    let tunnel = tunnel.time(secs(6), secs(1)).slow(4.0, secs(3)..secs(6));
    let load = Arrivals::poisson(0.7 * tunnel.capacity());
    let flight = tunnel
        .fly(load, |stage| stage.controller(Cap::new(20)))
        .unwrap();
    let before = flight.good_between(secs(1), secs(3));
    let slowed = flight.good_between(secs(4), secs(6));
    // Table: .017 of the slowed capacity of 500/s.
    assert!(before > 1_300.0 && slowed < 50.0, "{before} {slowed}");
}
