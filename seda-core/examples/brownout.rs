//! Doing less for everybody: pages become brief while more comes than can be done in full.
//!
//! A page takes a millisecond of the one worker, and a tenth of that at its
//! briefest. The load goes to three times of what can be done in full, and back.
//! The simulator runs the real graph in virtual time, so the figures are the
//! same every time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{Batch, BoxError, Clock, Graph, Handler, Meta, OverloadManager, Plan};

/// What a page takes in full.
const PAGE: Duration = Duration::from_millis(1);
/// Of a page, what is left at the highest level.
const LEAST: f64 = 0.1;
/// The load, from these seconds on, as a part of what can be done in full.
const STEPS: [(u64, f64); 3] = [(0, 0.5), (2, 3.0), (6, 0.5)];
/// A line is printed for each of these.
const SPANS: [u64; 5] = [0, 2, 4, 6, 8];

/// Gives as much of a page as its level allows.
#[derive(Clone)]
struct Search {
    /// 0 gives all of a page, 255 the least; without it, pages are full.
    level: Option<Arc<AtomicU8>>,
    answered: Arc<AtomicU64>,
}

impl Handler for Search {
    type Event = u64;

    fn handle(&mut self, questions: &mut Batch<u64>) -> Result<(), BoxError> {
        if let Some(level) = &self.level {
            level.store(questions.pressure(), Ordering::Relaxed);
        }
        for _ in questions {
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn main() -> Result<(), BoxError> {
    println!(
        "{:<14} {:>5} {:>9} {:>9} {:>9} {:>11}",
        "", "load", "offered", "refused", "answered", "of a page"
    );
    serve("full pages", None)?;
    serve("brownout", Some(&Arc::default()))
}

fn serve(name: &str, level: Option<&Arc<AtomicU8>>) -> Result<(), BoxError> {
    let answered = Arc::new(AtomicU64::new(0));
    let mut graph = Graph::new(name).with_clock(Clock::manual());
    let search = graph.stage("search").queue(10_000).batch(1);
    let search = search.target(Duration::from_millis(50)).handler(Search {
        level: level.cloned(),
        answered: Arc::clone(&answered),
    });
    // What this process has of memory would be another figure on each machine.
    graph.overload(OverloadManager::default().without_process());
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 7)?;
    let rate = |load: f64| load / PAGE.as_secs_f64();
    let steps = STEPS.map(|(from, load)| (Duration::from_secs(from), rate(load)));
    let inlet = simulator.inlet(&search);
    simulator.arrivals(inlet, Arrivals::steps(steps), |n| (n, Meta::NONE));

    for from in SPANS {
        let before = offered_and_refused(&simulator);
        let mut parts = 0.0;
        for _ in 0..200 {
            let level = level.map_or(0, |level| level.load(Ordering::Relaxed));
            let part = 1.0 - (1.0 - LEAST) * f64::from(level) / 255.0;
            // Nothing computes here, so that the simulator is told what takes less.
            simulator.service("search", Service::exponential(PAGE.mul_f64(part)));
            simulator.run_for(Duration::from_millis(10));
            parts += part / 2.0;
        }
        let now = offered_and_refused(&simulator);
        let load = STEPS.iter().rev().find(|(step, _)| *step <= from);
        println!(
            "{name:<14} {:>4}x {:>9} {:>9} {:>9} {parts:>9.0} %",
            load.map_or(0.0, |(_, load)| *load),
            now.0 - before.0,
            now.1 - before.1,
            answered.swap(0, Ordering::Relaxed),
        );
    }
    let ledger = simulator.drain(Duration::from_secs(10))?;
    assert!(ledger.balances() && ledger.is_empty());
    Ok(())
}

/// Gives what came so far, and what was refused or has expired of it.
fn offered_and_refused(simulator: &Simulator) -> (u64, u64) {
    let ledger = simulator.ledger();
    let account = ledger.stage("search");
    account.map_or((0, 0), |account| {
        let refused = account.rejected.total() + account.expired;
        (account.offered, refused)
    })
}
