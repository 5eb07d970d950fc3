//! A short soak: a million events while everything that may go wrong does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "a test stops where something is wrong, and names things as they are"
)]

mod rig;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rig::{account, assert_exact};
use seda_core::{
    Batch, BoxError, DeadLetter, Failure, Graph, Handler, Intensity, Key, Ledger, Meta, Overflow,
    Plan, Running, Sink, Stage,
};

/// How many events the producers offer in one round.
const OFFERED: u64 = 300_000;
const PRODUCERS: u64 = 3;

/// What the test counts for itself, apart from the ledger.
#[derive(Default)]
struct Counts {
    offered: AtomicU64,
    accepted: AtomicU64,
    /// By stage: parse, check, store, again, answer.
    handled: [AtomicU64; 5],
    failed: [AtomicU64; 5],
    letters: AtomicU64,
    failures: AtomicU64,
}

impl Counts {
    fn handled(&self, stage: usize, n: u64) {
        self.handled[stage].fetch_add(n, Ordering::Relaxed);
    }

    fn failed(&self, stage: usize, n: u64) {
        self.failed[stage].fetch_add(n, Ordering::Relaxed);
    }
}

const STAGES: [&str; 5] = ["parse", "check", "store", "again", "answer"];
const PARSE: usize = 0;
const CHECK: usize = 1;
const STORE: usize = 2;
const AGAIN: usize = 3;
const ANSWER: usize = 4;

/// Passes on, fails now and then, and defers what does not fit.
#[derive(Clone)]
struct Pass {
    place: usize,
    to: Sink<u64>,
    counts: Arc<Counts>,
}

impl Handler for Pass {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(event) = batch.next() {
            if event % 1_009 == 7 {
                self.counts.failed(self.place, 1);
                panic!("on purpose");
            }
            if event % 503 == 11 {
                self.counts.failed(self.place, 1);
                return Err("on purpose".into());
            }
            if let Err(back) = self.to.enqueue(event + 1) {
                batch.defer(back.event - 1);
                break;
            }
            self.counts.handled(self.place, 1);
        }
        Ok(())
    }
}

/// Stores in bulk; sends some round the loop and answers the others.
#[derive(Clone)]
struct Store {
    again: Sink<u64>,
    answer: Sink<u64>,
    counts: Arc<Counts>,
}

impl Handler for Store {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        let events = batch.take_up_to(16);
        let n = events.len() as u64;
        if events.iter().any(|event| event % 4_001 == 5) {
            self.counts.failed(STORE, n);
            return Err("the disk is full".into());
        }
        for event in events {
            let to = if event.is_multiple_of(7) {
                &self.again
            } else {
                &self.answer
            };
            to.enqueue_lossy(event / 2);
        }
        self.counts.handled(STORE, n);
        Ok(())
    }
}

