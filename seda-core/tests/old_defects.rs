//! What the first implementation of SEDA got wrong, one test for each defect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "a test stops where something is wrong, and names things as they are"
)]

mod rig;

use std::io;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rig::{Gate, account, drained, now, wait_until};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::testing::probe;
use seda_core::{
    Admission, ClassicThreads, Clock, Controller, Decision, DrainRate, Driver, Graph, Meta, Next,
    Parker, Plan, QueueView, Reason, Running, Sample, Sink, Source, Stage, ThreadControl, Tick,
    Verdict, Wake,
};

const SECOND: Duration = Duration::from_secs(1);

/// Makes an event at every multiple of a gap, whenever it is polled.
struct Paced {
    to: Sink<u64>,
    next: Tick,
    gap: Duration,
}

impl Source for Paced {
    fn poll(&mut self, now: Tick) -> Next {
        while self.next <= now {
            let _ = self.to.enqueue(1);
            self.next = self.next.after(self.gap);
        }
        Next::At(self.next)
    }
}

/// Defect 1: A regeneration step clamped to 1 ms capped every rate at 1,000/s.
#[test]
fn defect_1_rates_above_a_thousand_a_second_are_not_capped() {
    let mut graph = Graph::new("fast").with_clock(Clock::manual());
    let arrived = graph.stage("arrived").queue(100).each(|_: u64| Ok(()));
    let made = graph.stage("made").queue(100).each(|_: u64| Ok(()));
    graph.source("paced").solo(|wire| Paced {
        to: wire.to(&made),
        next: Tick::ZERO,
        gap: Duration::from_micros(20),
    });
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    let inlet = simulator.inlet(&arrived);
    simulator.arrivals(inlet, Arrivals::uniform(50_000.0), |n| (n, Meta::NONE));
    simulator.run_for(SECOND);
    let ledger = simulator.ledger();
    for stage in ["arrived", "made"] {
        let handled = account(&ledger, stage).handled;
        assert!((49_990..=50_001).contains(&handled), "{stage}: {handled}");
    }
}

/// A bucket of tokens, as a policy of an application would be.
#[derive(Clone, Default)]
struct Bucket(Arc<AtomicI64>);

impl Admission<u64> for Bucket {
    fn admit(&self, _: &u64, meta: &Meta, view: &QueueView) -> Verdict {
        self.admit_room(1, meta, view)
    }

    fn admit_all(&self, events: &[u64], meta: &Meta, view: &QueueView) -> Verdict {
        self.admit_room(events.len(), meta, view)
    }

    fn admit_room(&self, n: usize, _: &Meta, _: &QueueView) -> Verdict {
        self.0
            .fetch_sub(i64::try_from(n).unwrap(), Ordering::SeqCst);
        Verdict::Admit
    }

    fn give_back(&self, n: usize, _: &Meta) {
        self.0
            .fetch_add(i64::try_from(n).unwrap(), Ordering::SeqCst);
    }
}

/// Defect 2: A batch of any length passed the bound; a refused one had consumed its tokens.
#[test]
fn defect_2_a_batch_counts_as_a_whole_and_consumes_nothing_when_it_is_refused() {
    let bucket = Bucket::default();
    bucket.0.store(100, Ordering::SeqCst);
    let mut graph = Graph::new("batch");
    let stage = graph
        .stage("small")
        .queue(10)
        .admission(bucket.clone())
        .each(|_: u64| Ok(()));
    let inlet = graph.inlet(&stage);
    inlet.enqueue(1).unwrap();
    let back = inlet.enqueue_all(vec![1; 10]).unwrap_err();
    assert_eq!((back.event.len(), back.reason), (10, Reason::Full));
    assert_eq!(bucket.0.load(Ordering::SeqCst), 99);
    inlet.enqueue_all(vec![1; 9]).unwrap();
    assert_eq!(bucket.0.load(Ordering::SeqCst), 90);
}

/// Counts the wakes of all workers, and who sleeps.
#[derive(Clone, Default)]
struct Watched {
    wakes: Arc<AtomicUsize>,
    asleep: Arc<AtomicUsize>,
}

