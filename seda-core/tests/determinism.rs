//! Contract 8: one seed, one run; and the simulated graph is the real one.

mod rig;

use std::collections::BTreeSet;
use std::time::Duration;

use rig::{assert_exact, drained};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{
    Batch, BoxError, Class, Classes, Clock, DomainKind, Failure, Graph, Handler, Intensity, Key,
    Ledger, Meta, Overflow, Plan, Sink, Stage,
};

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
                Ok(if n % 3 == 0 {
                    again.enqueue(n / 3)?
                })
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
fn a_thousand_runs_of_one_seed_are_one_run() {
    std::panic::set_hook(Box::new(|_| {}));
    let (hash, steps, ledger) = run(42, 1);
    assert!(steps > 100, "{steps} steps");
    for _ in 0..1_000 {
        assert_eq!(run(42, 1), (hash, steps, ledger.clone()));
    }
}

#[test]
fn every_seed_gives_another_run() {
    std::panic::set_hook(Box::new(|_| {}));
    let hashes: BTreeSet<u64> = (0..50).map(|seed| run(seed, 1).0).collect();
    assert_eq!(hashes.len(), 50);
}

#[test]
fn how_a_run_is_cut_into_pieces_changes_nothing() {
    std::panic::set_hook(Box::new(|_| {}));
    let whole = run(7, 1);
    for pieces in [2, 5, 20] {
        assert_eq!(run(7, pieces), whole, "in {pieces} pieces");
    }
}

/// Everything that is decided by the events alone must come out the same.
fn plain_graph(clock: Clock) -> (Graph, Stage<u64>) {
    let mut graph = Graph::new("plain").with_clock(clock);
    let failures = graph
        .stage("failures")
        .queue(10_000)
        .each(|_: Failure| Ok(()));
    graph.failures_to(&failures);
    let narrow = graph.stage("narrow").queue(5).each(|_: u64| Ok(()));
    let first = graph
        .stage("first")
        .queue(10_000)
        .restarts(Intensity::UNLIMITED)
        .handler_with(|wire| Pass {
            to: wire.to(&narrow).overflow(Overflow::Defer),
        });
    (graph, first)
}

/// Gives the ledger without rejections: how often a stage was refused and had
/// to defer is a matter of timing.
fn without_refusals(mut ledger: Ledger) -> Ledger {
    for account in &mut ledger.accounts {
        account.offered -= account.rejected.full;
        account.rejected.full = 0;
    }
    ledger
}

#[test]
fn the_real_graph_and_the_simulated_one_have_the_same_ledger() {
    std::panic::set_hook(Box::new(|_| {}));
    let pool = DomainKind::Blocking { min: 2, max: 2 };
    for plan in [
        Plan::default().workers(1),
        Plan::default().workers(2),
        Plan::default()
            .workers(1)
            .domain("pool", pool)
            .place("narrow", "pool"),
    ] {
        let (mut real, first) = plain_graph(Clock::real());
        fill(&mut real, &first);
        let real = drained(&real.start(plan.clone()).unwrap());
        let (mut simulated, first) = plain_graph(Clock::manual());
        fill(&mut simulated, &first);
        let simulator = Simulator::new(simulated, &plan, 1).unwrap();
        let simulated = simulator.drain(Duration::from_secs(1)).unwrap();
        assert_eq!(without_refusals(real), without_refusals(simulated));
    }
}

fn fill(graph: &mut Graph, first: &Stage<u64>) {
    let inlet = graph.inlet(first);
    inlet.enqueue_all((0..5_000).collect()).unwrap();
}

#[test]
fn a_graph_with_a_real_clock_is_not_simulated() {
    let (graph, _) = plain_graph(Clock::real());
    let error = Simulator::new(graph, &Plan::default(), 1).unwrap_err();
    assert!(error.to_string().contains("its clock is real"), "{error}");
}
