//! The whole way: three stages with a bound each, and with one target for all of them.
//!
//! Requests are read, worked on by a pool of two, and answered. Each is worth
//! something within 30 ms. The simulator runs the real graph in virtual time, so
//! the figures are the same every time.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{BoxError, Clock, Graph, Meta, Plan, Stage, Tick};

/// Who waits for an answer waits for so long.
const PATIENCE: Duration = Duration::from_millis(30);
/// Requests per second that two threads can do, a millisecond each.
const CAPACITY: f64 = 2_000.0;
/// How long each load lasts.
const TIME: Duration = Duration::from_secs(10);

fn main() -> Result<(), BoxError> {
    println!(
        "{:<16} {:>5} {:>9} {:>9} {:>8} {:>8} {:>11}",
        "", "load", "offered", "refused", "late", "good", "p99"
    );
    for load in [0.5, 1.5, 8.0] {
        serve("a bound each", None, load)?;
        serve("a path target", Some(PATIENCE), load)?;
    }
    Ok(())
}

fn serve(name: &str, target: Option<Duration>, load: f64) -> Result<(), BoxError> {
    let clock = Clock::manual();
    let (taken, times) = channel();
    let mut graph = Graph::new(name).with_clock(clock.clone());
    let read = stages(&mut graph, target, &clock, taken);
    let mut simulator = Simulator::new(graph, &Plan::default().workers(2), 7)?;
    simulator.service("read", Service::exponential(Duration::from_micros(50)));
    simulator.service("work", Service::exponential(Duration::from_millis(1)));
    simulator.service("answer", Service::constant(Duration::from_micros(20)));
    let inlet = simulator.inlet(&read);
    let arrivals = Arrivals::poisson(load * CAPACITY);
    simulator.arrivals(inlet, arrivals, move |_| (clock.now(), Meta::NONE));
    simulator.run_for(TIME);
    let ledger = simulator.drain(Duration::from_secs(10))?;
    assert!(ledger.balances() && ledger.is_empty());

    let mut times: Vec<Duration> = times.try_iter().collect();
    times.sort_unstable();
    let good = times.partition_point(|took| *took <= PATIENCE);
    let p99 = times.get(times.len() * 99 / 100).copied();
    let offered = ledger.stage("read").map_or(0, |read| read.offered);
    let answered = u64::try_from(times.len())?;
    println!(
        "{name:<16} {load:>4}x {offered:>9} {:>9} {:>8} {good:>8} {:>8.1} ms",
        offered - answered,
        times.len() - good,
        p99.unwrap_or_default().as_secs_f64() * 1e3,
    );
    Ok(())
}

fn stages(
    graph: &mut Graph,
    target: Option<Duration>,
    clock: &Clock,
    taken: Sender<Duration>,
) -> Stage<Tick> {
    let clock = clock.clone();
    let answer = graph.stage("answer").each(move |came: Tick| {
        taken.send(clock.now().since(came))?;
        Ok(())
    });
    let work = graph.stage("work").blocking(2..=2).each_with(|wire| {
        let answer = wire.to(&answer);
        move |came: Tick| Ok(answer.enqueue(came)?)
    });
    let read = graph.stage("read");
    let read = match target {
        Some(target) => read.path_target(target),
        None => read,
    };
    read.each_with(|wire| {
        let work = wire.to(&work);
        move |came: Tick| Ok(work.enqueue(came)?)
    })
}
