//! Contract 1: every queue is bounded, in events, and in time where a target is set.

mod rig;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rig::{Gate, Script, account, assert_exact, drained, now, scripted, wait_until};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{
    Clock, Controller, Graph, Meta, Overflow, Plan, QUEUE_DEFAULT, Reason, Sample, Stage, Tick,
    TimeBound,
};

const CAPACITIES: [usize; 8] = [1, 2, 7, 8, 15, 16, 64, 1_000];

#[test]
fn a_queue_takes_exactly_its_bound_from_outside() {
    for capacity in CAPACITIES {
        let gate = Gate::default();
        let mut graph = Graph::new("bounded");
        let hold = gate.clone();
        let stage = graph.stage("held").queue(capacity).each(move |_: usize| {
            hold.pass();
            Ok(())
        });
        let running = graph.start(Plan::default().workers(1)).unwrap();
        let inlet = running.inlet(&stage);
        inlet.enqueue(0).unwrap();
        gate.await_arrivals(1);
        for n in 1..=capacity {
            inlet.enqueue(n).unwrap();
        }
        let rejected = inlet.enqueue(4_711).unwrap_err();
        assert_eq!((rejected.event, rejected.reason), (4_711, Reason::Full));
        assert_eq!(now(&running, "held").queued, capacity as u64);
        gate.open();
        let held = account(&drained(&running), "held");
        assert_eq!(held.handled, 1 + capacity as u64);
        assert_eq!((held.offered, held.rejected.full), (held.handled + 1, 1));
    }
}

#[test]
fn a_queue_for_which_nothing_is_said_is_bounded_too() {
    let mut graph = Graph::new("default");
    let stage = graph.stage("held").each(|_: usize| Ok(()));
    let inlet = graph.inlet(&stage);
    let taken = (0..10 * QUEUE_DEFAULT).filter(|n| inlet.enqueue(*n).is_ok());
    assert_eq!(taken.count(), QUEUE_DEFAULT);
}

fn scripted_pair(capacity: usize) -> (Graph, Stage<Script<usize>>) {
    let mut graph = Graph::new("pair").with_clock(Clock::manual());
    let sink = graph.stage("sink").queue(capacity).each(|_: usize| Ok(()));
    let script = scripted(&mut graph, "script", &sink, Overflow::Reject);
    (graph, script)
}

#[test]
fn many_threads_together_never_pass_the_bound() {
    const CAPACITY: u64 = 24;
    let mut graph = Graph::new("crowd");
    let stage = graph.stage("one").queue(24).batch(1).each(|_: u64| Ok(()));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let stop = AtomicBool::new(false);
    let most = std::thread::scope(|scope| {
        let producers: Vec<_> = (0..4)
            .map(|_| {
                let inlet = running.inlet(&stage);
                scope.spawn(move || (0..4_000).filter(|n| inlet.enqueue(*n).is_ok()).count())
            })
            .collect();
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !stop.load(Ordering::Relaxed) {
                let ledger = running.ledger();
                assert_exact(&ledger);
                most = most.max(account(&ledger, "one").queued);
            }
            most
        });
        let taken: usize = producers.into_iter().map(|p| p.join().unwrap()).sum();
        stop.store(true, Ordering::Relaxed);
        let most = watch.join().unwrap();
        assert_eq!(account(&drained(&running), "one").handled, taken as u64);
        most
    });
    // A batch gives its room back a moment before it counts as taken.
    assert!(most <= CAPACITY + 1, "{most} events waited");
}

#[test]
fn a_smaller_bound_holds_from_now_on_and_a_larger_one_at_once() {
    let gate = Gate::default();
    let mut graph = Graph::new("resized");
    let hold = gate.clone();
    let stage = graph.stage("held").queue(8).batch(1).each(move |_: u64| {
        hold.pass();
        Ok(())
    });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&stage);
    inlet.enqueue(0).unwrap();
    gate.await_arrivals(1);
    inlet.enqueue_all((0..8).collect()).unwrap();
    assert!(running.resize("held", 4) && !running.resize("nobody", 4));
    for handled in 1..=5 {
        assert_eq!(inlet.enqueue(9).unwrap_err().reason, Reason::Full);
        gate.let_through(1);
        gate.await_arrivals(1 + handled);
    }
    // 3 wait and 1 is in hand, so one more may come in.
    inlet.enqueue(9).unwrap();
    assert_eq!(inlet.enqueue(9).unwrap_err().reason, Reason::Full);
    running.resize("held", 6);
    inlet.enqueue_all(vec![9, 9]).unwrap();
    assert_eq!(inlet.enqueue(9).unwrap_err().reason, Reason::Full);
    gate.open();
    drained(&running);
}

/// Twice as much arrives as one server of 1 ms can do; its budget is 20 ms.
fn overloaded(plan: &Plan) -> (Simulator, Arc<Mutex<Vec<Duration>>>) {
    let clock = Clock::manual();
    let sojourns = Arc::new(Mutex::new(Vec::new()));
    let (seen, watch) = (Arc::clone(&sojourns), clock.clone());
    let mut graph = Graph::new("in time").with_clock(clock.clone());
    let stage = graph
        .stage("serve")
        .queue(10_000)
        .batch(1)
        .target(Duration::from_millis(20))
        .each(move |arrived: Tick| {
            seen.lock().unwrap().push(watch.now().since(arrived));
            Ok(())
        });
    let mut simulator = Simulator::new(graph, plan, 7).unwrap();
    simulator.service("serve", Service::constant(Duration::from_millis(1)));
    let inlet = simulator.inlet(&stage);
    let arrivals = Arrivals::poisson(2_000.0);
    simulator.arrivals(inlet, arrivals, move |_| (clock.now(), Meta::NONE));
    (simulator, sojourns)
}

#[test]
fn a_bound_in_time_narrows_when_the_service_slows_down() {
    let (mut simulator, _) = overloaded(&Plan::default().workers(1));
    let (from, to) = (Duration::from_secs(1), Duration::from_secs(4));
    simulator.slow_down("serve", 4.0, from..to);
    simulator.run_for(to);
    let queued = account(&simulator.ledger(), "serve").queued;
    assert!((1..=6).contains(&queued), "5 fit in 20 ms: {queued}");
    simulator.run_for(Duration::from_secs(2));
    let queued = account(&simulator.ledger(), "serve").queued;
    assert!((12..=20).contains(&queued), "20 fit again: {queued}");
}
