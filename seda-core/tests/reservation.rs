//! Contract 3: room is taken for all of a batch or for none of it, in two phases if need be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "a test stops where something is wrong, and names things as they are"
)]

mod rig;

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rig::{Gate, account, assert_exact, drained, now};
use seda_core::testing::probe;
use seda_core::{
    Admission, Class, Graph, Meta, Overflow, Plan, QueueView, Reason, Sink, Verdict, reserve_all,
};

#[test]
fn a_batch_enters_as_a_whole_or_comes_back_as_a_whole() {
    let (sink, seen) = probe(5);
    sink.enqueue_all(vec![1, 2, 3]).unwrap();
    let back = sink.enqueue_all(vec![4, 5, 6]).unwrap_err();
    assert_eq!((back.event, back.reason), (vec![4, 5, 6], Reason::Full));
    sink.enqueue_all(vec![4, 5]).unwrap();
    sink.enqueue_all(Vec::new()).unwrap();
    assert_eq!(sink.enqueue(6).unwrap_err().event, 6);
    assert_eq!(seen.take(), [1, 2, 3, 4, 5]);
    let more = sink.enqueue_all(vec![0; 6]).unwrap_err();
    assert_eq!(more.event.len(), 6, "more than the bound never fits");
}

#[test]
fn slots_hold_their_room_until_they_are_filled_or_dropped() {
    let (sink, seen) = probe(4);
    let mut slots = sink.reserve(3).unwrap();
    sink.enqueue(0).unwrap();
    assert_eq!(sink.enqueue(9).unwrap_err().reason, Reason::Full);
    assert_eq!(sink.reserve(1).unwrap_err().reason, Reason::Full);
    slots.fill(1);
    slots.fill(2);
    assert_eq!(slots.left(), 1);
    assert_eq!(sink.enqueue(9).unwrap_err().reason, Reason::Full);
    drop(slots);
    sink.enqueue(3).unwrap();
    assert_eq!(seen.take(), [0, 1, 2, 3]);
    assert!(sink.reserve(4).is_ok(), "all room is free again");
}

#[test]
#[should_panic(expected = "every reserved slot is filled")]
fn more_slots_than_reserved_cannot_be_filled() {
    let (sink, _seen) = probe(4);
    let mut slots = sink.reserve(1).unwrap();
    slots.fill(1);
    slots.fill(2);
}

#[test]
fn filled_events_have_the_meta_of_the_reservation() {
    let (sink, seen) = probe(4);
    let urgent = Meta::NONE.with_class(Class(0));
    sink.with(urgent).reserve(1).unwrap().fill(1);
    assert_eq!(seen.take_with_meta(), [(1, urgent)]);
}

#[test]
fn several_sinks_reserve_together_or_not_at_all() {
    let (a, _a) = probe::<u8>(2);
    let (b, _b) = probe::<u8>(2);
    let (c, _c) = probe::<u8>(1);
    let back = reserve_all(((&a, 2), (&b, 2), (&c, 2))).unwrap_err();
    assert_eq!(back.reason, Reason::Full);
    {
        let (_all_of_a, _all_of_b, _all_of_c) = reserve_all(((&a, 2), (&b, 2), (&c, 1))).unwrap();
        assert!(a.enqueue(1).is_err() && b.enqueue(1).is_err() && c.enqueue(1).is_err());
    }
    let _nested = reserve_all((((&a, 1), (&b, 1)), ((&a, 1), (&c, 1)))).unwrap();
    assert!(a.enqueue(1).is_err() && c.enqueue(1).is_err());
    b.enqueue(1).unwrap();
}