struct WatchedDriver(Parker, Watched);

struct WatchedWaker(Arc<dyn Wake>, Watched);

impl Driver for WatchedDriver {
    fn turn(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if timeout == Some(Duration::ZERO) {
            return self.0.turn(timeout);
        }
        self.1.asleep.fetch_add(1, Ordering::SeqCst);
        let turned = self.0.turn(timeout);
        self.1.asleep.fetch_sub(1, Ordering::SeqCst);
        turned
    }

    fn waker(&self) -> Arc<dyn Wake> {
        Arc::new(WatchedWaker(self.0.waker(), self.1.clone()))
    }
}

impl Wake for WatchedWaker {
    fn wake(&self) {
        self.1.wakes.fetch_add(1, Ordering::SeqCst);
        self.0.wake();
    }
}

/// Four watched workers with one stage that waits at a gate.
fn watched() -> (Running, Stage<u64>, Gate, Watched) {
    let (gate, watched) = (Gate::default(), Watched::default());
    let mut graph = Graph::new("watched");
    let hold = gate.clone();
    let stage = graph.stage("held").batch(1).each(move |_: u64| {
        hold.pass();
        Ok(())
    });
    let watch = watched.clone();
    graph.driver(move |_| Ok(Box::new(WatchedDriver(Parker::default(), watch.clone())) as _));
    let running = graph.start(Plan::default().workers(4)).unwrap();
    let asleep = Arc::clone(&watched.asleep);
    wait_until("all sleep", || asleep.load(Ordering::SeqCst) == 4);
    (running, stage, gate, watched)
}

/// Defect 3: Each enqueue woke every thread, and `closed` was read outside the lock.
#[test]
fn defect_3_an_enqueue_wakes_one_sleeper_and_none_when_all_are_awake() {
    let (running, stage, gate, watched) = watched();
    let inlet = running.inlet(&stage);
    let before = watched.wakes.load(Ordering::SeqCst);
    for n in 1..=4 {
        inlet.enqueue(1).unwrap();
        gate.await_arrivals(n);
        let wakes = watched.wakes.load(Ordering::SeqCst) - before;
        assert_eq!(wakes, n, "one wake for one event");
    }
    // All four workers are in a handler now.
    (0..100).for_each(|_| inlet.enqueue(1).unwrap());
    assert_eq!(watched.wakes.load(Ordering::SeqCst) - before, 4);
    gate.open();
    assert_eq!(account(&drained(&running), "held").handled, 104);
}

#[test]
fn defect_3_what_is_enqueued_while_a_graph_stops_is_given_back_or_accounted_for() {
    for _ in 0..50 {
        let mut graph = Graph::new("closing");
        let stage = graph.stage("last").queue(100).each(|_: u64| Ok(()));
        let running = graph.start(Plan::default().workers(1)).unwrap();
        let accepted = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let inlet = running.inlet(&stage);
                    scope.spawn(move || {
                        let mut accepted = 0;
                        loop {
                            match inlet.enqueue(1) {
                                Ok(()) => accepted += 1,
                                Err(back) if back.reason == Reason::Closed => return accepted,
                                Err(_) => std::thread::yield_now(),
                            }
                        }
                    })
                })
                .collect();
            wait_until("some are handled", || now(&running, "last").handled > 0);
            running.stop();
            let counts = threads.into_iter().map(|thread| thread.join().unwrap());
            counts.sum::<u64>()
        });
        let last = now(&running, "last");
        assert_eq!(last.accepted, accepted);
        assert_eq!(last.handled + last.dead_lettered, accepted, "{last:?}");
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Blocks,
    Computes,
}

/// How many threads a pool of up to 16 has after two seconds of overload.
fn grown(controller: impl Controller + 'static, work: Work) -> usize {
    let mut model = Model {
        controller: Box::new(controller),
        threads: 1,
        blocks: work == Work::Blocks,
    };
    let until = 2 * SECOND.as_millis() / model.controller.period().as_millis();
    for n in 1..=until {
        model.tick(u32::try_from(n).unwrap());
    }
    model.threads
}

