//! SEDA's batching controller by itself, against a model of a stage.

use super::ClassicBatching;
use crate::clock::Tick;
use crate::control::{Controller, Sample};

/// Runs a stage whose throughput follows from its batch; gives each batch that
/// was decided.
fn run(windows: u32, throughput: impl Fn(usize) -> u64) -> Vec<usize> {
    let mut controller = ClassicBatching::default();
    let mut sample = Sample {
        batch: 256,
        ..Sample::default()
    };
    let mut batches = Vec::new();
    for n in 0..windows {
        let now = Tick::ZERO.after(controller.period() * n);
        let decision = controller.update(now, &sample);
        if let Some(batch) = decision.batch {
            assert!(!decision.reason.is_empty());
            sample.batch = batch;
            batches.push(batch);
        }
        sample.served += throughput(sample.batch);
    }
    batches
}

#[test]
fn it_begins_with_the_largest_and_shrinks_by_a_sixth_every_five_windows() {
    let batches = run(16, |_| 1_000);
    assert_eq!(batches, [1_000, 833, 694, 578]);
}

#[test]
fn where_batches_do_not_matter_they_go_down_to_one() {
    let batches = run(250, |_| 1_000);
    assert_eq!(batches.last(), Some(&1));
}

#[test]
fn where_small_batches_cost_throughput_it_stays_above_them() {
    // Each batch costs as much as 30 events.
    let throughput = |batch: usize| 1_000 * batch as u64 / (batch as u64 + 30);
    let batches = run(1_000, throughput);
    let settled = &batches[batches.len() / 2..];
    let least = settled.iter().min().unwrap();
    assert!(*least > 50, "{settled:?}");
    assert!(settled.iter().any(|batch| *batch < 500), "{settled:?}");
}
