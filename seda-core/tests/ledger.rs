//! Contract 2: every event is where the ledger says, at any time, and comes back by value.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "a test stops where something is wrong, and names things as they are"
)]

mod rig;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use rig::{Gate, account, assert_exact, drained, now};
use seda_core::testing::probe;
use seda_core::{
    Batch, BoxError, DeadLetter, Failure, Graph, Handler, Intensity, Ledger, Meta, Overflow, Plan,
    QueueView, Reason, Running, Sink, Stage, Tick, Verdict,
};

/// An event that can be neither cloned nor printed, and counts itself.
struct Token {
    n: u64,
    dropped: Arc<AtomicU64>,
}

impl Drop for Token {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_rejected_event_comes_back_by_value_with_its_reason() {
    let dropped = Arc::<AtomicU64>::default();
    let token = |n| Token {
        n,
        dropped: Arc::clone(&dropped),
    };
    let mut graph = Graph::new("reasons");
    let stage = graph
        .stage("picky")
        .queue(1)
        .admission(|token: &Token, _: &Meta, _: &QueueView| match token.n {
            13 => Verdict::Shed {
                retry_after: Some(Duration::from_secs(1)),
            },
            _ => Verdict::Admit,
        })
        .each(|_: Token| Ok(()));
    let inlet = graph.inlet(&stage);
    let late = Meta::NONE.with_deadline(Tick::ZERO);
    inlet.enqueue(token(0)).ok().unwrap();
    let mut back = vec![
        inlet.enqueue(token(1)).unwrap_err(),
        inlet.enqueue(token(13)).unwrap_err(),
        inlet.with(late).enqueue(token(2)).unwrap_err(),
    ];
    let running = graph.start(Plan::default().workers(1)).unwrap();
    drained(&running);
    back.push(inlet.enqueue(token(3)).unwrap_err());
    let told: Vec<_> = back
        .iter()
        .map(|back| (back.event.n, back.reason, back.retry_after, back.stage()))
        .collect();
    assert_eq!(
        told,
        [
            (1, Reason::Full, None, "picky"),
            (13, Reason::Shed, Some(Duration::from_secs(1)), "picky"),
            (2, Reason::Expired, None, "picky"),
            (3, Reason::Closed, None, "picky"),
        ]
    );
    assert_eq!(dropped.load(Ordering::Relaxed), 1, "only the handled one");
    let rejected = now(&running, "picky").rejected;
    let counts = [rejected.full, rejected.shed, rejected.expired];
    assert_eq!((counts, rejected.closed), ([1, 1, 1], 1));
}

#[test]
fn a_rejection_can_be_passed_on_as_an_error_whatever_the_event_is() {
    fn sends(sink: &Sink<Token>) -> Result<(), BoxError> {
        let dropped = Arc::default();
        sink.enqueue(Token { n: 1, dropped })?;
        Ok(())
    }
    let (sink, _seen) = probe(1);
    sends(&sink).unwrap();
    let text = sends(&sink).unwrap_err().to_string();
    assert!(text.contains("`probe`") && text.contains("full"), "{text}");
}

/// What the test itself counts.
#[derive(Default)]
struct Counts {
    offered: AtomicU64,
    rejected: AtomicU64,
    handled: AtomicU64,
    failed: AtomicU64,
    letters: AtomicU64,
    failures: AtomicU64,
    passed: AtomicU64,
}

/// Loses some events by panics, some by errors, and passes the rest on.
#[derive(Clone)]
struct Rough {
    next: Sink<Token>,
    counts: Arc<Counts>,
}

impl Handler for Rough {
    type Event = Token;

