//! SEDA's thread-pool controller by itself; what it lacks is in `tests/old_defects.rs`.

use super::ClassicThreads;
use crate::clock::Tick;
use crate::control::{Controller, Sample};

fn grown(queued: u64, threads: usize) -> Vec<usize> {
    let mut controller = ClassicThreads::default();
    let sample = Sample {
        queued,
        threads,
        ..Sample::default()
    };
    (0..8)
        .filter_map(|_| controller.update(Tick::ZERO, &sample).threads)
        .collect()
}

#[test]
fn a_long_queue_gets_one_thread_in_four_ticks() {
    assert_eq!(grown(5_000, 1), [2, 2]);
}

#[test]
fn a_short_queue_and_a_full_pool_get_none() {
    assert!(grown(999, 1).is_empty());
    assert!(grown(5_000, 20).is_empty());
}
