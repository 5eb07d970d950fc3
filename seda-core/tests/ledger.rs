//! Contract 2: every event is accounted for at any time, and a rejected one comes back.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod rig;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rig::{Gate, account, assert_exact, drained};
use seda_core::simulator::Simulator;
use seda_core::{
    Batch, BoxError, Clock, DeadLetter, Graph, Handler, Intensity, Ledger, Meta, Overflow, Plan,
    QueueView, Reason, Rejected, Running, Sink, Stage, Tick, Verdict,
};

const POLICIES: [Overflow; 4] = [
    Overflow::Reject,
    Overflow::Defer,
    Overflow::DropNewest,
    Overflow::DropOldest,
];

/// An event that can neither be copied nor shown: who has it has the only one.
struct Parcel {
    number: u64,
    /// Counts parcels that are gone.
    gone: Arc<AtomicU64>,
}

impl Drop for Parcel {
    fn drop(&mut self) {
        self.gone.fetch_add(1, Ordering::Relaxed);
    }
}

/// Fails on some parcels and passes the others on, each by the way of its number.
#[derive(Clone)]
struct Spread([Sink<Parcel>; 4]);

impl Handler for Spread {
    type Event = Parcel;

    fn handle(&mut self, batch: &mut Batch<Parcel>) -> Result<(), BoxError> {
        while let Some(parcel) = batch.next() {
            let number = parcel.number;
            assert!(number % 50 != 13, "on purpose");
            if number % 50 == 17 {
                return Err("on purpose".into());
            }
            let way = usize::try_from(number % 4)?;
            let Some(sink) = self.0.get(way) else {
                continue;
            };
            match sink.enqueue(parcel) {
                Ok(()) => {}
                Err(back) if back.reason == Reason::Full && way == 1 => batch.defer(back.event),
                Err(back) => return Err(back.into()),
            }
        }
        Ok(())
    }
}

/// Builds a stage that spreads to four, one for each overflow policy.
fn spread() -> (Graph, Stage<Parcel>) {
    let mut graph = Graph::new("everything");
    let failed = graph.stage("failed").queue(4).each(|_| Ok(()));
    graph.failures_to(&failed);
    let buried = graph
        .stage("buried")
        .queue(64)
        .each(|_: DeadLetter<Parcel>| Ok(()));
    let ends = POLICIES.map(|policy| {
        let stage = graph.stage(&policy.to_string()).queue(3).batch(2);
        let stage = stage.restarts(Intensity::UNLIMITED).dead_letters(&buried);
        let end = stage.each(|parcel: Parcel| {
            assert!(parcel.number % 30 != 1, "on purpose");
            Ok(())
        });
        (end, policy)
    });
    let shed = |parcel: &Parcel, _: &Meta, _: &QueueView| match parcel.number % 20 {
        9 => Verdict::SHED,
        _ => Verdict::Admit,
    };
    let first = graph.stage("first").queue(40).batch(16).admission(shed);
    let first = first.restarts(Intensity::UNLIMITED).dead_letters(&buried);
    let first = first.target(Duration::from_secs(5)).handler_with(|wire| {
        Spread(
            ends.each_ref()
                .map(|(end, policy)| wire.to(end).overflow(*policy)),
        )
    });
    (graph, first)
}

/// What a producer had back.
#[derive(Default)]
struct Returned {
    full: u64,
    shed: u64,
    expired: u64,
    closed: u64,
}

impl Returned {
    /// Fails unless this is the very parcel that was offered.
    fn take(&mut self, back: &Rejected<Parcel>, number: u64) {
        assert_eq!((back.event.number, back.stage()), (number, "first"));
        *match back.reason {
            Reason::Full => &mut self.full,
            Reason::Shed => &mut self.shed,
            Reason::Expired => &mut self.expired,
            Reason::Closed => &mut self.closed,
        } += 1;
    }
}

