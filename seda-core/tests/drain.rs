//! Contract 7: a drain finishes what is accepted, a stop does not; both may be called anyhow.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "a test stops where something is wrong, and names things as they are"
)]

mod rig;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock, mpsc};
use std::time::Duration;

use rig::{Gate, PATIENCE, account, assert_exact, drained, now, wait_until};
use seda_core::simulator::{Service, Simulator};
use seda_core::{
    Batch, BoxError, Clock, DeadLetter, Death, DomainKind, Graph, Handler, Ledger, Meta, Next,
    Overflow, Plan, QueueView, Reason, Running, Sink, Source, Stage, Tick, Verdict,
};

/// A line of stages; each event is passed on `copies` times by each but the last.
fn fan_out(plan: Plan, copies: u64) -> (Running, Stage<u64>) {
    let mut graph = Graph::new("line");
    let mut next = graph.stage("s0").queue(10).each(|_: u64| Ok(()));
    for depth in 1..4 {
        let to = next;
        next = graph
            .stage(&format!("s{depth}"))
            .queue(10_000)
            .handler_with(|wire| Copies {
                to: wire.to(&to).overflow(Overflow::Defer),
                times: copies,
                left: 0,
            });
    }
    (graph.start(plan).unwrap(), next)
}

/// Sends each event a number of times; remembers where it was when refused.
#[derive(Clone)]
struct Copies {
    to: Sink<u64>,
    times: u64,
    left: u64,
}

impl Handler for Copies {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(event) = batch.next() {
            if self.left == 0 {
                self.left = self.times;
            }
            while self.left > 0 {
                if self.to.enqueue(event).is_err() {
                    batch.defer(event);
                    return Ok(());
                }
                self.left -= 1;
            }
        }
        Ok(())
    }
}

fn plans() -> [Plan; 4] {
    let pool = DomainKind::Blocking { min: 1, max: 1 };
    [
        Plan::default().workers(1),
        Plan::default()
            .workers(1)
            .domain("pool", pool)
            .place("s0", "pool"),
        Plan::default()
            .workers(1)
            .domain("pool", pool)
            .place("s2", "pool"),
        Plan::seda_classic(),
    ]
}

#[test]
fn a_drain_finishes_everything_that_what_was_accepted_leads_to() {
    for plan in plans() {
        let (running, first) = fan_out(plan, 4);
        let inlet = running.inlet(&first);
        inlet.enqueue_all((0..50).collect()).unwrap();
        let ledger = drained(&running);
        for (stage, handled) in [("s3", 50), ("s2", 200), ("s1", 800), ("s0", 3_200)] {
            assert_eq!(account(&ledger, stage).handled, handled, "{stage}");
        }
        let back = inlet.enqueue(7).unwrap_err();
        assert_eq!((back.event, back.reason), (7, Reason::Closed));
        assert!(!running.is_running());
    }
}

#[test]
fn loops_run_until_they_are_empty() {
    for plan in [
        Plan::default().workers(1),
        Plan::default().workers(3),
        Plan::seda_classic(),
    ] {
        let mut graph = Graph::new("loop");
        let back = graph.declare::<u64>("back", 1_000);
        let there = graph.stage("there").queue(1_000).each_with(|wire| {
            let back = wire.to(&back).overflow(Overflow::Reject);
            move |n: u64| {
                let _: () = if n > 0 {
                    back.enqueue(n - 1)?;
                };
                Ok(())
            }
        });
        let back = graph.define(&back).each_with(|wire| {
            let there = wire.to(&there).overflow(Overflow::Reject);
            move |n: u64| Ok(there.enqueue(n)?)
        });
        let running = graph.start(plan).unwrap();
        let inlet = running.inlet(&back);
        inlet.enqueue_all(vec![200; 20]).unwrap();
        let ledger = drained(&running);
        assert_eq!(account(&ledger, "there").handled, 20 * 201);
        assert_eq!(account(&ledger, "back").handled, 20 * 201);
    }
}

/// A stage that holds its first event, with more behind it.
fn stuck() -> (Running, Sink<u64>, Gate) {
    let gate = Gate::default();
    let hold = gate.clone();
    let mut graph = Graph::new("stuck");
    let stage = graph
        .stage("stuck")
        .batch(1)
        .blocking(1..=1)
        .each(move |_: u64| {
            hold.pass();
            Ok(())
        });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&stage);
    inlet.enqueue_all((0..10).collect()).unwrap();
    gate.await_arrivals(1);
    (running, inlet, gate)
}

