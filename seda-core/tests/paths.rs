//! A target for a whole path: divided, foreseen where work comes in, and kept under overload.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod rig;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rig::{account, assert_exact};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{Clock, Graph, Ledger, Meta, Overflow, Plan, Reason, Rejected, Stage, Tick};

const BUDGET: Duration = Duration::from_millis(30);
/// Events per second: two threads of 1 ms.
const CAPACITY: f64 = 2_000.0;

/// What came out at the end of the way: how long after it came in.
type Taken = Arc<Mutex<Vec<Duration>>>;

/// Reads (50 µs), works in a pool of two (1 ms), answers (20 µs).
fn graph(clock: &Clock) -> (Graph, Stage<Tick>, Taken) {
    let taken = Taken::default();
    let mut graph = Graph::new("a path").with_clock(clock.clone());
    let (log, watch) = (Arc::clone(&taken), clock.clone());
    let answer = graph.stage("answer").each(move |came: Tick| {
        log.lock().unwrap().push(watch.now().since(came));
        Ok(())
    });
    let work = graph
        .stage("work")
        .blocking(2..=2)
        .handler_with(|wire| Pass {
            on: wire.to(&answer).overflow(Overflow::Defer),
        });
    let read = graph
        .stage("read")
        .path_target(BUDGET)
        .handler_with(|wire| Pass {
            on: wire.to(&work).overflow(Overflow::Defer),
        });
    (graph, read, taken)
}

#[derive(Clone)]
struct Pass {
    on: seda_core::Sink<Tick>,
}

impl seda_core::Handler for Pass {
    type Event = Tick;

    fn handle(&mut self, batch: &mut seda_core::Batch<Tick>) -> Result<(), seda_core::BoxError> {
        while let Some(came) = batch.next() {
            match self.on.enqueue(came) {
                // What would be late is given up.
                Ok(())
                | Err(Rejected {
                    reason: Reason::Expired,
                    ..
                }) => {}
                Err(back) => batch.defer(back.event),
            }
        }
        Ok(())
    }
}

fn simulate(load: f64, time: Duration) -> (Ledger, Vec<Duration>) {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let clock = Clock::manual();
    let (graph, read, taken) = graph(&clock);
    let mut simulator = Simulator::new(graph, &Plan::default().workers(2), seed).unwrap();
    simulator.service("read", Service::exponential(Duration::from_micros(50)));
    simulator.service("work", Service::exponential(Duration::from_millis(1)));
    simulator.service("answer", Service::constant(Duration::from_micros(20)));
    let inlet = simulator.inlet(&read);
    let arrivals = Arrivals::poisson(load * CAPACITY);
    simulator.arrivals(inlet, arrivals, move |_| (clock.now(), Meta::NONE));
    simulator.run_for(time);
    let ledger = simulator.drain(Duration::from_secs(1)).unwrap();
    assert_exact(&ledger);
    let mut taken = std::mem::take(&mut *taken.lock().unwrap());
    taken.sort_unstable();
    (ledger, taken)
}

#[test]
fn what_is_too_much_for_the_last_stage_is_refused_at_the_first() {
    for load in [1.5, 3.0, 8.0] {
        let (ledger, taken) = simulate(load, Duration::from_secs(4));
        let p99 = taken[taken.len() * 99 / 100];
        let good = taken.iter().filter(|took| **took <= BUDGET).count();
        let (read, work) = (account(&ledger, "read"), account(&ledger, "work"));
        println!("{load} x: good {good}, p99 {p99:?}, read {read:?}, work {work:?}");
        assert!(p99 <= BUDGET, "{p99:?} at {load} x");
        assert!(good >= 7_400, "{good} of 8,000 at {load} x");
        let lost = read.expired + work.expired;
        assert!(
            lost * 20 <= read.rejected.total(),
            "{lost} were let in in vain"
        );
    }
}

#[test]
fn nothing_is_refused_at_half_the_load() {
    let (ledger, taken) = simulate(0.5, Duration::from_secs(4));
    let read = account(&ledger, "read");
    assert_eq!((read.rejected.total(), read.expired), (0, 0));
    assert_eq!(taken.len() as u64, read.accepted);
}