fn service(counts: &Arc<Counts>) -> (Graph, Stage<u64>) {
    let mut graph = Graph::new("soak");
    let count = Arc::clone(counts);
    let failures = graph.stage("failures").queue(50).each(move |_: Failure| {
        count.failures.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    graph.failures_to(&failures);
    let count = Arc::clone(counts);
    let letters = graph.stage("letters").each(move |_: DeadLetter<u64>| {
        count.letters.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let count = Arc::clone(counts);
    let answer = graph.stage("answer").queue(200).each(move |_: u64| {
        count.handled(ANSWER, 1);
        Ok(())
    });
    let again = graph.declare::<u64>("again", 64);
    let count = Arc::clone(counts);
    let store = graph
        .stage("store")
        .queue(500)
        .batch(16)
        .blocking(1..=3)
        .restarts(Intensity::UNLIMITED)
        .dead_letters(&letters)
        .handler_with(|wire| Store {
            again: wire.to(&again).overflow(Overflow::DropOldest),
            answer: wire.to(&answer),
            counts: count,
        });
    let mut pass = |place, to: &Stage<u64>, stage: Option<&Stage<u64>>| {
        let counts = Arc::clone(counts);
        let builder = match stage {
            Some(declared) => graph.define(declared),
            None => graph.stage(STAGES[place]).queue(300),
        };
        builder
            .restarts(Intensity::UNLIMITED)
            .dead_letters(&letters)
            .handler_with(|wire| Pass {
                place,
                to: wire.to(to).overflow(Overflow::Defer),
                counts,
            })
    };
    pass(AGAIN, &store, Some(&again));
    let check = pass(CHECK, &store, None);
    let parse = pass(PARSE, &check, None);
    (graph, parse)
}

fn produce(producer: u64, inlet: &Sink<u64>, running: &Running, counts: &Counts) {
    let mut n = producer;
    while n < OFFERED {
        let meta = match n % 8 {
            0 => Meta::NONE.with_deadline(running.now().after(Duration::from_micros(200))),
            1 => Meta::NONE.with_key(Key::of(&(n % 31))),
            _ => Meta::NONE,
        };
        let (offered, accepted) = if n.is_multiple_of(5) {
            let all = inlet.with(meta).enqueue_all(vec![n, n + 1, n + 2]);
            (3, if all.is_ok() { 3 } else { 0 })
        } else {
            (1, u64::from(inlet.with(meta).enqueue(n).is_ok()))
        };
        counts.offered.fetch_add(offered, Ordering::Relaxed);
        counts.accepted.fetch_add(accepted, Ordering::Relaxed);
        if accepted == 0 {
            std::thread::yield_now();
        }
        n += PRODUCERS;
    }
}

/// Changes bounds and looks at the ledger as long as events come.
fn disturb(running: &Running, done: &AtomicBool) {
    let mut round = 0;
    while !done.load(Ordering::Acquire) {
        for (place, stage) in STAGES.iter().enumerate() {
            running.resize(stage, 1 + (round * 37 + place * 101) % 400);
        }
        assert_exact(&running.ledger());
        round += 1;
        std::thread::yield_now();
    }
}

/// Runs the service under load; `end` ends it from another thread, early or late.
fn round(plan: Plan, end: impl FnOnce(&Running, &AtomicU64) -> Ledger + Send) -> u64 {
    let counts = Arc::<Counts>::default();
    let (graph, parse) = service(&counts);
    let running = graph.start(plan).unwrap();
    let done = AtomicBool::new(false);
    let ledger = std::thread::scope(|scope| {
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|producer| {
                let (inlet, running, counts) = (running.inlet(&parse), &running, &counts);
                scope.spawn(move || produce(producer, &inlet, running, counts))
            })
            .collect();
        scope.spawn(|| disturb(&running, &done));
        let ending = scope.spawn(|| end(&running, &counts.offered));
        for producer in producers {
            producer.join().unwrap();
        }
        let ledger = ending.join().unwrap();
        done.store(true, Ordering::Release);
        ledger
    });
    assert_exact(&running.ledger());
    assert!(ledger.is_empty(), "{ledger}");
    assert_counts(&running.ledger(), &counts);
    println!("{}", running.ledger());
    counts.offered.load(Ordering::Relaxed)
}

fn assert_counts(ledger: &Ledger, counts: &Counts) {
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let parse = account(ledger, "parse");
    assert_eq!(parse.offered, read(&counts.offered), "{ledger}");
    assert_eq!(parse.accepted, read(&counts.accepted), "{ledger}");
    let mut failed = 0;
    for (place, stage) in STAGES.iter().enumerate() {
        let account = account(ledger, stage);
        assert_eq!(account.handled, read(&counts.handled[place]), "{ledger}");
        assert_eq!(account.failed, read(&counts.failed[place]), "{ledger}");
        failed += account.failed;
    }
    assert!(failed > 100, "{ledger}");
    let failures = account(ledger, "failures");
    assert_eq!(failures.handled, read(&counts.failures), "{ledger}");
    // What `parse` handled is what `check` was given, or refused and deferred.
    let check = account(ledger, "check");
    assert_eq!(check.accepted, account(ledger, "parse").handled, "{ledger}");
    let into_store = account(ledger, "check").handled + account(ledger, "again").handled;
    assert_eq!(account(ledger, "store").accepted, into_store, "{ledger}");
    assert_eq!(account(ledger, "letters").handled, read(&counts.letters));
}

fn wait_for(offered: &AtomicU64, n: u64) {
    let begun = Instant::now();
    while offered.load(Ordering::Relaxed) < n && begun.elapsed() < rig::PATIENCE * 3 {
        std::thread::yield_now();
    }
}

#[test]
fn a_million_events_are_all_accounted_for() {
    rig::hush_panics_on_purpose();
    let patient = |running: &Running| running.drain(rig::PATIENCE).unwrap();
    let all = OFFERED * 7 / 5;
    let rounds: [u64; 4] = [
        // Everything is offered before the drain.
        round(Plan::default().workers(2), |running, offered| {
            wait_for(offered, all);
            patient(running)
        }),
        // The drain begins in between; so do several others.
        round(Plan::default().workers(3), |running, offered| {
            wait_for(offered, all / 2);
            std::thread::scope(|scope| {
                (0..3).for_each(|_| drop(scope.spawn(|| patient(running))));
            });
            patient(running)
        }),
        // A deadline that cannot be met, and a stop on top of it.
        round(Plan::default().workers(2), |running, offered| {
            wait_for(offered, all / 3);
            let drained = running.drain(Duration::ZERO);
            let _ = drained.unwrap_or_else(|error| error.ledger);
            running.stop()
        }),
        round(Plan::seda_classic(), |running, offered| {
            wait_for(offered, all / 2);
            patient(running)
        }),
    ];
    let offered: u64 = rounds.iter().sum();
    assert!(offered > 1_000_000, "{offered} events");
}