#[test]
fn a_deadline_turns_what_is_left_into_dead_letters_and_lists_them() {
    let (running, _inlet, gate) = stuck();
    let error = running.drain(Duration::from_millis(5)).unwrap_err();
    assert_exact(&error.ledger);
    let stuck = account(&error.ledger, "stuck");
    assert_eq!(
        (stuck.dead_lettered, stuck.in_hand, stuck.queued),
        (9, 1, 0)
    );
    let text = error.to_string();
    assert!(
        text.contains("`stuck`: 9 dead-lettered, 1 in hand"),
        "{text}"
    );
    gate.open();
    // Later calls give the final ledger.
    wait_until("the handler is back", || running.ledger().is_empty());
    let stuck = account(&running.stop(), "stuck");
    assert_eq!((stuck.handled, stuck.dead_lettered), (1, 9));
    let again = running.drain(PATIENCE).unwrap_err();
    assert_eq!(again.ledger, running.ledger());
}

#[test]
fn a_stop_buries_what_waits_and_comes_back_at_once() {
    for plan in plans() {
        let (running, first) = fan_out(plan, 4);
        let inlet = running.inlet(&first);
        inlet.enqueue_all((0..5_000).collect()).unwrap();
        wait_until("some came through", || now(&running, "s0").handled > 10);
        let ledger = running.stop();
        assert_exact(&ledger);
        assert!(ledger.is_empty(), "{ledger}");
        assert!(account(&ledger, "s3").dead_lettered > 0, "{ledger}");
        assert_eq!(inlet.enqueue(1).unwrap_err().reason, Reason::Closed);
        assert_eq!(running.stop(), running.ledger());
    }
}

#[test]
fn drains_and_stops_from_many_threads_all_end_with_one_ledger() {
    for round in 0..30 {
        let (running, first) = fan_out(Plan::default().workers(2), 3);
        running
            .inlet(&first)
            .enqueue_all((0..300).collect())
            .unwrap();
        let ledgers = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6)
                .map(|thread| {
                    let running = running.clone();
                    scope.spawn(move || match (thread + round) % 3 {
                        0 => running.stop(),
                        1 => running
                            .drain(Duration::from_millis(1))
                            .unwrap_or_else(|error| error.ledger),
                        _ => running.drain(PATIENCE).unwrap_or_else(|error| error.ledger),
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect::<Vec<_>>()
        });
        for ledger in ledgers {
            assert_exact(&ledger);
            assert!(ledger.is_empty(), "{ledger}");
            assert_eq!(ledger, running.ledger());
        }
    }
}

/// Has the graph's worker leave and another thread stop the graph while it is
/// being buried, and lets that thread get ahead.
struct Last {
    running: Running,
    gate: Gate,
    ledgers: mpsc::Sender<Ledger>,
}

impl Drop for Last {
    fn drop(&mut self) {
        let (running, ledgers) = (self.running.clone(), self.ledgers.clone());
        let begun = Arc::new(Barrier::new(2));
        let other = Arc::clone(&begun);
        std::thread::spawn(move || {
            other.wait();
            ledgers.send(running.stop()).unwrap();
        });
        self.gate.open();
        begun.wait();
        (0..10_000).for_each(|_| std::thread::yield_now());
    }
}

#[test]
fn a_stop_waits_for_what_another_one_is_burying() {
    let gate = Gate::default();
    let hold = gate.clone();
    let mut graph = Graph::new("twice");
    let stage = graph.stage("stuck").batch(1).each(move |_: Option<Last>| {
        hold.pass();
        Ok(())
    });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&stage);
    inlet.enqueue(None).unwrap();
    gate.await_arrivals(1);
    let (ledgers, told) = mpsc::channel();
    let last = Last {
        running: running.clone(),
        gate,
        ledgers,
    };
    inlet.enqueue(Some(last)).unwrap();
    let mine = running.stop();
    for ledger in [mine, told.recv().unwrap()] {
        assert_exact(&ledger);
        assert!(ledger.is_empty(), "{ledger}");
    }
}

#[test]
fn a_graph_that_nobody_holds_any_more_stops() {
    let (running, inlet, gate) = stuck();
    gate.open();
    drop(running.clone());
    inlet.enqueue(1).unwrap();
    drop(running);
    assert_eq!(inlet.enqueue(1).unwrap_err().reason, Reason::Closed);
}