/// A pool whose threads block all the time, or compute all the time, on 2 cores.
struct Model {
    controller: Box<dyn Controller>,
    threads: usize,
    blocks: bool,
}

impl Model {
    fn tick(&mut self, n: u32) {
        let at = self.controller.period() * n;
        let threads = u32::try_from(self.threads).unwrap();
        let at_once = if self.blocks { threads } else { threads.min(2) };
        let sample = Sample {
            queued: 5_000,
            served: u64::from(at_once) * u64::from(n) * 100,
            busy: at * threads,
            cpu: Some(if self.blocks {
                Duration::ZERO
            } else {
                at * threads
            }),
            threads: self.threads,
            ..Sample::default()
        };
        let decision = self.controller.update(Tick::ZERO.after(at), &sample);
        self.threads = decision.threads.unwrap_or(self.threads);
    }
}

/// Defect 4: The pool grew by one thread in 8 s and did not ask whether that helps.
#[test]
fn defect_4_a_pool_that_blocks_grows_at_once_and_one_that_computes_does_not() {
    assert!(grown(ThreadControl::new(16, 2), Work::Blocks) >= 12);
    assert!(grown(ThreadControl::new(16, 2), Work::Computes) <= 3);
    assert_eq!(
        grown(ClassicThreads::default(), Work::Blocks),
        1,
        "the defect itself"
    );
}

/// Defect 5: An exception lost the rest of its batch.
#[test]
fn defect_5_a_failure_loses_one_event_of_its_batch() {
    let seen = Arc::<Mutex<Vec<u64>>>::default();
    let see = Arc::clone(&seen);
    let mut graph = Graph::new("batch").with_clock(Clock::manual());
    let stage = graph.stage("fails").each(move |n: u64| {
        if n == 5 {
            return Err("on purpose".into());
        }
        assert!(n != 7, "on purpose");
        see.lock().unwrap().push(n);
        Ok(())
    });
    let inlet = graph.inlet(&stage);
    inlet.enqueue_all((0..10).collect()).unwrap();
    let simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    let ledger = simulator.drain(SECOND).unwrap();
    assert_eq!(*seen.lock().unwrap(), [0, 1, 2, 3, 4, 6, 8, 9]);
    assert_eq!(account(&ledger, "fails").failed, 2);
}

/// Defect 6: A timer that fired without samples used the first of a stale array.
#[test]
fn defect_6_a_controller_without_samples_decides_nothing() {
    let target = Some(Duration::from_millis(10));
    let controllers: [Box<dyn Controller>; 3] = [
        Box::new(DrainRate::default()),
        Box::new(ThreadControl::new(8, 2)),
        Box::new(ClassicThreads::default()),
    ];
    for mut controller in controllers {
        for n in 0..20 {
            let at = Tick::ZERO.after(controller.period() * n);
            let nothing = Sample {
                threads: 1,
                limit: 100,
                target,
                ..Sample::default()
            };
            assert_eq!(controller.update(at, &nothing), Decision::none());
            // Twice at one moment: no time has passed, and nothing is divided by it.
            assert_eq!(controller.update(at, &nothing), Decision::none());
        }
    }
}

/// Defect 7: Racy counters fed a controller.
#[test]
fn defect_7_counts_of_many_threads_are_exact() {
    let last = Arc::<Mutex<Sample>>::default();
    let total = AtomicU64::new(0);
    let mut graph = Graph::new("counts");
    let stage = graph
        .stage("many")
        .queue(64)
        .blocking(4..=4)
        .controller(Keep(Arc::clone(&last)))
        .each(|_: u64| Ok(()));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let inlet = running.inlet(&stage);
            let total = &total;
            scope.spawn(move || {
                let accepted = (0..20_000).filter(|n| inlet.enqueue(*n).is_ok()).count();
                total.fetch_add(accepted as u64, Ordering::Relaxed);
            });
        }
    });
    let total = total.load(Ordering::Relaxed);
    wait_until("the controller sees all of it", || {
        let sample = *last.lock().unwrap();
        let (accepted, finished) = (sample.accepted, sample.finished);
        (accepted, finished, sample.served) == (total, total, total)
    });
    assert_eq!(account(&drained(&running), "many").handled, total);
}

