//! What the first implementation of SEDA got wrong, one test for each defect that can recur here.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod rig;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rig::{account, assert_exact, drained, wait_until};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{
    ClassicThreads, Clock, Controller, Decision, Graph, Meta, Plan, Reason, Sample, ThreadControl,
    Tick, TimeBound,
};

/// Simulates one server of 0.1 ms with a budget, and gives offered and handled.
fn served(events_per_second: f64) -> (u64, u64) {
    let mut graph = Graph::new("rates").with_clock(Clock::manual());
    let stage = graph.stage("serve").queue(10_000).batch(16);
    let stage = stage.target(Duration::from_millis(50)).each(|_| Ok(()));
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 11).unwrap();
    simulator.service("serve", Service::exponential(Duration::from_micros(100)));
    let inlet = simulator.inlet(&stage);
    let arrivals = Arrivals::poisson(events_per_second);
    simulator.arrivals(inlet, arrivals, |n| (n, Meta::NONE));
    simulator.run_for(Duration::from_secs(20));
    let ledger = simulator.drain(Duration::from_secs(1)).unwrap();
    assert_exact(&ledger);
    let serve = account(&ledger, "serve");
    (serve.offered, serve.handled)
}

#[test]
fn defect_1_no_clamped_step_caps_the_rate() {
    let (offered, handled) = served(8_000.0);
    assert!(
        offered > 150_000 && handled >= offered * 99 / 100,
        "{handled} of {offered}"
    );
}

#[test]
fn defect_2_a_batch_counts_as_a_whole_against_the_bound() {
    let mut graph = Graph::new("batch");
    let stage = graph.stage("small").queue(4).each(|_: u64| Ok(()));
    let inlet = graph.inlet(&stage);
    let back = inlet.enqueue_all((0..5).collect()).unwrap_err();
    assert_eq!((back.event.len(), back.reason), (5, Reason::Full));
    inlet.enqueue_all((0..4).collect()).unwrap();
    assert_eq!(inlet.enqueue(4).unwrap_err().reason, Reason::Full);
}

#[test]
fn defect_3_a_race_of_enqueuers_and_a_stop_loses_nothing() {
    for _ in 0..50 {
        let handled = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&handled);
        let mut graph = Graph::new("race");
        let stage = graph.stage("one").queue(64).each(move |_: u64| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        let running = graph.start(Plan::default().workers(2)).unwrap();
        let taken: u64 = std::thread::scope(|scope| {
            let producers = [(); 3].map(|()| {
                let inlet = running.inlet(&stage);
                scope.spawn(move || (0..500).filter(|n| inlet.enqueue(*n).is_ok()).count() as u64)
            });
            wait_until("some are handled", || handled.load(Ordering::Relaxed) > 20);
            running.stop();
            producers
                .map(|producer| producer.join().unwrap())
                .iter()
                .sum()
        });
        let one = account(&running.ledger(), "one");
        assert!(one.balances());
        assert_eq!((one.accepted, one.queued, one.in_hand), (taken, 0, 0));
        assert_eq!(one.handled, handled.load(Ordering::Relaxed));
        assert_eq!(one.handled + one.dead_lettered, taken);
    }
}

/// Gives how many threads a controller wants after a time of blocked or busy threads.
fn threads_after(time: Duration, cpu_share: f64) -> usize {
    let mut controller = ThreadControl::new(16, 2);
    let period = controller.period();
    let mut sample = Sample {
        queued: 5_000,
        threads: 1,
        ..Sample::default()
    };
    sample.cpu = Some(Duration::ZERO);
    let mut now = Tick::ZERO;
    while now < Tick::ZERO.after(time) {
        let decision = controller.update(now, &sample);
        sample.threads = decision.threads.unwrap_or(sample.threads);
        let working = period * u32::try_from(sample.threads).unwrap();
        sample.busy += working;
        sample.cpu = sample.cpu.map(|cpu| cpu + working.mul_f64(cpu_share));
        // What waits for something else gains by threads; what computes does not.
        sample.served += if cpu_share > 0.5 {
            100
        } else {
            100 * sample.threads as u64
        };
        now = now.after(period);
    }
    sample.threads
}

