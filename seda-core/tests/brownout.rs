//! The pressure reaches handlers under overload and goes back after; less urgent events are shed.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

mod rig;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::Duration;

use rig::{PATIENCE, wait_until};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{
    Batch, BoxError, Class, Clock, Concern, Graph, Handler, Meta, OverloadAction, OverloadManager,
    Plan, Reading, Reason, Running, Sink,
};

/// Notes the level that its last batch was told.
#[derive(Clone, Default)]
struct Told(Arc<AtomicU8>);

impl Told {
    fn level(&self) -> u8 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Handler for Told {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        self.0.store(batch.pressure(), Ordering::SeqCst);
        batch.for_each(drop);
        Ok(())
    }
}

#[test]
fn under_overload_the_level_reaches_the_handler_and_comes_back_after() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let secs = Duration::from_secs;
    let told = Told::default();
    let mut graph = Graph::new("brownout").with_clock(Clock::manual());
    let serve = graph
        .stage("serve")
        .queue(10_000)
        .target(Duration::from_millis(50));
    let serve = serve.handler(told.clone());
    graph.overload(OverloadManager::default());
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), seed).unwrap();
    simulator.service("serve", Service::exponential(Duration::from_millis(1)));
    let inlet = simulator.inlet(&serve);
    let steps = [(secs(0), 300.0), (secs(4), 4_000.0), (secs(10), 300.0)];
    let class = |n| {
        if n % 2 == 0 {
            Class::LOW
        } else {
            Class::NORMAL
        }
    };
    let make = move |n| (n, Meta::NONE.with_class(class(n)));
    simulator.arrivals(inlet, Arrivals::steps(steps), make);

    simulator.run_for(secs(4));
    assert_eq!(told.level(), 0, "at a third of what it can do");
    assert_eq!(
        simulator.ledger().stage("serve").unwrap().rejected.total(),
        0
    );
    simulator.run_for(secs(6));
    assert!(told.level() > 128, "{} at four times", told.level());
    let overload = simulator.snapshot().overload.unwrap();
    assert_eq!(overload.actions, [OverloadAction::ShedClasses]);
    let reasons: Vec<_> = overload
        .decided
        .iter()
        .map(|decided| &*decided.reason)
        .collect();
    assert!(
        reasons
            .iter()
            .all(|reason| reason.contains("queued at `serve`")),
        "{reasons:?}"
    );
    let page = simulator.snapshot().to_prometheus();
    let line = "seda_overload_action{graph=\"brownout\",action=\"shed-classes\"} 1\n";
    assert!(page.contains(line), "{page}");
    let set = simulator.snapshot().stage("serve").unwrap().conditions;
    assert_eq!(set.shed_from, Some(Class::LOW));

    simulator.run_for(secs(15));
    assert_eq!(told.level(), 0, "15 s after");
    let overload = simulator.snapshot().overload.unwrap();
    assert!(overload.actions.is_empty(), "{overload:?}");
    assert!(simulator.drain(secs(5)).unwrap().balances());
}

/// A graph whose only pressure is what the test says, in parts of 1,000.
fn by_hand(told: &Told) -> (Running, Sink<u64>, Arc<AtomicU32>) {
    let said = Arc::new(AtomicU32::new(0));
    let read = Arc::clone(&said);
    let mut graph = Graph::new("by hand");
    let stage = graph.stage("told").queue(64).handler(told.clone());
    let manager = OverloadManager::default().without_process();
    graph.overload(manager.monitor(move |_: &_| {
        let pressure = f64::from(read.load(Ordering::SeqCst)) / 1_000.0;
        Some(Reading {
            monitor: "hand",
            concern: Concern::Supply,
            pressure,
            words: format!("{pressure} by hand"),
        })
    }));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&stage);
    (running, inlet, said)
}

#[test]
fn on_threads_the_level_reaches_the_handler_and_sheds_the_less_urgent() {
    let told = Told::default();
    let (running, inlet, said) = by_hand(&told);
    let low = Meta::NONE.with_class(Class::LOW);
    let level_now = || {
        let handled = || running.ledger().stage("told").unwrap().handled;
        let before = handled();
        inlet.enqueue(1).unwrap();
        wait_until("it is handled", || handled() > before);
        told.level()
    };
    assert_eq!(level_now(), 0);
    inlet.with(low).enqueue(1).unwrap();

    said.store(1_000, Ordering::SeqCst);
    wait_until("handlers are told", || level_now() >= 128);
    let pressure = running.pressure();
    assert!(
        OverloadAction::ALL
            .into_iter()
            .all(|action| pressure.calls_for(action))
    );
    let mut shed = None;
    wait_until("the less urgent are shed", || {
        shed = inlet.with(low).enqueue(1).err();
        shed.is_some()
    });
    assert_eq!(shed.unwrap().reason, Reason::Shed);

    said.store(0, Ordering::SeqCst);
    wait_until("it is over", || level_now() < 100);
    assert!(
        !OverloadAction::ALL
            .into_iter()
            .any(|action| pressure.calls_for(action))
    );
    wait_until("all are let in", || inlet.with(low).enqueue(1).is_ok());
    let ledger = running.drain(PATIENCE).unwrap();
    assert!(ledger.stage("told").unwrap().rejected.shed >= 1);
    assert!(ledger.balances());
}
