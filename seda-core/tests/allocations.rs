//! What must cost nothing under overload takes no memory either.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where something is wrong"
)]

mod rig;

use std::hint::black_box;
use std::sync::mpsc::channel;

use allocation_counter::measure;
use rig::{drained, now};
use seda_core::testing::probe;
use seda_core::{Graph, Meta, Plan, QueueView, Reason, Sink, Tick, Verdict};

/// Has a sink refuse a thousand events for one reason, and counts allocations.
fn allocations_of_refusals(sink: &Sink<u64>, meta: Meta, reason: Reason) -> u64 {
    let refuse = || {
        for n in 0..1_000 {
            let by_meta = sink.with(meta).enqueue(n).expect_err("it is refused");
            assert_eq!((by_meta.event, by_meta.reason), (n, reason));
            if meta == Meta::NONE {
                let plain = sink.enqueue(n).expect_err("it is refused");
                assert_eq!((plain.event, plain.reason), (n, reason));
            }
            assert!(black_box(sink.with(meta).reserve(1)).is_err());
        }
    };
    // The first time is not counted: thread-locals may be set up then.
    refuse();
    measure(refuse).count_total
}

#[test]
fn a_rejection_allocates_nothing_whatever_its_reason() {
    let mut graph = Graph::new("refusals");
    let stage = graph
        .stage("strict")
        .queue(1)
        .admission(|n: &u64, _: &Meta, view: &QueueView| match *n {
            0 if view.queued == 0 => Verdict::Admit,
            _ => Verdict::Shed { retry_after: None },
        })
        .each(|_| Ok(()));
    let inlet = graph.inlet(&stage);
    let late = Meta::NONE.with_deadline(Tick::ZERO);
    // `reserve` asks for room without an event, which this policy cannot judge.
    let shed = || (0..1_000).for_each(|_| assert!(black_box(inlet.enqueue(7)).is_err()));
    assert_eq!(measure(shed).count_total, 0, "shed");
    let expired = allocations_of_refusals(&inlet, late, Reason::Expired);
    assert_eq!(expired, 0, "expired");
    let (full, _seen) = probe(1);
    full.enqueue(0).unwrap();
    let full = allocations_of_refusals(&full, Meta::NONE, Reason::Full);
    assert_eq!(full, 0, "full");
    let running = graph.start(Plan::default().workers(1)).unwrap();
    drained(&running);
    let closed = allocations_of_refusals(&inlet, Meta::NONE, Reason::Closed);
    assert_eq!(closed, 0, "closed");
}

#[test]
fn a_rejection_on_a_worker_of_the_same_domain_allocates_nothing() {
    let (told, counts) = channel();
    let mut graph = Graph::new("same domain");
    let next = graph.stage("next").queue(4).each(|_: u64| Ok(()));
    let first = graph.stage("first").each_with(|wire| {
        let next = wire.to(&next);
        move |_: u64| {
            while next.enqueue(0).is_ok() {}
            told.send(allocations_of_refusals(&next, Meta::NONE, Reason::Full))?;
            Ok(())
        }
    });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    running.inlet(&first).enqueue(1).unwrap();
    assert_eq!(counts.recv().unwrap(), 0);
    drained(&running);
    assert!(now(&running, "next").rejected.full >= 4_000);
}

#[test]
fn an_enqueue_allocates_nothing_once_its_queue_has_grown() {
    const EVENTS: u64 = 100;
    let (told, counts) = channel();
    let mut graph = Graph::new("grown");
    let next = graph.stage("next").each(|n: u64| {
        black_box(n);
        Ok(())
    });
    let first = graph.stage("first").batch(1).each_with(|wire| {
        let next = wire.to(&next);
        move |_: u64| {
            let enqueue = || (0..EVENTS).for_each(|n| next.enqueue(n).expect("there is room"));
            told.send(measure(enqueue).count_total)?;
            Ok(())
        }
    });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    for _ in 0..20 {
        running.inlet(&first).enqueue(1).unwrap();
    }
    drained(&running);
    let counts: Vec<u64> = counts.try_iter().collect();
    assert_eq!(counts.len(), 20);
    assert!(counts.iter().sum::<u64>() > 0, "the queues must grow once");
    // Queue and batch change places: each has grown after a few rounds.
    assert_eq!(counts.iter().rev().take(10).sum::<u64>(), 0, "{counts:?}");
}