/// Slots reserved before a drain are promised: they may be filled during it.
#[test]
fn slots_that_are_outstanding_at_a_drain_may_be_filled_or_dropped() {
    let gate = Gate::default();
    let hold = gate.clone();
    let mut graph = Graph::new("slots");
    let stage = graph.stage("last").each(|_: u64| Ok(()));
    let busy = graph.stage("busy").blocking(1..=1).each(move |(): ()| {
        hold.pass();
        Ok(())
    });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&stage);
    running.inlet(&busy).enqueue(()).unwrap();
    gate.await_arrivals(1);
    let (mut during, dropped, mut after) = (
        inlet.reserve(2).unwrap(),
        inlet.reserve(3).unwrap(),
        inlet.reserve(1).unwrap(),
    );
    running.begin_drain();
    assert_eq!(inlet.enqueue(9).unwrap_err().reason, Reason::Closed);
    during.fill(1);
    during.fill(2);
    drop(dropped);
    gate.open();
    let ledger = drained(&running);
    assert_eq!(account(&ledger, "last").handled, 2);
    // The graph has stopped: the event is accounted for all the same.
    after.fill(3);
    let last = now(&running, "last");
    assert_exact(&running.ledger());
    assert_eq!((last.accepted, last.dead_lettered), (3, 1));
}

/// Reads requests and writes what came back as answers, one at a poll.
struct Socket {
    requests: Sink<u64>,
    answers: mpsc::Receiver<u64>,
    written: Arc<Mutex<Vec<u64>>>,
    next: u64,
    open: u64,
    quiesced: bool,
}

impl Source for Socket {
    fn poll(&mut self, now: Tick) -> Next {
        if !self.quiesced && self.open < 64 && self.requests.enqueue(self.next).is_ok() {
            self.next += 1;
            self.open += 1;
        }
        if let Ok(answer) = self.answers.try_recv() {
            self.written.lock().unwrap().push(answer);
            self.open -= 1;
        }
        Next::At(now.after(Duration::from_micros(50)))
    }

    fn quiesce(&mut self) {
        self.quiesced = true;
    }

    fn is_drained(&self) -> bool {
        self.open == 0
    }
}

fn echo(graph: &mut Graph, workers_of_answers: usize) -> Arc<Mutex<Vec<u64>>> {
    let written = Arc::<Mutex<Vec<u64>>>::default();
    let (answer, answers) = mpsc::channel();
    let echo = graph
        .stage("echo")
        .blocking(1..=workers_of_answers)
        .each(move |n: u64| Ok(answer.send(n)?));
    let write = Arc::clone(&written);
    graph.source("socket").solo(move |wire| Socket {
        requests: wire.to(&echo),
        answers,
        written: write,
        next: 0,
        open: 0,
        quiesced: false,
    });
    written
}

#[test]
fn a_source_writes_the_last_answers_before_a_drain_is_over() {
    let mut graph = Graph::new("echo");
    let written = echo(&mut graph, 1);
    let running = graph.start(Plan::default().workers(2)).unwrap();
    wait_until("some are answered", || written.lock().unwrap().len() > 20);
    let ledger = drained(&running);
    let asked = account(&ledger, "echo").handled;
    let written = written.lock().unwrap();
    assert_eq!(*written, (0..asked).collect::<Vec<_>>());
}

#[test]
fn a_simulated_source_writes_the_last_answers_too() {
    let mut graph = Graph::new("echo").with_clock(Clock::manual());
    let written = echo(&mut graph, 1);
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    simulator.service("echo", Service::constant(Duration::from_millis(1)));
    simulator.run_for(Duration::from_millis(40));
    let before = written.lock().unwrap().len();
    let ledger = simulator.drain(Duration::from_secs(1)).unwrap();
    assert_exact(&ledger);
    let asked = account(&ledger, "echo").handled;
    let written = written.lock().unwrap();
    assert!(before < written.len());
    assert_eq!(*written, (0..asked).collect::<Vec<_>>());
}

/// An idle source that must be polled once more after it is quiesced.
struct Farewell {
    quiesced: bool,
    done: Arc<AtomicBool>,
}

impl Source for Farewell {
    fn poll(&mut self, _now: Tick) -> Next {
        self.done.fetch_or(self.quiesced, Ordering::SeqCst);
        Next::Idle
    }

    fn quiesce(&mut self) {
        self.quiesced = true;
    }

    fn is_drained(&self) -> bool {
        self.done.load(Ordering::SeqCst)
    }
}

fn farewell(clock: Clock) -> (Graph, Arc<AtomicBool>) {
    let done = Arc::<AtomicBool>::default();
    let mut graph = Graph::new("farewell").with_clock(clock);
    let tell = Arc::clone(&done);
    graph.source("farewell").solo(move |_| Farewell {
        quiesced: false,
        done: tell,
    });
    (graph, done)
}

#[test]
fn an_idle_source_is_polled_once_more_when_a_drain_begins() {
    let (graph, done) = farewell(Clock::real());
    drained(&graph.start(Plan::default().workers(2)).unwrap());
    assert!(done.load(Ordering::SeqCst));
    let (graph, done) = farewell(Clock::manual());
    let mut simulator = Simulator::new(graph, &Plan::default().workers(2), 1).unwrap();
    simulator.run_for(Duration::from_secs(1));
    simulator.drain(Duration::from_secs(1)).unwrap();
    assert!(done.load(Ordering::SeqCst));
}

