//! Controlled delay by itself; in the wind tunnel see `tests/baselines.rs`.

use std::time::Duration;

use super::CoDel;
use crate::clock::Tick;
use crate::control::{Controller, Sample};

fn at(millis: u64) -> Tick {
    Tick::ZERO.after(Duration::from_millis(millis))
}

fn waiting(queued: u64, empty_at: u64) -> Sample {
    Sample {
        queued,
        empty_at: at(empty_at),
        ..Sample::default()
    }
}

/// Gives the bounds in ms that follow from samples at these moments.
fn bounds(samples: &[(u64, Sample)]) -> Vec<Option<u128>> {
    let mut controller = CoDel::default();
    let decide = |(millis, sample): &(u64, Sample)| {
        let decision = controller.update(at(*millis), sample);
        decision.wait_max.map(|bound| bound.as_millis())
    };
    samples.iter().map(decide).collect()
}

#[test]
fn a_queue_that_stands_lets_events_wait_for_the_target_only() {
    let samples = [
        (5, waiting(0, 0)),
        (50, waiting(9, 20)),
        (120, waiting(9, 20)),
        (125, waiting(9, 20)),
        (130, waiting(9, 20)),
        (135, waiting(3, 133)),
    ];
    let expected = [Some(100), None, None, Some(5), None, Some(100)];
    assert_eq!(bounds(&samples), expected);
}

#[test]
fn a_burst_after_silence_is_no_standing_queue() {
    let samples = [
        (5, waiting(0, 0)),
        (900, waiting(0, 0)),
        (905, waiting(9, 0)),
    ];
    assert_eq!(bounds(&samples), [Some(100), None, None]);
}

#[test]
fn a_decision_says_why() {
    let mut controller = CoDel::default();
    controller.update(at(5), &waiting(9, 0));
    let reason = controller.update(at(150), &waiting(9, 0)).reason;
    assert_eq!(
        reason,
        "it was not empty for 150ms, more than 100ms: events wait up to 5ms"
    );
}
