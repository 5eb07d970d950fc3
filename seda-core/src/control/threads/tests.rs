//! The thread controller by itself, against a model of a stage that blocks.

use std::time::Duration;

use super::ThreadControl;
use crate::clock::Tick;
use crate::control::{Controller, Sample};

/// A stage that blocks 10 ms and then spends `cpu` ms on one of 2 cores.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a model of a few hundred events"
)]
fn run(blocks: Duration, cpu: Duration, ticks: u64) -> (usize, Vec<String>) {
    let mut controller = ThreadControl::new(32, 2);
    let tick = controller.period();
    let mut sample = Sample {
        threads: 1,
        queued: 1_000,
        cpu: Some(Duration::ZERO),
        ..Sample::default()
    };
    let mut reasons = Vec::new();
    for n in 0..ticks {
        let decision =
            controller.update(Tick::ZERO.after(tick * u32::try_from(n).unwrap()), &sample);
        if let Some(threads) = decision.threads {
            sample.threads = threads;
            reasons.push(decision.reason);
        }
        let each = (blocks + cpu).as_secs_f64();
        let by_threads = sample.threads as f64 / each;
        let by_cores = if cpu.is_zero() {
            f64::MAX
        } else {
            2.0 / cpu.as_secs_f64()
        };
        let done = by_threads.min(by_cores) * tick.as_secs_f64();
        sample.served += done as u64;
        sample.busy += tick * u32::try_from(sample.threads).unwrap();
        sample.cpu = sample.cpu.map(|used| used + cpu.mul_f64(done));
    }
    (sample.threads, reasons)
}

#[test]
fn a_stage_that_blocks_gets_threads_within_two_seconds() {
    let (threads, reasons) = run(Duration::from_millis(10), Duration::ZERO, 20);
    assert!(threads >= 29, "{threads}: {reasons:?}");
}

#[test]
fn a_stage_bound_by_the_cpu_gets_a_thread_for_each_core() {
    let (threads, reasons) = run(Duration::ZERO, Duration::from_millis(10), 40);
    assert!((2..=3).contains(&threads), "{threads}: {reasons:?}");
}
