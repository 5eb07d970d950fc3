//! Contract 4: one panic or error loses one event, and says which.
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

use rig::{Gate, account, assert_exact, drained, now, wait_until};
use seda_core::simulator::{Service, Simulator};
use seda_core::{
    Batch, BoxError, Cause, Class, Clock, DeadLetter, Death, Failure, Graph, Handler, Intensity,
    Key, Ledger, Meta, Plan, QueueView, Reason, Sink, Slots, Tick, TraceId, Verdict,
};

/// Fails on what it is told to, and remembers since when it is there.
#[derive(Clone, Default)]
struct Moody {
    seen: Arc<Mutex<Vec<u64>>>,
    /// How many events this very handler has had.
    had: Arc<Mutex<Vec<usize>>>,
    mine: usize,
}

impl Handler for Moody {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        for event in batch.by_ref() {
            self.mine += 1;
            self.had.lock().unwrap().push(self.mine);
            match event % 10 {
                3 => return Err(format!("error on {event}").into()),
                7 => panic!("panic on {event}"),
                _ => self.seen.lock().unwrap().push(event),
            }
        }
        Ok(())
    }
}

/// Simulates a graph of one stage in one batch after the first event.
fn simulated<H>(handler: H, events: u64) -> (Ledger, Vec<Failure>)
where
    H: Handler<Event = u64> + Clone + Send,
{
    let failures = Arc::<Mutex<Vec<Failure>>>::default();
    let mut graph = Graph::new("moody").with_clock(Clock::manual());
    let keep = Arc::clone(&failures);
    let failed = graph.stage("failures").each(move |failure: Failure| {
        keep.lock().unwrap().push(failure);
        Ok(())
    });
    graph.failures_to(&failed);
    let stage = graph
        .stage("moody")
        .restarts(Intensity::UNLIMITED)
        .handler(handler);
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 3).unwrap();
    let inlet = simulator.inlet(&stage);
    for event in 0..events {
        let meta = Meta::NONE
            .with_class(Class(5))
            .with_trace(TraceId::new(event + 1).unwrap());
        inlet.with(meta).enqueue(event).unwrap();
    }
    simulator.run_for(Duration::from_secs(1));
    let ledger = simulator.drain(Duration::from_secs(1)).unwrap();
    assert_exact(&ledger);
    let failures = std::mem::take(&mut *failures.lock().unwrap());
    (ledger, failures)
}

#[test]
fn one_panic_or_error_loses_one_event_and_the_rest_of_the_batch_is_handled() {
    let moody = Moody::default();
    let (ledger, failures) = simulated(moody.clone(), 100);
    let wanted: Vec<u64> = (0..100).filter(|n| ![3, 7].contains(&(n % 10))).collect();
    assert_eq!(*moody.seen.lock().unwrap(), wanted, "in order");
    let account = account(&ledger, "moody");
    assert_eq!((account.handled, account.failed), (80, 20));
    let told: Vec<String> = failures.iter().map(|f| f.cause.to_string()).collect();
    let wanted: Vec<String> = (0..10)
        .flat_map(|n| [format!("error on {n}3"), format!("panic: panic on {n}7")])
        .map(|text| text.replace(" 03", " 3").replace(" 07", " 7"))
        .collect();
    assert_eq!(told, wanted);
    for (n, failure) in failures.iter().enumerate() {
        assert_eq!(&*failure.stage, "moody");
        assert_eq!(failure.meta.class(), Class(5));
        let event = 10 * (n as u64 / 2) + if n % 2 == 0 { 3 } else { 7 };
        assert_eq!(failure.meta.trace().map(TraceId::get), Some(event + 1));
        assert_eq!(matches!(failure.cause, Cause::Panic(_)), n % 2 == 1);
    }
}

#[test]
fn a_handler_stays_after_an_error_and_is_made_anew_after_a_panic() {
    let moody = Moody::default();
    simulated(moody.clone(), 20);
    let had = moody.had.lock().unwrap();
    // 0 to 7 (with an error at 3), then 8 to 17 (with one at 13), then 18 and 19.
    let wanted: Vec<usize> = (1..=8).chain(1..=10).chain(1..=2).collect();
    assert_eq!(*had, wanted);
}

/// Fails at the end of a bulk, and before it takes anything.
#[derive(Clone)]
struct Early {
    takes: usize,
}

impl Handler for Early {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        batch.take_up_to(self.takes);
        Err("early".into())
    }
}

#[test]
fn a_handler_that_fails_without_taking_an_event_loses_one_each_time() {
    let (ledger, failures) = simulated(Early { takes: 0 }, 10);
    assert_eq!(account(&ledger, "moody").failed, 10);
    assert_eq!(failures.len(), 10);
    for (n, failure) in (1_u64..).zip(&failures) {
        assert!(matches!(failure.cause, Cause::Untaken(_)));
        assert_eq!(failure.meta.trace().map(TraceId::get), Some(n));
    }
}

