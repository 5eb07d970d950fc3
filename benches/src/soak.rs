//! A graph with everything that can go wrong in it, and an account kept beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use seda_core::{
    Batch, BoxError, DeadLetter, Death, Failure, Graph, Handler, Intensity, Key, Ledger, Meta,
    Overflow, Plan, Running, Sink, Stage,
};

/// One event in this many makes its handler panic.
const PANIC_EVERY: u64 = 9_973;
/// One event in this many makes its handler return an error.
const ERROR_EVERY: u64 = 7_919;
/// One event in this many goes round once more.
const LOOP_EVERY: u64 = 17;
/// How many events are offered to one graph before it is drained and the next is made.
pub const EVENTS_PER_GRAPH: u64 = 5_000_000;

/// Is what the handlers and the offering threads count for themselves.
#[derive(Debug, Default)]
pub struct Tally {
    offered: AtomicU64,
    given_back: AtomicU64,
    first: AtomicU64,
    second: AtomicU64,
    failures: AtomicU64,
    dead: AtomicU64,
}

/// Is what all graphs of a soak came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events that were offered to any stage.
    pub offered: u64,
    /// Events that entered a queue.
    pub accepted: u64,
    /// Events that were given back.
    pub rejected: u64,
    /// Events that a handler took without failing.
    pub handled: u64,
    /// Events that a handler lost.
    pub failed: u64,
    /// Events that expired or were buried.
    pub dead: u64,
    /// Graphs that were drained or stopped.
    pub graphs: u64,
}

impl Totals {
    /// Tells whether every event is where it should be.
    pub const fn is_exact(&self) -> bool {
        self.offered == self.accepted + self.rejected
            && self.accepted == self.handled + self.failed + self.dead
    }

    fn add(&mut self, ledger: &Ledger) {
        self.graphs += 1;
        for account in &ledger.accounts {
            self.offered += account.offered;
            self.accepted += account.accepted;
            self.rejected += account.rejected.total();
            self.handled += account.handled;
            self.failed += account.failed;
            self.dead += account.expired + account.dead_lettered;
        }
    }
}

/// Works on numbers: fails on some, sends some round again, passes the rest on.
#[derive(Clone)]
struct First {
    next: Sink<u64>,
    again: Sink<u64>,
    tally: Arc<Tally>,
}

impl Handler for First {
    type Event = u64;