    fn handle(&mut self, batch: &mut Batch<Token>) -> Result<(), BoxError> {
        while let Some(token) = batch.next() {
            match token.n % 50 {
                7 => {
                    self.counts.failed.fetch_add(1, Ordering::Relaxed);
                    panic!("on purpose");
                }
                23 => {
                    self.counts.failed.fetch_add(1, Ordering::Relaxed);
                    return Err("on purpose".into());
                }
                31 => break_off(batch, token),
                _ => {
                    self.counts.handled.fetch_add(1, Ordering::Relaxed);
                    self.counts.passed.fetch_add(1, Ordering::Relaxed);
                    let _ = self.next.enqueue(token);
                }
            }
        }
        Ok(())
    }
}

/// Defers once; the second time the event counts as another.
fn break_off(batch: &mut Batch<Token>, mut token: Token) {
    token.n += 1;
    batch.defer(token);
}

/// A rough stage in front of a slow one, whose edge overflows in one of the four ways.
fn rough(overflow: Overflow, counts: &Arc<Counts>, plan: Plan) -> (Running, Stage<Token>) {
    let mut graph = Graph::new("rough");
    let count = Arc::clone(counts);
    let letters = graph.stage("letters").queue(100_000).each(move |_| {
        count.letters.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let _: &Stage<DeadLetter<Token>> = &letters;
    let count = Arc::clone(counts);
    let failures = graph
        .stage("failures")
        .queue(100_000)
        .each(move |_: Failure| {
            count.failures.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
    graph.failures_to(&failures);
    let slow = graph
        .stage("slow")
        .queue(8)
        .blocking(1..=1)
        .dead_letters(&letters)
        .each(|_: Token| {
            std::thread::yield_now();
            Ok(())
        });
    let count = Arc::clone(counts);
    let rough = graph
        .stage("rough")
        .queue(64)
        .restarts(Intensity::UNLIMITED)
        .dead_letters(&letters)
        .handler_with(|wire| Rough {
            next: wire.to(&slow).overflow(overflow),
            counts: count,
        });
    (graph.start(plan).unwrap(), rough)
}

/// Enqueues in all ways, with deadlines that sometimes pass in the queue.
fn produce(inlet: &Sink<Token>, running: &Running, counts: &Counts, dropped: &Arc<AtomicU64>) {
    let token = |n| Token {
        n,
        dropped: Arc::clone(dropped),
    };
    for n in 0..1_500 {
        let meta = match n % 4 {
            0 => Meta::NONE.with_deadline(running.now().after(Duration::from_micros(20))),
            _ => Meta::NONE,
        };
        let (offered, rejected) = match n % 3 {
            0 => {
                let all = (n..n + 5).map(token).collect();
                let back = inlet.with(meta).enqueue_all(all);
                (5, back.err().map_or(0, |back| back.event.len() as u64))
            }
            1 => match inlet.with(meta).reserve(3) {
                Ok(mut slots) => {
                    slots.fill(token(n));
                    slots.fill(token(n + 1));
                    (2, 0)
                }
                Err(_) => (3, 3),
            },
            _ => {
                let back = inlet.with(meta).enqueue(token(n));
                (1, back.map_or_else(|_| 1, |()| 0))
            }
        };
        counts.offered.fetch_add(offered, Ordering::Relaxed);
        counts.rejected.fetch_add(rejected, Ordering::Relaxed);
    }
}

#[test]
fn the_ledger_is_exact_at_any_time_whatever_goes_wrong() {
    rig::hush_panics_on_purpose();
    for overflow in [
        Overflow::Reject,
        Overflow::Defer,
        Overflow::DropNewest,
        Overflow::DropOldest,
    ] {
        for plan in [Plan::default().workers(2), Plan::seda_classic()] {
            let counts = Arc::<Counts>::default();
            let dropped = Arc::<AtomicU64>::default();
            let (running, rough) = rough(overflow, &counts, plan);
            poll_while(&running, || {
                std::thread::scope(|scope| {
                    for _ in 0..3 {
                        let inlet = running.inlet(&rough);
                        let (running, counts, dropped) = (&running, &counts, &dropped);
                        scope.spawn(move || produce(&inlet, running, counts, dropped));
                    }
                });
            });
            let ledger = drained(&running);
            assert_counts(&ledger, &counts);
            let slow = account(&ledger, "slow");
            let passed = counts.passed.load(Ordering::Relaxed);
            assert_eq!(slow.offered, passed, "{overflow}: {ledger}");
        }
    }
}

/// Looks at the ledger before, all the time during, and after `work`.
fn poll_while(running: &Running, work: impl FnOnce()) {
    let looking = Barrier::new(2);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let poll = scope.spawn(|| {
            let mut before = running.ledger();
            looking.wait();
            loop {
                let last = done.load(Ordering::Acquire);
                let ledger = running.ledger();
                assert_exact(&ledger);
                assert_grows(&before, &ledger);
                if last {
                    break;
                }
                before = ledger;
            }
        });
        looking.wait();
        work();
        done.store(true, Ordering::Release);
        poll.join().unwrap();
    });
}

/// Totals never go back.
fn assert_grows(before: &Ledger, after: &Ledger) {
    for (before, after) in before.accounts.iter().zip(&after.accounts) {
        let totals = |account: &seda_core::Account| {
            [
                account.offered,
                account.accepted,
                account.rejected.total(),
                account.handled,
                account.failed,
                account.expired,
                account.dead_lettered,
            ]
        };
        let pairs = totals(before).into_iter().zip(totals(after));
        assert!(
            pairs.into_iter().all(|(a, b)| a <= b),
            "{before:?} {after:?}"
        );
    }
}

fn assert_counts(ledger: &Ledger, counts: &Counts) {
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let rough = account(ledger, "rough");
    assert_eq!(rough.offered, read(&counts.offered), "{ledger}");
    assert_eq!(rough.rejected.total(), read(&counts.rejected), "{ledger}");
    assert_eq!(rough.handled, read(&counts.handled), "{ledger}");
    assert_eq!(rough.failed, read(&counts.failed), "{ledger}");
    assert!(rough.failed > 0 && rough.handled > 0);
    let slow = account(ledger, "slow");
    let gone = [&rough, &slow].map(|a| a.expired + a.dead_lettered);
    let letters = account(ledger, "letters");
    assert_eq!(letters.offered, gone[0] + gone[1], "{ledger}");
    assert_eq!(letters.handled, read(&counts.letters));
    assert_eq!(account(ledger, "failures").offered, rough.failed);
    assert_eq!(read(&counts.failures), rough.failed);
}

#[test]
fn every_event_is_dropped_once_even_at_a_stop() {
    rig::hush_panics_on_purpose();
    for overflow in [Overflow::Defer, Overflow::DropOldest] {
        let counts = Arc::<Counts>::default();
        let dropped = Arc::<AtomicU64>::default();
        let made = {
            let (running, rough) = rough(overflow, &counts, Plan::default().workers(2));
            let inlet = running.inlet(&rough);
            let mut made = 0;
            for n in 0..5_000 {
                made += 1;
                let dropped = Arc::clone(&dropped);
                let _ = inlet.enqueue(Token { n, dropped });
            }
            let ledger = running.stop();
            assert_exact(&ledger);
            assert!(ledger.is_empty(), "{ledger}");
            made
        };
        assert_eq!(dropped.load(Ordering::Relaxed), made);
    }
}

#[test]
fn the_ledger_tells_apart_what_waits_and_what_is_in_hand() {
    let gate = Gate::default();
    let mut graph = Graph::new("in hand");
    let hold = gate.clone();
    let stage = graph
        .stage("held")
        .batch(3)
        .blocking(1..=1)
        .each(move |_: u64| {
            hold.pass();
            Ok(())
        });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&stage);
    inlet.enqueue_all((0..10).collect()).unwrap();
    gate.await_arrivals(1);
    let held = now(&running, "held");
    assert_eq!((held.queued, held.in_hand, held.handled), (9, 1, 0));
    assert!(!running.ledger().is_empty());
    gate.open();
    drained(&running);
}
