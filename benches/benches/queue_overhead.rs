//! What does a stage's queue cost by itself, beside the channels of today?
//!
//! One thread enqueues and takes, so nobody waits and nobody is woken: what is
//! left is the queue, its bound, its counts and the meta. The probe's queue is
//! the one between domains; that inside a domain costs less (see `hops`).
#![forbid(unsafe_code)]
#![allow(clippy::expect_used, reason = "a queue that refuses is not measured")]

use std::hint::black_box;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use seda_core::testing::probe;
use seda_core::{Clock, Meta};

/// How many events go in before they are taken out.
const EVENTS: usize = 256;
const SIZES: [usize; 3] = [1, 16, 256];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    one_by_one(&mut criterion);
    all_at_once(&mut criterion);
    rejection(&mut criterion);
    criterion.final_summary();
}

/// 256 events in, one at a time, then out.
fn one_by_one(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue_overhead/one by one");
    group.throughput(Throughput::Elements(EVENTS as u64));
    let (sink, events) = probe::<usize>(EVENTS);
    group.bench_function("enqueue", |bencher| {
        bencher.iter(|| {
            (0..EVENTS).for_each(|n| sink.enqueue(n).expect("room"));
            events.take()
        });
    });
    let deadline = Clock::real().now().after(Duration::from_hours(24));
    let meta = Meta::NONE.with_deadline(deadline);
    group.bench_function("enqueue with a deadline", |bencher| {
        bencher.iter(|| {
            let sink = sink.with(meta);
            (0..EVENTS).for_each(|n| sink.enqueue(n).expect("room"));
            events.take()
        });
    });
    group.bench_function("reserve and fill", |bencher| {
        bencher.iter(|| {
            let mut slots = sink.reserve(EVENTS).expect("room");
            (0..EVENTS).for_each(|n| slots.fill(n));
            drop(slots);
            events.take()
        });
    });
    let (sender, receiver) = crossbeam_channel::bounded::<usize>(EVENTS);
    group.bench_function("crossbeam", |bencher| {
        bencher.iter(|| {
            (0..EVENTS).for_each(|n| sender.try_send(n).expect("room"));
            receiver.try_iter().collect::<Vec<_>>()
        });
    });
    let (sender, receiver) = sync_channel::<usize>(EVENTS);
    group.bench_function("sync_channel", |bencher| {
        bencher.iter(|| {
            (0..EVENTS).for_each(|n| sender.try_send(n).expect("room"));
            receiver.try_iter().collect::<Vec<_>>()
        });
    });
    group.finish();
}

/// A vector of events in with one call, then out.
fn all_at_once(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue_overhead/all at once");
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        let batch = || (0..size).collect::<Vec<usize>>();
        let (sink, events) = probe::<usize>(size);
        group.bench_function(BenchmarkId::new("enqueue_all", size), |bencher| {
            bencher.iter_batched(
                batch,
                |batch| {
                    sink.enqueue_all(batch).expect("room");
                    events.take()
                },
                BatchSize::SmallInput,
            );
        });
        let (sender, receiver) = crossbeam_channel::bounded::<Vec<usize>>(1);
        group.bench_function(
            BenchmarkId::new("crossbeam, as one vector", size),
            |bencher| {
                bencher.iter_batched(
                    batch,
                    |batch| {
                        sender.try_send(batch).expect("room");
                        receiver.try_recv().expect("an event")
                    },
                    BatchSize::SmallInput,
                );
            },
        );
    }
    group.finish();
}

/// An event offered to a full queue comes back.
fn rejection(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue_overhead/rejection");
    let (sink, _events) = probe::<usize>(1);
    sink.enqueue(0).expect("room");
    group.bench_function("enqueue", |bencher| {
        bencher.iter(|| sink.enqueue(black_box(1)).expect_err("no room"));
    });
    let (sender, _receiver) = crossbeam_channel::bounded::<usize>(1);
    sender.try_send(0).expect("room");
    group.bench_function("crossbeam", |bencher| {
        bencher.iter(|| sender.try_send(black_box(1)).expect_err("no room"));
    });
    let (sender, _receiver) = sync_channel::<usize>(1);
    sender.try_send(0).expect("room");
    group.bench_function("sync_channel", |bencher| {
        bencher.iter(|| sender.try_send(black_box(1)).expect_err("no room"));
    });
    group.finish();
}
