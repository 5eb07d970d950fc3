//! Contract 8: one seed, one history; and threads count what the simulator counts.
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod rig;

use std::collections::BTreeSet;
use std::time::Duration;

use rig::{PATIENCE, account, assert_exact, drained};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{
    Clock, Controller, Decision, Graph, Ledger, Meta, Overflow, Plan, Sample, Stage, Tick,
};

const RUNS: usize = 1_000;
const SEED: u64 = 20_011_021;

/// Narrows the bound while the stage works, and widens it again.
struct Narrow {
    narrow: usize,
    wide: usize,
}

impl Controller for Narrow {
    fn name(&self) -> &'static str {
        "narrow"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(7)
    }

    fn update(&mut self, _now: Tick, sample: &Sample) -> Decision {
        let limit = if sample.queued > 8 {
            self.narrow
        } else {
            self.wide
        };
        Decision {
            limit: Some(limit),
            reason: format!("{} wait", sample.queued),
            ..Decision::none()
        }
    }
}

/// Three stages: what is odd goes round once more before it is stored.
fn looping(clock: Clock, queue: usize) -> (Graph, Stage<u64>) {
    let mut graph = Graph::new("looping").with_clock(clock);
    let parse = graph.declare::<u64>("parse", queue);
    let store = graph.stage("store").queue(queue).each(|_: u64| Ok(()));
    let check = graph
        .stage("check")
        .queue(queue)
        .batch(8)
        .controller(Narrow {
            narrow: queue / 2,
            wide: queue,
        })
        .each_with(|wire| {
            let store = wire.to(&store).overflow(Overflow::DropNewest);
            let again = wire.to(&parse).overflow(Overflow::DropNewest);
            move |n: u64| {
                let next = if n % 2 == 1 { &again } else { &store };
                Ok(next.enqueue(n / 2 * 2)?)
            }
        });
    graph.define(&parse).each_with(|wire| {
        let check = wire.to(&check).overflow(Overflow::DropNewest);
        move |n: u64| Ok(check.enqueue(n)?)
    });
    (graph, parse)
}

/// Runs a tenth of a second of bursts through it on two workers.
fn history(seed: u64) -> (u64, u64, Ledger) {
    let (graph, parse) = looping(Clock::manual(), 32);
    let mut simulator = Simulator::new(graph, &Plan::default().workers(2), seed).unwrap();
    simulator.service("parse", Service::exponential(Duration::from_micros(300)));
    let slow = Service::pareto(Duration::from_micros(100), 1.5);
    simulator.service("check", slow.with_fixed(Duration::from_micros(50)));
    simulator.service("store", Service::constant(Duration::from_micros(200)));
    let bursts = Arrivals::bursts(200.0, 8_000.0, Duration::from_millis(10));
    let inlet = simulator.inlet(&parse);
    simulator.arrivals(inlet, bursts, |n| (n, Meta::NONE));
    simulator.run_for(Duration::from_millis(100));
    let (hash, steps) = (simulator.trace_hash(), simulator.steps());
    (hash, steps, simulator.drain(PATIENCE).unwrap())
}

#[test]
fn one_seed_has_one_history() {
    let first = history(SEED);
    assert_exact(&first.2);
    assert!(first.1 > 100, "seed {SEED}: hardly anything happened");
    let refused = account(&first.2, "parse").rejected.full;
    assert!(refused > 0, "seed {SEED}: no burst filled a queue");
    for run in 1..RUNS {
        assert_eq!(history(SEED), first, "seed {SEED}, run {run}");
    }
}

#[test]
fn another_seed_has_another_history() {
    let hashes: BTreeSet<u64> = (0..100).map(|seed| history(SEED + seed).0).collect();
    assert_eq!(hashes.len(), 100, "two of 100 seeds have one history");
}

/// Nothing is refused, so how threads take turns changes no count.
#[test]
fn threads_and_the_simulator_have_one_ledger() {
    const EVENTS: u64 = 1_000;
    let plan = Plan::default().workers(2);
    let (graph, parse) = looping(Clock::manual(), 64_000);
    let simulator = Simulator::new(graph, &plan, SEED).unwrap();
    let inlet = simulator.inlet(&parse);
    inlet.enqueue_all((0..EVENTS).collect()).unwrap();
    let simulated = simulator.drain(PATIENCE).unwrap();
    assert_exact(&simulated);
    assert_eq!(account(&simulated, "parse").handled, EVENTS + EVENTS / 2);
    assert_eq!(account(&simulated, "store").handled, EVENTS);

    let (graph, parse) = looping(Clock::real(), 64_000);
    let running = graph.start(plan).unwrap();
    let inlet = running.inlet(&parse);
    inlet.enqueue_all((0..EVENTS).collect()).unwrap();
    assert_eq!(drained(&running), simulated);
}