/// Threads want the same three sinks in opposite orders, fill some of what
/// they get and drop the rest.
#[test]
fn many_threads_reserve_in_opposite_orders_without_deadlock_or_leak() {
    let mut graph = Graph::new("opposite");
    let stages: Vec<_> = ["a", "b", "c"]
        .map(|name| graph.stage(name).queue(5).batch(1).each(|_: u64| Ok(())))
        .into();
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let filled = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            let sinks: Vec<Sink<u64>> = (0..3)
                .map(|n| {
                    let place = if thread % 2 == 0 { n } else { 2 - n };
                    running.inlet(&stages[place])
                })
                .collect();
            let filled = &filled;
            scope.spawn(move || {
                let (mut got, mut n) = (0, 0);
                while got < 300 {
                    n += 1;
                    let wanted = ((&sinks[0], 2), (&sinks[1], 1), (&sinks[2], 2));
                    let Ok((mut first, mut second, third)) = reserve_all(wanted) else {
                        std::thread::yield_now();
                        continue;
                    };
                    got += 1;
                    first.fill(n);
                    drop(third);
                    second.fill(n);
                    filled.fetch_add(2, Ordering::Relaxed);
                }
            });
        }
    });
    let ledger = drained(&running);
    let handled: u64 = ledger.accounts.iter().map(|account| account.handled).sum();
    assert_eq!(handled, filled.load(Ordering::Relaxed) as u64);
    assert_eq!(handled, 4 * 300 * 2);
}

/// A bucket of tokens that asks how often, and for how many, it was asked.
#[derive(Clone, Default)]
struct Bucket {
    tokens: Arc<AtomicI64>,
    asked: Arc<Mutex<Vec<(&'static str, usize)>>>,
}

impl Bucket {
    fn take(&self, how: &'static str, n: usize) -> Verdict {
        self.asked.lock().unwrap().push((how, n));
        let n = i64::try_from(n).unwrap();
        if self.tokens.fetch_sub(n, Ordering::SeqCst) >= n {
            return Verdict::Admit;
        }
        self.tokens.fetch_add(n, Ordering::SeqCst);
        Verdict::Shed {
            retry_after: Some(Duration::from_secs(3)),
        }
    }
}

impl Admission<u64> for Bucket {
    fn admit(&self, _: &u64, _: &Meta, _: &QueueView) -> Verdict {
        self.take("one", 1)
    }

    fn admit_all(&self, events: &[u64], _: &Meta, _: &QueueView) -> Verdict {
        self.take("all", events.len())
    }

    fn admit_room(&self, n: usize, _: &Meta, _: &QueueView) -> Verdict {
        self.take("room", n)
    }

