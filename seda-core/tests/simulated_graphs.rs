//! What a simulated graph does as a real one would: batches, pools, shares, pieces of a run.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

mod rig;

use std::time::Duration;

use rig::{account, assert_exact};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{
    Batch, BoxError, Class, Classes, Clock, Failure, Graph, Handler, Intensity, Key, Ledger, Meta,
    Overflow, Plan, Sink, Stage,
};

const MILLI: Duration = Duration::from_millis(1);

#[test]
fn the_fixed_cost_of_a_batch_is_paid_once_for_all_of_it() {
    let mut graph = Graph::new("fixed").with_clock(Clock::manual());
    let stage = graph.stage("fsync").batch(100).each(|_: u64| Ok(()));
    let inlet = graph.inlet(&stage);
    inlet.enqueue_all((0..101).collect()).unwrap();
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    let each = Duration::from_micros(1);
    simulator.service("fsync", Service::constant(each).with_fixed(each * 9));
    simulator.run_for(Duration::from_micros(10));
    assert_eq!(account(&simulator.ledger(), "fsync").handled, 1);
    // 10 µs an event by what is known: 50 fit in the time of a batch.
    simulator.run_for(Duration::from_micros(59));
    assert_eq!(account(&simulator.ledger(), "fsync").handled, 51);
}

#[test]
fn shares_divide_the_time_of_a_simulated_domain() {
    let mut graph = Graph::new("shares").with_clock(Clock::manual());
    let stages = ["one", "three"].map(|name| graph.stage(name).queue(10_000).each(|_: u64| Ok(())));
    for stage in &stages {
        let inlet = graph.inlet(stage);
        inlet.enqueue_all((0..10_000).collect()).unwrap();
    }
    let plan = Plan::default().workers(1).share("one", 1).share("three", 3);
    let mut simulator = Simulator::new(graph, &plan, 1).unwrap();
    simulator.service("one", Service::constant(MILLI));
    simulator.service("three", Service::constant(MILLI));
    simulator.run_for(Duration::from_secs(4));
    let ledger = simulator.ledger();
    let one = account(&ledger, "one").handled;
    let three = account(&ledger, "three").handled;
    // One pick in 61 goes by rank, so that nobody starves.
    assert!((900..=1_100).contains(&one), "{one} and {three}");
    assert!((2_900..=3_100).contains(&three), "{one} and {three}");
}

#[test]
fn a_simulated_pool_has_as_many_servers_as_threads() {
    let mut graph = Graph::new("pool").with_clock(Clock::manual());
    let stage = graph.stage("pool").blocking(3..=3).each(|_: u64| Ok(()));
    let inlet = graph.inlet(&stage);
    inlet.enqueue_all((0..600).collect()).unwrap();
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    simulator.service("pool", Service::constant(MILLI));
    simulator.run_for(Duration::from_millis(100));
    assert_eq!(account(&simulator.ledger(), "pool").handled, 300);
}

#[test]
fn events_that_enter_between_two_runs_are_handled_in_the_next() {
    let mut graph = Graph::new("between").with_clock(Clock::manual());
    let stage = graph.stage("serve").each(|_: u64| Ok(()));
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    let inlet = simulator.inlet(&stage);
    for round in 1..=3 {
        simulator.run_for(MILLI);
        inlet.enqueue(round).unwrap();
        simulator.run_for(MILLI);
        assert_eq!(account(&simulator.ledger(), "serve").handled, round);
    }
    inlet.enqueue(4).unwrap();
    let ledger = simulator.drain(MILLI).unwrap();
    assert_eq!(account(&ledger, "serve").handled, 4);
}

/// Passes on, defers what does not fit, and fails now and then.
#[derive(Clone)]
struct Pass {
    to: Sink<u64>,
}

impl Handler for Pass {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(event) = batch.next() {
            match event % 41 {
                5 => return Err("on purpose".into()),
                9 => panic!("on purpose"),
                _ => {}
            }
            if let Err(back) = self.to.enqueue(event) {
                batch.defer(back.event);
                break;
            }
        }
        Ok(())
    }
}

/// A graph with everything in it that could come in another order.
fn graph() -> (Graph, Stage<u64>) {
    let mut graph = Graph::new("everything").with_clock(Clock::manual());
    let failures = graph.stage("failures").each(|_: Failure| Ok(()));
    graph.failures_to(&failures);
    let again = graph.declare::<u64>("again", 50);
    let last = graph
        .stage("last")
        .queue(10)
        .blocking(1..=2)
        .target(Duration::from_millis(3))
        .each_with(|wire| {
            let again = wire.to(&again).overflow(Overflow::DropNewest);
            move |n: u64| {
                if n.is_multiple_of(3) {
                    again.enqueue(n / 3)?;
                }
                Ok(())
            }
        });
    graph.define(&again).each_with(|wire| {
        let last = wire.to(&last).overflow(Overflow::DropOldest);
        move |n: u64| Ok(last.enqueue(n)?)
    });
    let first = graph
        .stage("first")
        .queue(30)
        .classes(Classes::weighted([4, 2, 1]))
        .restarts(Intensity::UNLIMITED)
        .handler_with(|wire| Pass {
            to: wire.to(&last).overflow(Overflow::Defer),
        });
    (graph, first)
}

/// Runs 10 ms in the given number of pieces.
fn run(seed: u64, pieces: u32) -> (u64, u64, Ledger) {
    let (graph, first) = graph();
    let mut simulator = Simulator::new(graph, &Plan::default().workers(2), seed).unwrap();
    simulator.service("first", Service::exponential(Duration::from_micros(200)));
    simulator.service(
        "last",
        Service::pareto(Duration::from_micros(300), 1.5).with_fixed(Duration::from_micros(20)),
    );
    simulator.slow_down(
        "last",
        3.0,
        Duration::from_millis(4)..Duration::from_millis(8),
    );
    let inlet = simulator.inlet(&first);
    simulator.arrivals(inlet, Arrivals::poisson(5_000.0), |n| {
        let class = Class(u8::try_from(n % 3).unwrap());
        let meta = Meta::NONE.with_class(class);
        let keyed = n % 4 == 0;
        (
            n,
            if keyed {
                meta.with_key(Key::of(&(n % 7)))
            } else {
                meta
            },
        )
    });
    let inlet = simulator.inlet(&first);
    let dwell = Duration::from_millis(2);
    simulator.arrivals(inlet, Arrivals::bursts(500.0, 9_000.0, dwell), |n| {
        (n, Meta::NONE)
    });
    for _ in 0..pieces {
        simulator.run_for(Duration::from_millis(10) / pieces);
    }
    let (hash, steps) = (simulator.trace_hash(), simulator.steps());
    let ledger = simulator
        .drain(Duration::from_secs(1))
        .unwrap_or_else(|error| error.ledger);
    assert_exact(&ledger);
    (hash, steps, ledger)
}

#[test]
fn how_a_run_is_cut_into_pieces_changes_nothing() {
    rig::hush_panics_on_purpose();
    let whole = run(7, 1);
    for pieces in [2, 5, 20] {
        assert_eq!(run(7, pieces), whole, "in {pieces} pieces");
    }
}

#[test]
fn a_graph_with_a_real_clock_is_not_simulated() {
    let error = Simulator::new(Graph::new("real"), &Plan::default(), 1).unwrap_err();
    assert!(error.to_string().contains("its clock is real"), "{error}");
}
