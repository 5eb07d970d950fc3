//! Contract 6: order by producer and class, and by key.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "a test stops where something is wrong, and names things as they are"
)]

mod rig;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rig::{account, drained, wait_until};
use seda_core::{
    Batch, BoxError, Class, Classes, DomainKind, Graph, Handler, Key, Meta, Overflow, Plan, Sink,
    Stage,
};

const PRODUCERS: u64 = 4;
const EACH: u64 = 3_000;

type Seen = Arc<Mutex<Vec<(u64, u64)>>>;

fn assert_fifo(seen: &[(u64, u64)], each: u64) {
    let mut next = BTreeMap::new();
    for (producer, n) in seen {
        let next = next.entry(*producer).or_insert(0);
        assert_eq!(n, next, "producer {producer}");
        *next += 1;
    }
    assert!(next.values().all(|n| *n == each), "{next:?}");
}

fn enqueue_patiently<E: Send + 'static>(sink: &Sink<E>, meta: Meta, mut event: E) {
    while let Err(back) = sink.with(meta).enqueue(event) {
        event = back.event;
        std::thread::yield_now();
    }
}

fn plans() -> [Plan; 3] {
    let pool = DomainKind::Blocking { min: 1, max: 1 };
    [
        Plan::default().workers(1),
        Plan::default()
            .workers(2)
            .domain("pool", pool)
            .place("last", "pool"),
        Plan::default().workers(1).share("last", 2),
    ]
}

/// Outside threads go through a stage of one worker to another.
#[test]
fn a_stage_with_one_worker_keeps_the_order_of_each_producer() {
    for plan in plans() {
        let seen = Seen::default();
        let see = Arc::clone(&seen);
        let mut graph = Graph::new("fifo");
        let last = graph
            .stage("last")
            .queue(100)
            .each(move |event: (u64, u64)| {
                see.lock().unwrap().push(event);
                Ok(())
            });
        let first = graph
            .stage("first")
            .queue(100)
            .solo(move |wire| Relay(wire.to(&last).overflow(Overflow::Defer)));
        let running = graph.start(plan).unwrap();
        std::thread::scope(|scope| {
            for producer in 0..PRODUCERS {
                let inlet = running.inlet(&first);
                scope.spawn(move || {
                    for n in 0..EACH {
                        enqueue_patiently(&inlet, Meta::NONE, (producer, n));
                    }
                });
            }
        });
        drained(&running);
        assert_fifo(&seen.lock().unwrap(), EACH);
    }
}

/// Passes on by every way there is, one after the other, and defers what does not fit.
struct Relay(Sink<(u64, u64)>);

impl Handler for Relay {
    type Event = (u64, u64);

    fn handle(&mut self, batch: &mut Batch<(u64, u64)>) -> Result<(), BoxError> {
        while let Some(event) = batch.next() {
            let back = match event.1 % 3 {
                0 => self.0.enqueue(event).err().map(|back| back.event),
                1 => {
                    let all = self.0.enqueue_all(vec![event]);
                    all.err().and_then(|mut back| back.event.pop())
                }
                _ => match self.0.reserve(1) {
                    Ok(mut slots) => {
                        slots.fill(event);
                        None
                    }
                    Err(_) => Some(event),
                },
            };
            if let Some(event) = back {
                batch.defer(event);
                break;
            }
        }
        Ok(())
    }
}

#[test]
fn each_class_keeps_its_own_order() {
    for plan in plans() {
        let seen = Seen::default();
        let see = Arc::clone(&seen);
        let mut graph = Graph::new("classes");
        let last: Stage<(u64, u64)> = graph
            .stage("last")
            .queue(50)
            .classes(Classes::weighted([3, 2, 1]))
            .each(move |event| {
                see.lock().unwrap().push(event);
                Ok(())
            });
        let running = graph.start(plan).unwrap();
        let inlet = running.inlet(&last);
        for n in 0..EACH {
            for class in 0..3_u8 {
                let meta = Meta::NONE.with_class(Class(class));
                enqueue_patiently(&inlet, meta, (u64::from(class), n));
            }
        }
        drained(&running);
        assert_fifo(&seen.lock().unwrap(), EACH);
    }
}

#[test]
fn what_was_enqueued_before_the_start_keeps_its_order_keyed_or_not() {
    let seen = Seen::default();
    let see = Arc::clone(&seen);
    let mut graph = Graph::new("before");
    let stage = graph.stage("last").each(move |event: (u64, u64)| {
        see.lock().unwrap().push(event);
        Ok(())
    });
    let inlet = graph.inlet(&stage);
    for n in 0..300 {
        let key = Meta::NONE.with_key(Key::of(&(n % 7)));
        let meta = if n % 8 == 0 { Meta::NONE } else { key };
        inlet.with(meta).enqueue((0, n)).unwrap();
    }
    let running = graph.start(Plan::default().workers(1)).unwrap();
    drained(&running);
    assert_fifo(&seen.lock().unwrap(), 300);
}