/// Offers parcels, of which some expire before they are in, and some in the queue.
fn offer(running: &Running, inlet: &Sink<Parcel>, gone: &Arc<AtomicU64>, of: u64) -> Returned {
    let mut returned = Returned::default();
    for number in 0..of {
        let gone = Arc::clone(gone);
        let parcel = Parcel { number, gone };
        let deadline = match number % 40 {
            21 => Tick::ZERO,
            22 => running.now().after(Duration::from_micros(20)),
            _ => Tick::NEVER,
        };
        let meta = Meta::NONE.with_deadline(deadline);
        if let Err(back) = inlet.with(meta).enqueue(parcel) {
            returned.take(&back, number);
            std::thread::yield_now();
        }
    }
    returned
}

/// Fails unless the stage's account says what the producers saw.
fn assert_told(ledger: &Ledger, returned: &[Returned], offered: u64) {
    let first = account(ledger, "first");
    let sum = |count: fn(&Returned) -> u64| returned.iter().map(count).sum::<u64>();
    assert_eq!(first.offered, offered);
    assert_eq!(first.rejected.full, sum(|returned| returned.full));
    assert_eq!(first.rejected.shed, sum(|returned| returned.shed));
    assert_eq!(first.rejected.expired, sum(|returned| returned.expired));
    assert_eq!(first.rejected.closed, sum(|returned| returned.closed));
    assert!(first.rejected.shed > 0 && first.rejected.expired > 0 && first.failed > 0);
}

#[test]
fn the_account_balances_at_any_time_whatever_happens_to_events() {
    const EACH: u64 = 8_000;
    for workers in [1, 3] {
        let gone = Arc::<AtomicU64>::default();
        let (graph, first) = spread();
        let running = graph.start(Plan::default().workers(workers)).unwrap();
        let done = AtomicBool::new(false);
        let (returned, looks) = std::thread::scope(|scope| {
            let watch = scope.spawn(|| watch(&running, &done));
            let producers = [(); 3].map(|()| {
                let inlet = running.inlet(&first);
                let (running, gone) = (&running, &gone);
                scope.spawn(move || offer(running, &inlet, gone, EACH))
            });
            let returned = producers.map(|producer| producer.join().unwrap());
            drained(&running);
            done.store(true, Ordering::Release);
            (returned, watch.join().unwrap())
        });
        let ledger = running.ledger();
        assert_told(&ledger, &returned, 3 * EACH);
        let accounts = ledger.accounts.iter();
        let dead: u64 = accounts.map(|account| account.dead_lettered).sum();
        assert!(dead > 0 && looks > 100, "{dead} evicted, {looks} looks");
        let lost = 3 * EACH - gone.load(Ordering::Relaxed);
        assert_eq!(lost, 0, "a parcel is nowhere");
    }
}

/// Looks at the ledger until the end: every sum fits, and nothing is uncounted.
fn watch(running: &Running, done: &AtomicBool) -> u64 {
    let mut looks = 0;
    let mut before = running.ledger();
    while !done.load(Ordering::Acquire) {
        let ledger = running.ledger();
        assert_exact(&ledger);
        for (now, then) in ledger.accounts.iter().zip(&before.accounts) {
            let counts = |account: &seda_core::Account| {
                let rejected = account.rejected.total();
                let lost = account.expired + account.dead_lettered;
                [account.accepted, rejected, account.handled, account.failed].map(|n| (n, lost))
            };
            let grew = counts(now).into_iter().zip(counts(then));
            for (now, then) in grew {
                assert!(now.0 >= then.0 && now.1 >= then.1, "{ledger}\n{before}");
            }
        }
        before = ledger;
        looks += 1;
    }
    looks
}

