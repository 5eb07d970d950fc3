//! How long does one event take through eight stages when nothing else is in flight?
#![forbid(unsafe_code)]

use std::time::Duration;

use benches::hops::{STAGES, pipeline};
use criterion::{Criterion, Throughput};
use seda_core::Plan;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("hop_latency/one event in flight");
    // The figure for an element is that of a hop.
    group.throughput(Throughput::Elements(STAGES as u64));
    let plans = [
        ("default plan", Plan::default()),
        ("one core", Plan::default().workers(1)),
        ("seda_classic", Plan::seda_classic()),
    ];
    for (name, plan) in plans {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|rounds| rounds_of(plan.clone(), rounds));
        });
    }
    group.finish();
    criterion.final_summary();
}

/// Sends one event round the stages, and gives the median round as often as
/// there were rounds: a graph's start and end are no part of a hop.
#[allow(clippy::cast_precision_loss, reason = "rounds are far fewer than 2^52")]
fn rounds_of(plan: Plan, rounds: u64) -> Duration {
    let hops = STAGES as f64 * rounds as f64;
    Duration::from_secs_f64(pipeline::one_in_flight(plan, rounds) * hops * 1e-9)
}
