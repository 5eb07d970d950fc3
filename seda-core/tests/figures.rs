//! Contract 10: what an operator and a controller see is true.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "a test stops where something is wrong, and names things as they are"
)]

mod rig;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rig::{Gate, account, drained, wait_until};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{
    Clock, Controller, Decision, Graph, Meta, Next, Overflow, Plan, Reason, Running, Sample, Sink,
    Source, Stage, Tick, TraceId,
};

const MILLI: Duration = Duration::from_millis(1);

type Samples = Arc<Mutex<Vec<(Tick, Sample)>>>;

/// Keeps every sample, and decides what it is told to.
struct Keep {
    samples: Samples,
    decision: Arc<Mutex<Decision>>,
}

impl Controller for Keep {
    fn name(&self) -> &'static str {
        "keep"
    }

    fn period(&self) -> Duration {
        MILLI * 10
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        self.samples.lock().unwrap().push((now, *sample));
        self.decision.lock().unwrap().clone()
    }
}

fn keep() -> (Keep, Samples, Arc<Mutex<Decision>>) {
    let (samples, decision) = (Samples::default(), Arc::<Mutex<Decision>>::default());
    let keep = Keep {
        samples: Arc::clone(&samples),
        decision: Arc::clone(&decision),
    };
    (keep, samples, decision)
}

/// 100 events wait; two threads take 5 ms each.
fn pool() -> (Simulator, Samples) {
    let (keep, samples, _) = keep();
    let mut graph = Graph::new("sampled").with_clock(Clock::manual());
    let stage = graph
        .stage("pool")
        .queue(200)
        .blocking(2..=2)
        .target(MILLI * 2_000)
        .controller(keep)
        .each(|n: u64| {
            if n % 10 == 9 {
                return Err("on purpose".into());
            }
            Ok(())
        });
    let inlet = graph.inlet(&stage);
    inlet.enqueue_all((0..100).collect()).unwrap();
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    simulator.service("pool", Service::constant(MILLI * 5));
    (simulator, samples)
}

#[test]
fn a_controller_sees_what_there_is_at_every_tick() {
    let (mut simulator, samples) = pool();
    // Half a tick more, so that nothing happens at the moment of a sample.
    simulator.run_for(MILLI * 2);
    simulator.run_for(MILLI * 100);
    let samples = samples.lock().unwrap().clone();
    assert_eq!(samples.len(), 10);
    for (n, (at, sample)) in (1..).zip(samples) {
        assert_eq!(at, Tick::ZERO.after(MILLI * 10 * n));
        // Two events end in every 5 ms; at 10 ms, those of 10 ms end too, in an
        // order that the seed decides.
        let ended = u64::from(n) * 4;
        assert_eq!(sample.accepted, 100);
        assert!(
            (ended - 2..=ended).contains(&sample.finished),
            "{n}: {sample:?}"
        );
        assert_eq!(sample.served, sample.finished);
        assert!(sample.in_hand <= 2);
        assert_eq!(sample.queued + sample.in_hand + sample.finished, 100);
        assert_eq!(
            sample.busy,
            MILLI * 5 * u32::try_from(sample.finished).unwrap()
        );
        assert_eq!((sample.threads, sample.limit), (2, 200));
        assert_eq!(sample.target, Some(MILLI * 2_000));
    }
    let pool = account(&simulator.ledger(), "pool");
    assert_eq!((pool.handled, pool.failed), (36, 4));
}

#[test]
fn what_a_controller_decides_is_carried_out() {
    let (keep, samples, decision) = keep();
    *decision.lock().unwrap() = Decision {
        limit: Some(7),
        batch: Some(3),
        threads: Some(2),
        reason: "on purpose".into(),
        ..Decision::none()
    };
    let mut graph = Graph::new("decided").with_clock(Clock::manual());
    let stage = graph
        .stage("pool")
        .queue(20_000)
        .batch(5)
        .blocking(1..=4)
        .controller(keep)
        .each(|_: u64| Ok(()));
    let inlet = graph.inlet(&stage);
    inlet.enqueue_all((0..20_000).collect()).unwrap();
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    simulator.service("pool", Service::constant(Duration::from_micros(30)));
    simulator.run_for(MILLI * 5);
    assert_eq!(account(&simulator.ledger(), "pool").in_hand, 5);
    simulator.run_for(MILLI * 6);
    assert_eq!(account(&simulator.ledger(), "pool").in_hand, 2 * 3);
    let full = inlet.enqueue(1).unwrap_err();
    assert_eq!(full.reason, Reason::Full, "more than 7 wait");
    *decision.lock().unwrap() = Decision::none();
    simulator.run_for(MILLI * 10);
    let last = samples.lock().unwrap().last().unwrap().1;
    assert_eq!((last.limit, last.threads), (7, 2));
}