#[test]
fn what_a_stop_cuts_short_is_buried_and_accounted_for() {
    for round in 0..20 {
        let gone = Arc::<AtomicU64>::default();
        let (graph, first) = spread();
        let running = graph.start(Plan::default().workers(2)).unwrap();
        let stop = Gate::default();
        let returned = std::thread::scope(|scope| {
            let producers = [(); 2].map(|()| {
                let inlet = running.inlet(&first);
                let (running, gone, stop) = (&running, &gone, stop.clone());
                scope.spawn(move || {
                    let early = offer(running, &inlet, gone, 50 * (round + 1));
                    stop.pass();
                    (early, offer(running, &inlet, gone, 500))
                })
            });
            stop.await_arrivals(2);
            stop.open();
            running.stop();
            producers.map(|producer| producer.join().unwrap())
        });
        let ledger = running.stop();
        assert_exact(&ledger);
        assert!(ledger.is_empty(), "{ledger}");
        let offered = account(&ledger, "first").offered;
        assert_eq!(offered, 2 * (50 * (round + 1) + 500));
        let closed: u64 = returned
            .iter()
            .map(|(early, late)| early.closed + late.closed)
            .sum();
        assert_eq!(account(&ledger, "first").rejected.closed, closed);
        assert_eq!(gone.load(Ordering::Relaxed), offered, "in round {round}");
    }
}

#[test]
fn what_comes_back_is_what_was_offered_by_every_way_in() {
    let gone = Arc::<AtomicU64>::default();
    let parcel = |number| Parcel {
        number,
        gone: Arc::clone(&gone),
    };
    let mut graph = Graph::new("back").with_clock(Clock::manual());
    let stage = graph.stage("small").queue(2).each(|_: Parcel| Ok(()));
    let inlet = graph.inlet(&stage);
    let numbers = |parcels: &[Parcel]| parcels.iter().map(|p| p.number).collect::<Vec<_>>();

    let back = inlet
        .enqueue_all(vec![parcel(1), parcel(2), parcel(3)])
        .unwrap_err();
    assert_eq!(numbers(&back.event), [1, 2, 3]);
    drop(back);
    inlet.enqueue_all(vec![parcel(4), parcel(5)]).ok().unwrap();
    let back = inlet.enqueue(parcel(6)).unwrap_err();
    assert_eq!((back.event.number, back.reason), (6, Reason::Full));
    let late = Meta::NONE.with_deadline(Tick::ZERO);
    let back = inlet.with(late).enqueue(back.event).unwrap_err();
    assert_eq!((back.event.number, back.reason), (6, Reason::Expired));
    assert_eq!(gone.load(Ordering::Relaxed), 3, "only 1, 2 and 3 are gone");
    drop(back);

    let simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    let ledger = simulator.drain(Duration::from_secs(1)).unwrap();
    let small = account(&ledger, "small");
    assert_exact(&ledger);
    assert_eq!((small.offered, small.accepted, small.handled), (7, 2, 2));
    assert_eq!((small.rejected.full, small.rejected.expired), (4, 1));
    assert_eq!(gone.load(Ordering::Relaxed), 6);
    let back = inlet.enqueue(parcel(7)).unwrap_err();
    assert_eq!((back.event.number, back.reason), (7, Reason::Closed));
}

#[test]
fn what_a_quarantine_buries_comes_back_by_value() {
    let letters = Arc::<Mutex<Vec<u64>>>::default();
    let keep = Arc::clone(&letters);
    let mut graph = Graph::new("buried").with_clock(Clock::manual());
    let buried = graph
        .stage("buried")
        .each(move |letter: DeadLetter<Parcel>| {
            keep.lock().unwrap().push(letter.event.number);
            Ok(())
        });
    let none = Intensity {
        count: 0,
        window: Duration::from_secs(1),
    };
    let fragile = graph.stage("fragile").restarts(none).dead_letters(&buried);
    let fragile = fragile.each(|parcel: Parcel| {
        assert!(parcel.number != 2, "on purpose");
        Ok(())
    });
    let inlet = graph.inlet(&fragile);
    for number in 0..6 {
        let gone = Arc::default();
        inlet.enqueue(Parcel { number, gone }).ok().unwrap();
    }
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    simulator.run_for(Duration::from_secs(1));
    assert_eq!(*letters.lock().unwrap(), [3, 4, 5]);
    let ledger = simulator.drain(Duration::from_secs(1)).unwrap();
    assert_exact(&ledger);
    let fragile = account(&ledger, "fragile");
    assert_eq!(
        (fragile.handled, fragile.failed, fragile.dead_lettered),
        (2, 1, 3)
    );
}