#[test]
fn defect_4_a_pool_grows_fast_where_threads_block_and_not_where_they_compute() {
    assert_eq!(threads_after(Duration::from_secs(2), 0.0), 16);
    assert!(threads_after(Duration::from_secs(8), 1.0) <= 3);
}

#[test]
fn defect_5_a_handler_that_fails_loses_one_event_of_its_batch() {
    let mut graph = Graph::new("rest").with_clock(Clock::manual());
    let stage = graph.stage("work").queue(100).batch(100).each(|n: u64| {
        assert!(n != 10, "on purpose");
        Ok(())
    });
    let inlet = graph.inlet(&stage);
    inlet.enqueue_all((0..100).collect()).unwrap();
    let simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    let work = account(&simulator.drain(Duration::from_secs(1)).unwrap(), "work");
    assert_eq!((work.handled, work.failed), (99, 1));
}

#[test]
fn defect_6_a_controller_without_samples_decides_nothing() {
    let controllers: [Box<dyn Controller>; 3] = [
        Box::new(TimeBound::default()),
        Box::new(ThreadControl::new(16, 2)),
        Box::new(ClassicThreads::default()),
    ];
    let target = Some(Duration::from_millis(10));
    let sample = Sample {
        threads: 1,
        limit: 8,
        target,
        ..Sample::default()
    };
    for mut controller in controllers {
        for step in 0..20 {
            let now = Tick::ZERO.after(controller.period() * step);
            assert_eq!(controller.update(now, &sample), Decision::none());
        }
    }
}

#[test]
fn defect_7_counters_are_exact_under_four_threads() {
    const EACH: u64 = 20_000;
    let mut graph = Graph::new("counters");
    let stage = graph.stage("count").queue(256).each(|_: u64| Ok(()));
    let running = graph.start(Plan::default().workers(2)).unwrap();
    let taken: u64 = std::thread::scope(|scope| {
        let producers = [(); 4].map(|()| {
            let inlet = running.inlet(&stage);
            scope.spawn(move || (0..EACH).filter(|n| inlet.enqueue(*n).is_ok()).count() as u64)
        });
        producers
            .map(|producer| producer.join().unwrap())
            .iter()
            .sum()
    });
    let count = account(&drained(&running), "count");
    assert_eq!((count.offered, count.handled), (4 * EACH, taken));
    assert_eq!(count.rejected.full, 4 * EACH - taken);
}

#[test]
fn defect_8_an_event_wakes_a_worker_at_once() {
    let (tell, told) = mpsc::channel();
    let mut graph = Graph::new("asleep");
    let stage = graph.stage("wake").each(move |n: u64| Ok(tell.send(n)?));
    let running = graph.start(Plan::default().workers(2)).unwrap();
    let inlet = running.inlet(&stage);
    for n in 0..200 {
        inlet.enqueue(n).unwrap();
        assert_eq!(told.recv_timeout(Duration::from_millis(500)), Ok(n));
    }
}

#[test]
fn defect_9_a_dropped_reservation_gives_its_room_back() {
    let mut graph = Graph::new("dangling");
    let stage = graph.stage("small").queue(2).each(|_: u64| Ok(()));
    let inlet = graph.inlet(&stage);
    for _ in 0..10 {
        let slots = inlet.reserve(2).unwrap();
        assert_eq!(inlet.enqueue(1).unwrap_err().reason, Reason::Full);
        drop(slots);
    }
    inlet.enqueue_all(vec![1, 2]).unwrap();
}

#[test]
fn defect_10_half_load_is_left_alone() {
    let (offered, handled) = served(5_000.0);
    assert!(offered > 90_000);
    assert_eq!(handled, offered, "needless rejections");
}