/// What is decided of threads is held to what the pool may have.
#[test]
fn a_simulated_pool_has_no_fewer_and_no_more_threads_than_it_may() {
    for (wanted, has) in [(0, 1), (2, 2), (99, 3)] {
        let (keep, samples, decision) = keep();
        *decision.lock().unwrap() = Decision {
            threads: Some(wanted),
            ..Decision::none()
        };
        let mut graph = Graph::new("clamped").with_clock(Clock::manual());
        let stage = graph
            .stage("pool")
            .blocking(1..=3)
            .controller(keep)
            .each(|_: u64| Ok(()));
        let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
        simulator.service("pool", Service::constant(MILLI));
        simulator.run_for(MILLI * 25);
        assert_eq!(samples.lock().unwrap().last().unwrap().1.threads, has);
        simulator.inlet(&stage).enqueue(1).unwrap();
        simulator.drain(MILLI * 100).unwrap();
    }
}

/// The drop of an event is counted where it was dropped, and how.
#[test]
fn rejections_are_counted_by_reason_and_drops_as_well() {
    let mut graph = Graph::new("rejections").with_clock(Clock::manual());
    let stage = graph
        .stage("serve")
        .queue(10)
        .batch(1)
        .each(|_: u64| Ok(()));
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    simulator.service("serve", Service::constant(MILLI * 10));
    let inlet = simulator.inlet(&stage).overflow(Overflow::DropNewest);
    simulator.arrivals(inlet, Arrivals::uniform(1_000.0), |n| (n, Meta::NONE));
    simulator.run_for(MILLI * 1_000);
    let serve = account(&simulator.ledger(), "serve");
    assert_eq!(serve.offered, 1_000);
    assert!((108..=111).contains(&serve.accepted), "{serve:?}");
    assert_eq!(serve.rejected.full, serve.offered - serve.accepted);
    assert_eq!(serve.rejected.total(), serve.rejected.full);
}

/// A stage that waits at a gate, and one behind it.
fn two(gate: &Gate, plan: Plan) -> (Running, Stage<u64>) {
    let mut graph = Graph::new("two");
    let second = graph.stage("second").each(|_: u64| Ok(()));
    let hold = gate.clone();
    let first = graph.stage("first").batch(1).each_with(|wire| {
        let second = wire.to(&second);
        move |n| {
            hold.pass();
            Ok(second.enqueue(n)?)
        }
    });
    (graph.start(plan).unwrap(), first)
}

#[test]
fn a_trace_of_a_running_graph_has_every_hop_in_order_with_its_wait() {
    for plan in [Plan::default().workers(2), Plan::seda_classic()] {
        let gate = Gate::default();
        let (running, first) = two(&gate, plan);
        let inlet = running.inlet(&first);
        let id = |n| TraceId::new(n).unwrap();
        let begun = running.now();
        for n in 1..=3 {
            let meta = Meta::NONE.with_trace(id(n));
            inlet.with(meta).enqueue(n).unwrap();
        }
        inlet.enqueue(4).unwrap();
        gate.await_arrivals(1);
        let entered = running.now();
        wait_until("some time has passed", || {
            running.now().since(entered) > MILLI * 3
        });
        gate.open();
        drained(&running);
        for n in 1..=3 {
            let hops = running.trace(id(n));
            let names: Vec<_> = hops.iter().map(|hop| &*hop.stage).collect();
            assert_eq!(names, ["first", "second"], "event {n}");
            assert!(begun <= hops[0].at && hops[0].at <= hops[1].at);
            for hop in &hops {
                assert!(hop.wait <= running.now().since(begun));
                assert!(begun <= hop.at && hop.at <= running.now());
            }
        }
        assert!(running.trace(id(4)).is_empty());
        // Of the three, at most two were in a handler at once: one waited.
        let longest = (1..=3).map(|n| running.trace(id(n))[0].wait).max();
        assert!(longest >= Some(MILLI * 3), "{longest:?}");
    }
}

/// Brings an event each time that it is asked, so many in all.
struct Steady(Sink<()>, usize);

impl Source for Steady {
    fn poll(&mut self, _now: Tick) -> Next {
        if self.1 > 0 {
            self.1 -= 1;
            self.0.enqueue(()).unwrap();
        }
        Next::Idle
    }
}

#[test]
fn what_a_source_brings_has_waited_since_the_worker_looked_before() {
    let clock = Clock::manual();
    let mut graph = Graph::new("slow to look").with_clock(clock.clone());
    let (takes, handled) = (Duration::from_millis(10), Arc::<AtomicUsize>::default());
    let count = Arc::clone(&handled);
    let slow = graph.stage("slow").queue(1).each(move |()| {
        clock.advance(takes);
        count.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    graph
        .source("steady")
        .solo(|wire| Steady(wire.to(&slow), 9));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    wait_until("all are handled", || handled.load(Ordering::SeqCst) == 9);
    drained(&running);
    let wait = running.snapshot().stage("slow").unwrap().wait;
    // Nobody had to wait for the first.
    assert_eq!((wait.count, wait.min), (9, Duration::ZERO));
    assert!(wait.p50 >= takes.mul_f64(0.99), "{wait:?}");
    assert!(wait.max <= takes.mul_f64(1.01), "{wait:?}");
}
