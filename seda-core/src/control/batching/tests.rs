//! The batching controller by itself, and in the wind tunnel beside fixed sizes.

use std::time::Duration;

use super::Batching;
use crate::clock::Tick;
use crate::control::{Controller, Decision, Sample};
use crate::simulator::{Arrivals, Flight, Service, Tunnel};

const TARGET: Duration = Duration::from_millis(25);

/// Adds ten batches of a size that cost 100 µs and 2 µs for each event.
fn ten(sample: &mut Sample, size: u32) {
    sample.target = Some(TARGET);
    sample.batches += 10;
    sample.served += u64::from(10 * size);
    sample.busy += (Duration::from_micros(100) + Duration::from_micros(2) * size) * 10;
}

#[test]
fn what_is_fixed_is_told_from_what_each_event_costs() {
    let (mut controller, mut sample) = (Batching::default(), Sample::default());
    let mut last = Decision::none();
    for size in [1, 10, 100, 20, 300, 50] {
        ten(&mut sample, size);
        let decision = controller.update(Tick::ZERO, &sample);
        if decision.batch.is_some() {
            last = decision;
        }
    }
    // 2.5 ms less 100 µs, at 2 µs for each.
    let batch = last.batch.unwrap();
    assert!((1_150..=1_250).contains(&batch), "{last:?}");
    assert!(last.reason.contains("100.0 µs and 2.00 µs"), "{last:?}");
}

#[test]
fn batches_of_one_size_are_as_large_as_their_mean_allows() {
    let (mut controller, mut sample) = (Batching::default(), Sample::default());
    ten(&mut sample, 10);
    let decision = controller.update(Tick::ZERO, &sample);
    // 12 µs for each of ten, as far as anybody knows.
    assert_eq!(decision.batch, Some(208), "{decision:?}");
    ten(&mut sample, 10);
    assert_eq!(controller.update(Tick::ZERO, &sample), Decision::none());
}

#[test]
fn nothing_is_decided_without_a_target_or_an_event() {
    let (mut controller, mut sample) = (Batching::default(), Sample::default());
    ten(&mut sample, 10);
    sample.target = None;
    assert_eq!(controller.update(Tick::ZERO, &sample), Decision::none());
    let idle = Sample {
        target: Some(TARGET),
        ..Sample::default()
    };
    assert_eq!(controller.update(Tick::ZERO, &idle), Decision::none());
}

/// One worker, a batch of 100 µs and 2 µs an event: at most 500,000 a second.
fn fly(events_per_second: f64, batch: Option<usize>) -> Flight {
    let service =
        Service::constant(Duration::from_micros(2)).with_fixed(Duration::from_micros(100));
    let tunnel = Tunnel::new(1, service, TARGET, 11)
        .time(Duration::from_millis(200), Duration::from_millis(100));
    let flight = tunnel.fly(Arrivals::poisson(events_per_second), |stage| {
        let stage = stage.queue(100_000).target(TARGET);
        match batch {
            Some(batch) => stage.batch(batch).controller(Fixed(batch)),
            None => stage.controller(Batching::default()),
        }
    });
    flight.unwrap()
}

/// Holds a size, whatever it takes.
struct Fixed(usize);

impl Controller for Fixed {
    fn name(&self) -> &'static str {
        "fixed"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn update(&mut self, _now: Tick, _sample: &Sample) -> Decision {
        Decision {
            batch: Some(self.0),
            ..Decision::none()
        }
    }
}

/// Goal L11: 90 % of the best fixed size at eight loads.
#[test]
fn it_does_nine_tenths_of_what_the_best_fixed_size_does_at_any_load() {
    for load in [0.02, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.1] {
        let rate = load * 500_000.0;
        let good = |batch| fly(rate, batch).all.good;
        // Smaller ones do no better at any of these loads.
        let fixed = [64, 1_200].map(|batch| good(Some(batch)));
        let best = fixed.into_iter().max().unwrap();
        let ours = good(None);
        assert!(
            ours * 10 >= best * 9,
            "{ours} of {best} at {load}: {fixed:?}"
        );
    }
}

/// Goal L11: batches cost no latency where there is little to do.
#[test]
fn nobody_waits_for_a_batch_to_fill() {
    let unbatched = fly(1_000.0, Some(1)).all.latency.p50;
    let batched = fly(1_000.0, None).all.latency.p50;
    assert!(
        batched <= unbatched.mul_f64(1.2),
        "{batched:?} of {unbatched:?}"
    );
}
