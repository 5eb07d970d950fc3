//! Contract 1: every queue is bounded, in events, and in time where a target is set.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "a test stops where something is wrong, and names things as they are"
)]

mod rig;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rig::{Gate, Script, account, assert_exact, drained, now, scripted};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{
    Clock, Controller, DrainRate, Graph, Meta, Overflow, Plan, QUEUE_DEFAULT, Reason, Sample,
    Stage, Tick,
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

/// One worker pushes more than fits onto its own queue, round after round, by
/// the quick way (in no virtual time, events are fast), the long one, and both.
#[test]
fn a_queue_takes_exactly_its_bound_from_its_own_worker() {
    for capacity in CAPACITIES {
        let (graph, script) = scripted_pair(capacity);
        let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
        let inlet = simulator.inlet(&script);
        let ways: [fn(usize) -> bool; 5] =
            [|_| false, |_| false, |_| true, |n| n % 2 == 0, |n| n > 0];
        for (round, with_meta) in ways.into_iter().enumerate() {
            let (tell, told) = mpsc::channel();
            let offer: Script<usize> = Box::new(move |sink| {
                let later = Meta::NONE.with_deadline(Tick::NEVER.before(Duration::from_secs(1)));
                let taken = (0..2 * capacity).filter(|n| {
                    if with_meta(*n) {
                        sink.with(later).enqueue(*n).is_ok()
                    } else {
                        sink.enqueue(*n).is_ok()
                    }
                });
                tell.send(taken.count()).unwrap();
            });
            inlet.enqueue(offer).ok().unwrap();
            simulator.run_for(Duration::from_secs(1));
            assert_eq!(told.recv().unwrap(), capacity, "in round {round}");
            assert!(simulator.ledger().is_empty());
        }
        let ledger = simulator.drain(Duration::from_secs(1)).unwrap();
        assert_eq!(account(&ledger, "sink").handled, 5 * capacity as u64);
        assert_eq!(account(&ledger, "sink").rejected.full, 5 * capacity as u64);
    }
}

/// The room that one worker keeps ready must not make an empty queue refuse.
#[test]
fn a_small_queue_that_is_empty_takes_an_event_from_any_thread() {
    for capacity in [1, 2, 7, 15] {
        let gate = Gate::default();
        let mut graph = Graph::new("small");
        let hold = gate.clone();
        let busy = graph.stage("busy").each(move |_: usize| {
            hold.pass();
            Ok(())
        });
        let small = graph.stage("small").queue(capacity).each_with(|wire| {
            let busy = wire.to(&busy);
            move |n| Ok(busy.enqueue(n)?)
        });
        let script = scripted(&mut graph, "script", &small, Overflow::Reject);
        let running = graph.start(Plan::default().workers(1)).unwrap();
        let one: Script<usize> = Box::new(|sink| sink.enqueue(1).unwrap_or(()));
        running.inlet(&script).enqueue(one).ok().unwrap();
        // The worker has handled the one event, and takes no rest.
        gate.await_arrivals(1);
        assert_eq!(now(&running, "small").handled, 1);
        let inlet = running.inlet(&small);
        let taken = (0..2 * capacity).filter(|n| inlet.enqueue(*n).is_ok());
        assert_eq!(taken.count(), capacity);
        gate.open();
        drained(&running);
    }
}

fn scripted_pair(capacity: usize) -> (Graph, Stage<Script<usize>>) {
    let mut graph = Graph::new("pair").with_clock(Clock::manual());
    let sink = graph.stage("sink").queue(capacity).each(|_: usize| Ok(()));
    let script = scripted(&mut graph, "script", &sink, Overflow::Reject);
    (graph, script)
}

#[test]
fn many_threads_together_never_pass_the_bound() {
    const CAPACITY: usize = 24;
    let mut graph = Graph::new("crowd");
    let stage = graph
        .stage("one")
        .queue(CAPACITY)
        .batch(1)
        .each(|_: u64| Ok(()));
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
                assert_exact(&running.ledger());
                // What the ledger calls queued is read in two steps, and events
                // pass in between; the room that is spoken for is one number.
                let snapshot = running.snapshot();
                most = most.max(snapshot.stage("one").map_or(0, |stage| stage.reserved));
            }
            most
        });
        let taken: usize = producers.into_iter().map(|p| p.join().unwrap()).sum();
        stop.store(true, Ordering::Relaxed);
        let most = watch.join().unwrap();
        assert_eq!(account(&drained(&running), "one").handled, taken as u64);
        most
    });
    assert!(most <= CAPACITY, "{most} events waited");
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
fn a_queue_with_a_target_holds_no_more_than_its_budget_can_drain() {
    let plan = Plan::default().workers(1);
    for plan in [plan.clone(), plan.without_statistics()] {
        let (mut simulator, sojourns) = overloaded(&plan);
        simulator.run_for(Duration::from_secs(1));
        sojourns.lock().unwrap().clear();
        for _ in 0..1_000 {
            simulator.run_for(Duration::from_millis(1));
            let queued = account(&simulator.ledger(), "serve").queued;
            assert!((9..=15).contains(&queued), "{queued} events wait");
        }
        let longest = sojourns.lock().unwrap().iter().max().copied().unwrap();
        assert!(longest <= Duration::from_millis(18), "{longest:?}");
        let served = sojourns.lock().unwrap().len();
        assert!((950..=1_001).contains(&served), "{served} of 1,000 served");
        assert_exact(&simulator.drain(Duration::from_secs(1)).unwrap());
    }
}

#[test]
fn a_bound_in_time_narrows_when_the_service_slows_down() {
    let (mut simulator, _) = overloaded(&Plan::default().workers(1));
    let (from, to) = (Duration::from_secs(1), Duration::from_secs(4));
    simulator.slow_down("serve", 4.0, from..to);
    simulator.run_for(to);
    let queued = account(&simulator.ledger(), "serve").queued;
    assert!(
        (1..=3).contains(&queued),
        "3 fit in 16 ms beside one in hand: {queued}"
    );
    simulator.run_for(Duration::from_secs(2));
    let queued = account(&simulator.ledger(), "serve").queued;
    assert!((9..=15).contains(&queued), "15 fit again: {queued}");
}

#[test]
fn a_bound_in_time_comes_back_after_somebody_set_another() {
    let mut bound = DrainRate::default();
    let mut sample = Sample {
        threads: 1,
        limit: 1_000,
        target: Some(Duration::from_millis(20)),
        ..Sample::default()
    };
    let mut now = Tick::ZERO;
    let mut next = |limit| {
        sample.limit = limit;
        now = now.after(Duration::from_millis(100));
        let decision = bound.update(now, &sample);
        sample.served += 100;
        sample.busy += Duration::from_millis(100);
        decision.limit
    };
    assert_eq!(next(1_000), None);
    assert_eq!(next(1_000), Some(15));
    assert_eq!(next(15), None, "it holds");
    assert_eq!(next(500), Some(15), "somebody resized the queue");
    assert_eq!(next(7), None, "a smaller capacity holds as well");
}