#[test]
fn a_handler_that_fails_on_a_bulk_loses_all_of_it() {
    let (ledger, failures) = simulated(Early { takes: 3 }, 10);
    assert_eq!(account(&ledger, "moody").failed, 10);
    // The first batch is of one event.
    assert_eq!(failures.len(), 4);
}

/// Fails on batches of which nothing is left, since all events have expired.
#[derive(Clone)]
struct Late;

impl Handler for Late {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        match batch.next() {
            Some(event) if event < 100 => Ok(()),
            _ => Err("nothing to do".into()),
        }
    }
}

/// The queue is long, so that the batch is a part of what is lent to it.
#[test]
fn a_failure_on_a_batch_that_has_expired_loses_nothing_more() {
    let mut graph = Graph::new("late").with_clock(Clock::manual());
    let late = graph.stage("late").handler(Late);
    let feed = graph.stage("feed").each_with(|wire| {
        let late = wire.to(&late);
        move |()| {
            let soon = Meta::NONE.with_deadline(Tick::ZERO.after(Duration::from_micros(500)));
            late.enqueue(0)?;
            late.with(soon).enqueue_all(vec![200, 201])?;
            Ok(late.enqueue_all(vec![1, 2, 3, 4])?)
        }
    });
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 3).unwrap();
    simulator.service("late", Service::constant(Duration::from_millis(1)));
    simulator.inlet(&feed).enqueue(()).unwrap();
    simulator.run_for(Duration::from_secs(1));
    let ledger = simulator.drain(Duration::from_secs(1)).unwrap();
    assert_exact(&ledger);
    let late = account(&ledger, "late");
    assert_eq!((late.handled, late.expired, late.failed), (5, 2, 0));
}

#[test]
fn a_stage_whose_handler_panics_too_often_is_quarantined_until_it_is_released() {
    let dead = Arc::<Mutex<Vec<DeadLetter<u64>>>>::default();
    let gate = Gate::default();
    let mut graph = Graph::new("quarantined");
    let keep = Arc::clone(&dead);
    let letters = graph.stage("letters").each(move |letter: DeadLetter<u64>| {
        keep.lock().unwrap().push(letter);
        Ok(())
    });
    let hold = gate.clone();
    let bad = graph
        .stage("bad")
        .batch(1)
        .restarts(Intensity {
            count: 2,
            window: Duration::from_hours(1),
        })
        .dead_letters(&letters)
        .each(move |event: u64| {
            hold.pass();
            assert!(event >= 10, "on purpose");
            Ok(())
        });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&bad);
    let meta = Meta::NONE.with_key(Key::of(&"key"));
    assert!(!running.release("bad"), "it is not quarantined");
    inlet.with(meta).enqueue_all((0..8).collect()).unwrap();
    // Two panics are borne, the third is not; what waits is given back by value.
    gate.let_through(3);
    wait_until("the queue is buried", || dead.lock().unwrap().len() == 5);
    assert_eq!(inlet.enqueue(20).unwrap_err().reason, Reason::Closed);
    for (letter, event) in dead.lock().unwrap().iter().zip(3..) {
        assert_eq!((letter.event, letter.death), (event, Death::Quarantined));
        assert_eq!(letter.meta.key(), meta.key());
        assert_eq!(&*letter.stage, "bad");
    }
    let before = now(&running, "bad");
    assert_eq!((before.failed, before.dead_lettered), (3, 5));
    assert_eq!(before.rejected.closed, 1);
    gate.open();
    assert!(running.release("bad") && !running.release("bad") && !running.release("nobody"));
    // The count begins anew.
    inlet.enqueue_all(vec![0, 1, 30]).unwrap();
    wait_until("it runs again", || now(&running, "bad").handled == 1);
    let ledger = drained(&running);
    assert_eq!(account(&ledger, "bad").failed, 5);
    assert_eq!(account(&ledger, "letters").handled, 5);
}

#[test]
fn errors_do_not_count_as_restarts() {
    let mut graph = Graph::new("errors");
    let none = Intensity {
        count: 0,
        window: Duration::from_hours(1),
    };
    let stage = graph
        .stage("errors")
        .restarts(none)
        .each(|_: u64| Err("always".into()));
    let running = graph.start(Plan::default().workers(2)).unwrap();
    let inlet = running.inlet(&stage);
    inlet.enqueue_all((0..500).collect()).unwrap();
    assert_eq!(account(&drained(&running), "errors").failed, 500);
}