const KEYS: usize = 13;

/// Handles events of keys, and watches that no two of a key are in hand at once.
#[derive(Clone)]
struct Keyed {
    busy: Arc<Vec<AtomicBool>>,
    overlaps: Arc<AtomicUsize>,
    seen: Arc<Vec<Mutex<Vec<u64>>>>,
    /// It fails on the last of so many events of a key.
    fails: Option<u64>,
}

impl Keyed {
    fn new(fails: Option<u64>) -> Self {
        Self {
            busy: Arc::new((0..KEYS).map(|_| AtomicBool::new(false)).collect()),
            overlaps: Arc::default(),
            seen: Arc::new((0..KEYS).map(|_| Mutex::default()).collect()),
            fails,
        }
    }
}

impl Handler for Keyed {
    type Event = (usize, u64);

    fn handle(&mut self, batch: &mut Batch<(usize, u64)>) -> Result<(), BoxError> {
        for (key, n) in batch.by_ref() {
            if self.busy[key].swap(true, Ordering::SeqCst) {
                self.overlaps.fetch_add(1, Ordering::SeqCst);
            }
            self.seen[key].lock().unwrap().push(n);
            std::thread::yield_now();
            self.busy[key].store(false, Ordering::SeqCst);
            if self.fails.is_some_and(|every| n % every == every - 1) {
                return Err("on purpose".into());
            }
            if n % 7 == 6 {
                // The rest goes back, for whoever comes next.
                break;
            }
        }
        Ok(())
    }
}

/// Passes on in order, and defers what does not fit.
#[derive(Clone)]
struct Pass(Sink<(usize, u64)>);

impl Handler for Pass {
    type Event = (usize, u64);

    fn handle(&mut self, batch: &mut Batch<(usize, u64)>) -> Result<(), BoxError> {
        while let Some(event) = batch.next() {
            if let Err(back) = self.0.enqueue(event) {
                batch.defer(back.event);
                break;
            }
        }
        Ok(())
    }
}

fn assert_keyed_order(plan: Plan, keyed: &Keyed, failed: u64) {
    let mut graph = Graph::new("keyed");
    let last = graph.stage("last").queue(20).handler(keyed.clone());
    let first = graph
        .stage("first")
        .queue(200)
        .handler_with(|wire| Pass(wire.to(&last).overflow(Overflow::Defer)));
    let running = graph.start(plan).unwrap();
    std::thread::scope(|scope| {
        for from in 0..2 {
            let inlet = running.inlet(&first);
            scope.spawn(move || {
                for n in 0..600 {
                    for key in (0..KEYS).filter(|key| key % 2 == from) {
                        let meta = Meta::NONE.with_key(Key::of(&key));
                        enqueue_patiently(&inlet, meta, (key, n));
                    }
                }
            });
        }
    });
    let ledger = drained(&running);
    assert_eq!(account(&ledger, "last").failed, failed);
    assert_eq!(keyed.overlaps.load(Ordering::SeqCst), 0);
    for key in &*keyed.seen {
        assert_eq!(*key.lock().unwrap(), (0..600).collect::<Vec<_>>());
    }
}

#[test]
fn events_of_one_key_are_handled_one_at_a_time_in_order_by_four_workers() {
    let blocking = |plan: Plan, name: &str| {
        plan.domain("pool", DomainKind::Blocking { min: 4, max: 4 })
            .place(name, "pool")
    };
    let four = Plan::default().workers(4);
    for plan in [
        four.clone(),
        blocking(Plan::default().workers(2), "last"),
        blocking(four.clone(), "first"),
        blocking(four, "last").batch("last", 16),
    ] {
        assert_keyed_order(plan, &Keyed::new(None), 0);
    }
}

#[test]
fn keyed_order_outlives_errors() {
    let failed = KEYS as u64 * 600 / 50;
    assert_keyed_order(Plan::default().workers(4), &Keyed::new(Some(50)), failed);
}

#[test]
fn different_keys_are_handled_at_the_same_time() {
    let together = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let count = Arc::clone(&together);
    let mut graph = Graph::new("parallel");
    let stage = graph.stage("both").blocking(2..=2).each(move |_: u64| {
        count.0.fetch_add(1, Ordering::SeqCst);
        // The other one must come while this one is here.
        wait_until("both are in hand", || count.0.load(Ordering::SeqCst) >= 2);
        count.1.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&stage);
    for key in [1, 2] {
        let meta = Meta::NONE.with_key(Key::of(&key));
        inlet.with(meta).enqueue(key).unwrap();
    }
    drained(&running);
    assert_eq!(together.1.load(Ordering::SeqCst), 2);
}