    fn give_back(&self, n: usize, _: &Meta) {
        let n = i64::try_from(n).unwrap();
        self.tokens.fetch_add(n, Ordering::SeqCst);
    }
}

#[test]
fn admission_is_asked_once_for_all_of_a_batch_and_says_when_to_retry() {
    let bucket = Bucket::default();
    bucket.tokens.store(10, Ordering::SeqCst);
    let mut graph = Graph::new("asked");
    let stage = graph
        .stage("asked")
        .queue(100)
        .admission(bucket.clone())
        .each(|_: u64| Ok(()));
    let inlet = graph.inlet(&stage);
    inlet.enqueue(1).unwrap();
    inlet.enqueue_all(vec![1; 4]).unwrap();
    let mut slots = inlet.reserve(3).unwrap();
    slots.fill(1);
    drop(slots);
    assert_eq!(
        *bucket.asked.lock().unwrap(),
        [("one", 1), ("all", 4), ("room", 3)]
    );
    assert_eq!(bucket.tokens.load(Ordering::SeqCst), 4, "two came back");
    let back = inlet.enqueue_all(vec![7; 5]).unwrap_err();
    assert_eq!((back.reason, back.event.len()), (Reason::Shed, 5));
    assert_eq!(back.retry_after, Some(Duration::from_secs(3)));
    inlet.enqueue_all(vec![1; 4]).unwrap();
    let ledger = drained(&graph.start(Plan::default().workers(1)).unwrap());
    assert_eq!(account(&ledger, "asked").rejected.shed, 5);
}

/// Whatever is refused for want of room, or not used, gives its tokens back.
#[test]
fn what_is_refused_consumes_nothing_of_the_admission_policy() {
    for overflow in [Overflow::Reject, Overflow::DropNewest] {
        let (bucket, other) = (Bucket::default(), Bucket::default());
        bucket.tokens.store(100, Ordering::SeqCst);
        other.tokens.store(2, Ordering::SeqCst);
        let mut graph = Graph::new("tokens");
        let stage = graph
            .stage("small")
            .queue(2)
            .admission(bucket.clone())
            .each(|_: u64| Ok(()));
        let poor = graph.stage("poor").admission(other).each(|_: u64| Ok(()));
        let sink = graph.inlet(&stage).overflow(overflow);
        let poor = graph.inlet(&poor);
        assert!(sink.reserve(3).is_err());
        assert!(reserve_all(((&sink, 2), (&poor, 3))).is_err());
        drop(reserve_all(((&sink, 2), (&poor, 2))).unwrap());
        assert_eq!(bucket.tokens.load(Ordering::SeqCst), 100);
        sink.enqueue_all(vec![1, 2]).unwrap();
        let lossy = overflow == Overflow::DropNewest;
        assert_eq!(sink.enqueue(3).is_ok(), lossy);
        assert_eq!(sink.enqueue_all(vec![3]).is_ok(), lossy);
        assert!(!sink.enqueue_lossy(3) || lossy);
        assert_eq!(bucket.tokens.load(Ordering::SeqCst), 98);
    }
}

#[test]
fn admission_sees_the_queue_as_it_is() {
    let views = Arc::<Mutex<Vec<QueueView>>>::default();
    let gate = Gate::default();
    let (keep, hold) = (Arc::clone(&views), gate.clone());
    let mut graph = Graph::new("views");
    let stage = graph
        .stage("viewed")
        .queue(10)
        .admission(move |_: &u64, _: &Meta, view: &QueueView| {
            keep.lock().unwrap().push(*view);
            Verdict::Admit
        })
        .each(move |_: u64| {
            hold.pass();
            Ok(())
        });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&stage);
    inlet.enqueue(0).unwrap();
    gate.await_arrivals(1);
    inlet.enqueue_all(vec![1, 2]).unwrap();
    let slots = inlet.reserve(3).unwrap();
    running.resize("viewed", 20);
    inlet.enqueue(5).unwrap();
    drop(slots);
    let last = *views.lock().unwrap().last().unwrap();
    assert_eq!((last.queued, last.in_hand, last.limit), (5, 1, 20));
    gate.open();
    drained(&running);
}

#[test]
fn slots_that_are_dropped_wake_who_waits_for_room() {
    let gate = Gate::default();
    let mut graph = Graph::new("wake");
    let last = graph.stage("last").queue(2).each(|_: u64| Ok(()));
    let holder = graph.inlet(&last);
    let hold = gate.clone();
    let pass = graph
        .stage("pass")
        .handler_with(|wire| Pass(wire.to(&last).overflow(Overflow::Defer), hold));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let slots = holder.reserve(2).unwrap();
    running.inlet(&pass).enqueue(1).unwrap();
    gate.await_arrivals(1);
    gate.open();
    assert_eq!(now(&running, "last").accepted, 0);
    drop(slots);
    let ledger = drained(&running);
    assert_exact(&ledger);
    assert_eq!(account(&ledger, "last").handled, 1);
}

#[derive(Clone)]
struct Pass(Sink<u64>, Gate);

impl seda_core::Handler for Pass {
    type Event = u64;

    fn handle(&mut self, batch: &mut seda_core::Batch<u64>) -> Result<(), seda_core::BoxError> {
        while let Some(event) = batch.next() {
            self.1.pass();
            if let Err(back) = self.0.enqueue(event) {
                batch.defer(back.event);
                break;
            }
        }
        Ok(())
    }
}