#[test]
fn a_simulated_drain_that_runs_out_of_time_buries_everything() {
    let dead = Arc::<Mutex<Vec<DeadLetter<u64>>>>::default();
    let keep = Arc::clone(&dead);
    let mut morgue = Graph::new("morgue").with_clock(Clock::manual());
    let letters = morgue.stage("letters").each(move |letter| {
        keep.lock().unwrap().push(letter);
        Ok(())
    });
    let mut graph = Graph::new("slow").with_clock(Clock::manual());
    let slow = graph
        .stage("slow")
        .batch(4)
        .dead_letters(&letters)
        .each(|_: u64| Ok(()));
    let feed = graph.stage("feed").each_with(|wire| {
        let slow = wire.to(&slow);
        move |n: u64| Ok((0..n).try_for_each(|n| slow.enqueue(n))?)
    });
    let mut morgue = Simulator::new(morgue, &Plan::default().workers(1), 1).unwrap();
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    simulator.service("slow", Service::constant(Duration::from_secs(1)));
    simulator.inlet(&feed).enqueue(20).unwrap();
    let error = simulator.drain(Duration::from_millis(1_500)).unwrap_err();
    assert_exact(&error.ledger);
    let slow = account(&error.ledger, "slow");
    assert_eq!((slow.handled, slow.dead_lettered), (1, 19), "{slow:?}");
    assert!(error.ledger.is_empty());
    morgue.run_for(Duration::from_secs(1));
    let events: Vec<u64> = dead.lock().unwrap().iter().map(|l| l.event).collect();
    assert_eq!(events, (1..20).collect::<Vec<_>>());
    let stopped = |letter: &DeadLetter<u64>| letter.death == Death::Stopped;
    assert!(dead.lock().unwrap().iter().all(stopped));
}

/// Dead letters of a stop go nowhere, since every stage has ended; but they
/// must not be left in a queue that nobody looks into any more.
#[test]
fn nothing_is_left_in_a_queue_after_a_stop() {
    for _ in 0..50 {
        let mut graph = Graph::new("ends");
        // They keep who stops the graph busy for a while.
        for n in 0..120 {
            graph.stage(&format!("idle {n}")).each(|()| Ok(()));
        }
        let letters = graph.stage("letters").each(|_: DeadLetter<u64>| Ok(()));
        let last = graph
            .stage("last")
            .queue(100_000)
            .batch(1)
            .dead_letters(&letters)
            .each(|_: u64| Ok(()));
        let first = graph.stage("first").each_with(|wire| {
            let last = wire.to(&last);
            move |n: u64| Ok((0..n).try_for_each(|n| last.enqueue(n))?)
        });
        let running = graph.start(Plan::default().workers(1)).unwrap();
        running.inlet(&first).enqueue(20_000).unwrap();
        wait_until("it has begun", || now(&running, "last").handled > 0);
        let ledger = running.stop();
        assert_exact(&ledger);
        assert!(ledger.is_empty(), "{ledger}");
    }
}

/// An event that an inlet takes as a drain begins is given back or handled,
/// but not buried by a drain that says that all went well.
#[test]
fn a_drain_handles_what_came_in_as_it_began() {
    let buried = (0..600).filter(|round| {
        let slot = Arc::<OnceLock<Running>>::default();
        let look = Arc::clone(&slot);
        let mut graph = Graph::new("race");
        let wait = 4 * (round % 150);
        let (tell, told) = mpsc::channel();
        let stage = graph
            .stage("last")
            .admission(move |_: &u64, _: &Meta, _: &QueueView| {
                // Between the look at the gate and the push.
                tell.send(()).unwrap();
                let running = look.get().unwrap();
                wait_until("the drain begins", || !running.is_running());
                (0..wait).for_each(|_| std::hint::spin_loop());
                Verdict::Admit
            })
            .each(|_: u64| Ok(()));
        let running = graph.start(Plan::default().workers(1)).unwrap();
        slot.set(running.clone()).unwrap();
        let inlet = running.inlet(&stage);
        std::thread::scope(|scope| {
            scope.spawn(move || inlet.enqueue(1).map_err(|back| back.reason));
            told.recv().unwrap();
            running.drain(PATIENCE).unwrap();
        });
        let last = now(&running, "last");
        assert_eq!(last.accepted, last.handled + last.dead_lettered);
        last.dead_lettered > 0
    });
    assert_eq!(buried.count(), 0);
}