/// Keeps the last sample.
struct Keep(Arc<Mutex<Sample>>);

impl Controller for Keep {
    fn name(&self) -> &'static str {
        "keep"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn update(&mut self, _now: Tick, sample: &Sample) -> Decision {
        *self.0.lock().unwrap() = *sample;
        Decision::none()
    }
}

/// Has as many threads as the test says.
struct Ordered(Arc<AtomicUsize>, Arc<AtomicUsize>);

impl Controller for Ordered {
    fn name(&self) -> &'static str {
        "ordered"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn update(&mut self, _now: Tick, sample: &Sample) -> Decision {
        self.1.store(sample.threads, Ordering::SeqCst);
        Decision {
            threads: Some(self.0.load(Ordering::SeqCst)),
            ..Decision::none()
        }
    }
}

/// Defect 8: What came while a thread slept waited for up to a second. A thread that
/// sits on the seat of one that has left must be woken as that one was.
#[test]
fn defect_8_a_thread_that_was_hired_again_is_woken_at_once() {
    let (wanted, threads) = (Arc::new(AtomicUsize::new(2)), Arc::default());
    let mut graph = Graph::new("hired");
    let stage = graph
        .stage("pool")
        .blocking(1..=2)
        .controller(Ordered(Arc::clone(&wanted), Arc::clone(&threads)))
        .each(|_: u64| Ok(()));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&stage);
    let has = |n| threads.load(Ordering::SeqCst) == n;
    wait_until("there are two", || has(2));
    wanted.store(1, Ordering::SeqCst);
    wait_until("one has left", || has(1));
    wanted.store(2, Ordering::SeqCst);
    wait_until("another has come", || has(2));
    for n in 1..=40 {
        (0..500).for_each(|_| std::thread::yield_now());
        let begun = Instant::now();
        inlet.enqueue(n).unwrap();
        wait_until("it is handled", || now(&running, "pool").handled == n);
        let waited = begun.elapsed();
        assert!(waited < SECOND * 2 / 5, "event {n} waited for {waited:?}");
    }
    drained(&running);
}

/// The same in a domain whose drivers sleep for ever: else this would hang.
#[test]
fn defect_8_workers_that_sleep_for_ever_are_woken_by_every_enqueue() {
    let (running, stage, gate, watched) = watched();
    gate.open();
    for _ in 0..50 {
        running.inlet(&stage).enqueue(1).unwrap();
        wait_until("it is handled", || running.ledger().is_empty());
        let asleep = Arc::clone(&watched.asleep);
        wait_until("all sleep", || asleep.load(Ordering::SeqCst) == 4);
    }
    drained(&running);
}

/// Defect 9: A reservation could dangle for ever.
#[test]
fn defect_9_a_dropped_reservation_gives_its_room_back() {
    let (sink, seen) = probe(3);
    for n in 0..100 {
        let mut slots = sink.reserve(3).unwrap();
        slots.fill(n);
        if n % 2 == 0 {
            let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
                let _held = slots;
                panic!("on purpose");
            }));
            assert!(unwound.is_err());
        }
        assert_eq!(seen.take(), [n]);
    }
    assert!(sink.reserve(3).is_ok());
}

/// Defect 10: Its controllers rejected most of the traffic at half load.
#[test]
fn defect_10_nothing_is_rejected_at_half_load() {
    let mut graph = Graph::new("half").with_clock(Clock::manual());
    let stage = graph
        .stage("serve")
        .queue(10_000)
        .batch(1)
        .target(Duration::from_millis(25))
        .each(|_: u64| Ok(()));
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 10).unwrap();
    simulator.service("serve", Service::exponential(Duration::from_micros(250)));
    let inlet = simulator.inlet(&stage);
    simulator.arrivals(inlet, Arrivals::poisson(2_000.0), |n| (n, Meta::NONE));
    simulator.run_for(SECOND * 60);
    let serve = account(&simulator.drain(SECOND).unwrap(), "serve");
    assert!(serve.offered > 115_000);
    assert_eq!((serve.rejected.total(), serve.expired), (0, 0), "{serve:?}");
}