    fn handle(&mut self, numbers: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(n) = numbers.next() {
            if n % ERROR_EVERY == 0 {
                return Err("an error on purpose".into());
            }
            assert!(n % PANIC_EVERY != 0, "a panic on purpose");
            // Never wait for room in one's own queue: only this stage can make it.
            if n % LOOP_EVERY == 0 && self.again.enqueue(n + 1).is_ok() {
                self.tally.first.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let Ok(mut slot) = self.next.reserve(1) else {
                numbers.defer(n);
                break;
            };
            slot.fill(n);
            self.tally.first.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Offers `events` to graph after graph, with panics, errors, resizes, drops,
/// deadlines that pass and stops; checks every ledger against its own counts.
///
/// # Panics
///
/// Panics if any event is not where it should be.
pub fn soak(events: u64, progress: impl Fn(&Totals)) -> Totals {
    let mut totals = Totals::default();
    let mut left = events;
    while left > 0 {
        let n = left.min(EVENTS_PER_GRAPH);
        left -= n;
        let tally = Arc::new(Tally::default());
        let ledger = one_graph(n, totals.graphs, &tally);
        check(&ledger, &tally);
        totals.add(&ledger);
        assert!(totals.is_exact(), "{totals:?}");
        progress(&totals);
    }
    totals
}

fn one_graph(events: u64, number: u64, tally: &Arc<Tally>) -> Ledger {
    let mut graph = Graph::new("soak");
    let first = build(&mut graph, tally);
    // Two workers in one domain, or the second stage in a domain of its own.
    let plan = match number % 3 {
        0 => Plan::default(),
        1 => Plan::default().workers(1),
        _ => Plan::default()
            .domain("other", seda_core::DomainKind::Cores { workers: 1 })
            .place("second", "other"),
    };
    let running = graph.start(plan).expect("the graph is right");
    std::thread::scope(|scope| {
        let halves = [0..events / 2, events / 2..events];
        for half in halves {
            let inlet = running.inlet(&first);
            scope.spawn(move || half.for_each(|n| offer(&inlet, n, tally)));
        }
        scope.spawn(|| disturb(&running, tally, events));
    });
    if number % 4 == 3 {
        running.stop()
    } else {
        running
            .drain(Duration::from_mins(1))
            .expect("nothing is left")
    }
}

fn build(graph: &mut Graph, tally: &Arc<Tally>) -> Stage<u64> {
    let count = |counter: fn(&Tally) -> &AtomicU64| {
        let tally = Arc::clone(tally);
        move || {
            counter(&tally).fetch_add(1, Ordering::Relaxed);
        }
    };
    let failed = count(|tally| &tally.failures);
    let failures = graph
        .stage("failures")
        .queue(1 << 20)
        .each(move |_: Failure| {
            failed();
            Ok(())
        });
    graph.failures_to(&failures);
    let died = count(|tally| &tally.dead);
    let dead = graph
        .stage("dead")
        .queue(1 << 20)
        .each(move |letter: DeadLetter<u64>| {
            assert_ne!(letter.death, Death::Quarantined);
            died();
            Ok(())
        });
    let handled = count(|tally| &tally.second);
    let second = graph
        .stage("second")
        .queue(4_096)
        .dead_letters(&dead)
        .each(move |_: u64| {
            handled();
            Ok(())
        });
    let first = graph.declare::<u64>("first", 2_048);
    let tally = Arc::clone(tally);
    let define = graph
        .define(&first)
        .dead_letters(&dead)
        .restarts(Intensity::UNLIMITED);
    define.handler_with(|wire| First {
        next: wire.to(&second).overflow(Overflow::Defer),
        again: wire.to(&first).overflow(Overflow::Reject),
        tally,
    })
}

/// Offers one event until it is taken or no longer wanted; some have a key,
/// some a deadline that passes.
fn offer(inlet: &Sink<u64>, n: u64, tally: &Tally) {
    let meta = match n % 101 {
        0 => Meta::NONE.with_key(Key::of(&(n % 7))),
        1 => Meta::NONE.with_deadline(
            seda_core::Clock::real()
                .now()
                .after(Duration::from_micros(20)),
        ),
        _ => Meta::NONE,
    };
    loop {
        tally.offered.fetch_add(1, Ordering::Relaxed);
        match inlet.with(meta).enqueue(n) {
            Ok(()) => return,
            Err(rejected) => {
                assert_eq!(rejected.event, n, "the event comes back by value");
                tally.given_back.fetch_add(1, Ordering::Relaxed);
                if rejected.reason != seda_core::Reason::Full {
                    return;
                }
                std::thread::yield_now();
            }
        }
    }
}

/// Resizes the queues again and again while events are offered.
fn disturb(running: &Running, tally: &Tally, events: u64) {
    let mut capacity = 64;
    while tally.offered.load(Ordering::Relaxed) - tally.given_back.load(Ordering::Relaxed)
        < events / 2
    {
        capacity = if capacity > 8_192 { 64 } else { capacity * 3 };
        running.resize("first", capacity);
        running.resize("second", capacity / 2);
        assert!(running.ledger().balances());
        std::thread::yield_now();
    }
    running.resize("first", 2_048);
    running.resize("second", 4_096);
}

/// Holds the ledger against what was counted beside it.
fn check(ledger: &Ledger, tally: &Tally) {
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    let of = |name: &str| ledger.stage(name).expect("the stage exists").clone();
    let (first, second) = (of("first"), of("second"));
    let seen = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    assert_eq!(second.handled, seen(&tally.second), "{ledger}");
    assert_eq!(first.handled, seen(&tally.first), "{ledger}");
    let taken = seen(&tally.offered) - seen(&tally.given_back);
    let again = first.accepted - taken;
    assert_eq!(again + second.accepted, first.handled, "{ledger}");
    let (failures, dead) = (of("failures"), of("dead"));
    assert_eq!(failures.handled, seen(&tally.failures), "{ledger}");
    assert_eq!(failures.offered, first.failed + second.failed, "{ledger}");
    assert_eq!(dead.handled, seen(&tally.dead), "{ledger}");
}

#[cfg(test)]
mod tests {
    use super::soak;

    #[test]
    fn a_short_soak_has_an_exact_ledger() {
        let totals = soak(400_000, |_| {});
        assert!(totals.is_exact() && totals.offered >= 400_000, "{totals:?}");
        assert!(totals.failed > 0 && totals.dead > 0, "{totals:?}");
    }
}