/// Everything that a failure leads to is accepted before the failed event counts
/// as finished; else a drain in between would not see it.
#[test]
fn a_failure_reaches_the_failure_stage_before_its_event_is_finished() {
    let finished = Arc::<Mutex<Vec<u64>>>::default();
    let running_slot = Arc::<Mutex<Option<seda_core::Running>>>::default();
    let mut graph = Graph::new("in order");
    let (seen, slot) = (Arc::clone(&finished), Arc::clone(&running_slot));
    let look = move |stage: &str| {
        let slot = slot.lock().unwrap();
        let account = now(slot.as_ref().unwrap(), stage);
        assert_eq!(account.accepted, 1);
        let mut seen = seen.lock().unwrap();
        seen.push(account.failed + account.expired + account.dead_lettered);
    };
    let looks = look.clone();
    let failed = graph
        .stage("failures")
        .admission(move |failure: &Failure, _: &Meta, _: &QueueView| {
            looks(&failure.stage);
            Verdict::Admit
        })
        .each(|_: Failure| Ok(()));
    graph.failures_to(&failed);
    let letters = graph
        .stage("letters")
        .admission(move |letter: &DeadLetter<u64>, _: &Meta, _: &QueueView| {
            look(&letter.stage);
            Verdict::Admit
        })
        .each(|_: DeadLetter<u64>| Ok(()));
    let fails = graph.stage("fails").each(|_: u64| Err("always".into()));
    let gate = Gate::default();
    let hold = gate.clone();
    let expires = graph
        .stage("expires")
        .dead_letters(&letters)
        .each(|_: u64| Ok(()));
    let busy = graph.stage("busy").each(move |_: u64| {
        hold.pass();
        Ok(())
    });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    *running_slot.lock().unwrap() = Some(running.clone());
    running.inlet(&fails).enqueue(1).unwrap();
    running.inlet(&busy).enqueue(1).unwrap();
    gate.await_arrivals(1);
    let soon = running.now().after(Duration::from_millis(5));
    let soon = Meta::NONE.with_deadline(soon);
    running.inlet(&expires).with(soon).enqueue(1).unwrap();
    wait_until("it expires", || running.now() > soon.deadline());
    gate.open();
    let ledger = drained(&running);
    running_slot.lock().unwrap().take();
    assert_eq!(account(&ledger, "failures").handled, 1);
    assert_eq!(account(&ledger, "letters").handled, 1);
    assert_eq!(*finished.lock().unwrap(), [0, 0]);
}

#[test]
fn a_handler_that_cannot_be_made_anew_quarantines_its_stage() {
    let made = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&made);
    let mut graph = Graph::new("unmade");
    let stage = graph
        .stage("unmade")
        .restarts(Intensity::UNLIMITED)
        .solo(move |_| {
            assert!(count.fetch_add(1, Ordering::SeqCst) == 0, "no second one");
            Panics
        });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&stage);
    inlet.enqueue(1).unwrap();
    wait_until("it is quarantined", || {
        let refused = inlet.enqueue(2).err();
        refused.is_some_and(|rejected| rejected.reason == Reason::Closed)
    });
    assert!(running.release("unmade"));
    let account = account(&drained(&running), "unmade");
    assert_eq!(account.handled, 0);
    assert!(made.load(Ordering::SeqCst) >= 2);
}

struct Panics;

impl Handler for Panics {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        batch.next();
        panic!("on purpose");
    }
}

/// A slot that was promised is filled while the quarantined stage is being
/// emptied: the event is buried too, and a drain does not wait for it.
#[test]
fn an_event_that_enters_while_a_queue_is_buried_is_buried_too() {
    let slots = Arc::<Mutex<Option<Slots<'static, u64>>>>::default();
    let late = Arc::clone(&slots);
    let mut graph = Graph::new("late");
    let letters = graph
        .stage("letters")
        .admission(move |_: &DeadLetter<u64>, _: &Meta, _: &QueueView| {
            if let Some(mut slots) = late.lock().unwrap().take() {
                slots.fill(4_711);
            }
            Verdict::Admit
        })
        .each(|_: DeadLetter<u64>| Ok(()));
    let once = Intensity {
        count: 0,
        window: Duration::from_secs(1),
    };
    let bad = graph
        .stage("bad")
        .blocking(1..=1)
        .restarts(once)
        .dead_letters(&letters)
        .each(|_: u64| panic!("on purpose"));
    // A slot borrows its sink; this one must live in a closure.
    let inlet: &'static Sink<u64> = Box::leak(Box::new(graph.inlet(&bad)));
    *slots.lock().unwrap() = Some(inlet.reserve(1).unwrap());
    inlet.enqueue_all(vec![1, 2, 3]).unwrap();
    let ledger = drained(&graph.start(Plan::default().workers(1)).unwrap());
    let bad = account(&ledger, "bad");
    assert_eq!((bad.failed, bad.dead_lettered), (1, 3), "{bad:?}");
}
