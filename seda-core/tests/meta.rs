//! What travels with an event: deadline, class, key, trace; how it is inherited and used.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "a test stops where something is wrong, and names things as they are"
)]

mod rig;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rig::{Gate, account, assert_exact, drained, wait_until};
use seda_core::simulator::{Service, Simulator};
use seda_core::{
    Batch, BoxError, Class, Classes, Clock, DeadLetter, Death, DomainKind, Graph, Handler, Key,
    Meta, Overflow, Plan, Reason, Running, Sink, Stage, Tick, TraceId,
};

fn full_meta() -> Meta {
    Meta::NONE
        .with_class(Class(3))
        .with_key(Key::of(&"job"))
        .with_trace(TraceId::new(77).unwrap())
        .with_deadline(Tick::NEVER.before(Duration::from_secs(1)))
}

/// Notes the meta of what it gets.
#[derive(Clone, Default)]
struct Note(Arc<Mutex<Vec<(u64, Meta)>>>);

impl Handler for Note {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(event) = batch.next() {
            self.0.lock().unwrap().push((event, batch.meta()));
        }
        Ok(())
    }
}

/// Sends 1 as it is, 2 with a meta of its own, 3 and 4 in one piece, 5 in a slot.
#[derive(Clone)]
struct Spread(Sink<u64>);

impl Handler for Spread {
    type Event = ();

    fn handle(&mut self, batch: &mut Batch<()>) -> Result<(), BoxError> {
        while batch.next().is_some() {
            self.0.enqueue(1)?;
            self.0.with(batch.meta().with_class(Class(0))).enqueue(2)?;
            self.0.enqueue_all(vec![3, 4])?;
            self.0.reserve(1)?.fill(5);
            self.0.with(Meta::NONE).enqueue(6)?;
        }
        batch.take_up_to(9);
        self.0.enqueue(7)?;
        Ok(())
    }
}

#[test]
fn an_event_inherits_the_meta_of_the_one_in_hand_in_a_domain_and_between_domains() {
    let pool = DomainKind::Blocking { min: 1, max: 1 };
    let apart = Plan::default().domain("pool", pool).place("note", "pool");
    for plan in [Plan::default().workers(1), apart, Plan::seda_classic()] {
        let note = Note::default();
        let mut graph = Graph::new("inherit");
        let noted = graph.stage("note").handler(note.clone());
        let spread = graph
            .stage("spread")
            .handler_with(|wire| Spread(wire.to(&noted)));
        let running = graph.start(plan).unwrap();
        let inlet = running.inlet(&spread);
        inlet.with(full_meta()).enqueue(()).unwrap();
        wait_until("it is done", || running.ledger().is_empty());
        // Nothing of it is left for the next one.
        inlet.enqueue(()).unwrap();
        drained(&running);
        let mut noted = note.0.lock().unwrap().clone();
        noted.sort_by_key(|(event, _)| *event);
        let urgent = full_meta().with_class(Class(0));
        for (event, first, second) in [
            (1, full_meta(), Meta::NONE),
            (2, urgent, Meta::NONE.with_class(Class(0))),
            (3, full_meta(), Meta::NONE),
            (4, full_meta(), Meta::NONE),
            (5, full_meta(), Meta::NONE),
            (6, Meta::NONE, Meta::NONE),
            (7, Meta::NONE, Meta::NONE),
        ] {
            for meta in [first, second] {
                let place = noted.iter().position(|seen| *seen == (event, meta));
                noted.remove(place.unwrap_or_else(|| panic!("{event} with {meta:?}: {noted:?}")));
            }
        }
        assert!(noted.is_empty());
    }
}

#[test]
fn an_event_whose_deadline_has_passed_is_not_accepted() {
    let clock = Clock::manual();
    let mut graph = Graph::new("late").with_clock(clock.clone());
    let stage = graph.stage("late").each(|_: u64| Ok(()));
    let inlet = graph.inlet(&stage);
    clock.advance(Duration::from_secs(1));
    let now = Meta::NONE.with_deadline(clock.now());
    let rejected = inlet.with(now).enqueue(7).unwrap_err();
    assert_eq!((rejected.event, rejected.reason), (7, Reason::Expired));
    let rejected = inlet.with(now).enqueue_all(vec![1, 2]).unwrap_err();
    assert_eq!(rejected.event, [1, 2]);
    assert_eq!(
        inlet.with(now).reserve(3).unwrap_err().reason,
        Reason::Expired
    );
    let later = Meta::NONE.with_deadline(clock.now().after(Duration::from_nanos(1)));
    inlet.with(later).enqueue(8).unwrap();
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let account = account(&drained(&running), "late");
    assert_eq!((account.handled, account.rejected.expired), (1, 6));
}

/// One event takes a second; the deadlines of the others pass at different times.
fn deadlines(target: Option<Duration>) -> (Vec<u64>, Vec<DeadLetter<u64>>) {
    let dead = Arc::<Mutex<Vec<DeadLetter<u64>>>>::default();
    let note = Note::default();
    let mut graph = Graph::new("deadlines").with_clock(Clock::manual());
    let keep = Arc::clone(&dead);
    let letters = graph.stage("letters").each(move |letter: DeadLetter<u64>| {
        keep.lock().unwrap().push(letter);
        Ok(())
    });
    let mut builder = graph.stage("slow").batch(1).dead_letters(&letters);
    if let Some(target) = target {
        builder = builder.target(target);
    }
    let stage = builder.handler(note.clone());
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    simulator.service("slow", Service::constant(Duration::from_secs(1)));
    let inlet = simulator.inlet(&stage);
    for event in 0..6 {
        let after = Duration::from_millis(2_500 + 500 * (event % 2));
        let meta = match event {
            0..=1 => Meta::NONE,
            _ => Meta::NONE.with_deadline(Tick::ZERO.after(after)),
        };
        inlet.with(meta).enqueue(event).unwrap();
    }
    let ledger = simulator.drain(Duration::from_secs(9)).unwrap();
    assert_exact(&ledger);
    let seen = note.0.lock().unwrap().iter().map(|(e, _)| *e).collect();
    let dead = std::mem::take(&mut *dead.lock().unwrap());
    assert_eq!(account(&ledger, "slow").expired, dead.len() as u64);
    (seen, dead)
}

#[test]
fn an_event_that_cannot_be_handled_before_its_deadline_expires_in_the_queue() {
    let (seen, dead) = deadlines(None);
    // At 2 s an event needs 1 s: a deadline at 3 s can be met, at 2.5 s it cannot.
    assert_eq!(seen, [0, 1, 3]);
    let dead: Vec<_> = dead.iter().map(|l| (l.event, l.death)).collect();
    assert_eq!(dead, [2, 4, 5].map(|event| (event, Death::Expired)));
}

#[test]
fn an_event_that_has_used_up_its_stages_budget_expires() {
    let (seen, dead) = deadlines(Some(Duration::from_secs(2)));
    // After 1.8 s of 2 s of waiting, there is no point in beginning.
    assert_eq!((seen.len(), dead.len()), (2, 4));
}

/// A classed stage whose events come from a stage of the same worker.
fn classed(classes: Classes, events: Vec<(u64, Class)>, plan: Plan) -> Vec<u64> {
    let note = Note::default();
    let gate = Gate::default();
    let mut graph = Graph::new("classed");
    let served = graph
        .stage("serve")
        .batch(3)
        .classes(classes)
        .handler(note.clone());
    let feed = graph.stage("feed").each_with(|wire| {
        let serve = wire.to(&served);
        move |events: Vec<(u64, Class)>| {
            for (event, class) in events {
                serve.with(Meta::NONE.with_class(class)).enqueue(event)?;
            }
            Ok(())
        }
    });
    let inlet = graph.inlet(&feed);
    inlet.enqueue(events).unwrap();
    let running = graph.start(plan).unwrap();
    gate.open();
    drained(&running);
    let noted = note.0.lock().unwrap();
    noted.iter().map(|(event, _)| *event).collect()
}

fn mixed(each: u64) -> Vec<(u64, Class)> {
    (0..3 * each)
        .map(|n| (n, Class(u8::try_from(n % 3).unwrap())))
        .collect()
}

#[test]
fn strict_classes_go_first_and_keep_their_own_order() {
    let served = classed(Classes::strict(3), mixed(10), Plan::default().workers(1));
    let wanted: Vec<u64> = (0..3)
        .flat_map(|class| (0..10).map(move |n| 3 * n + class))
        .collect();
    assert_eq!(served, wanted);
}

#[test]
fn strict_classes_starve_nobody() {
    let served = classed(Classes::strict(3), mixed(250), Plan::default().workers(1));
    let first_low = served.iter().position(|event| event % 3 == 2).unwrap();
    assert!((60..=128).contains(&first_low), "{first_low}");
}

#[test]
fn weighted_classes_share_in_proportion() {
    let served = classed(
        Classes::weighted([6, 3, 1]),
        mixed(250),
        Plan::default().workers(1),
    );
    let of_class = |class| served[..300].iter().filter(|e| *e % 3 == class).count();
    assert_eq!([of_class(0), of_class(1), of_class(2)], [180, 90, 30]);
}

#[test]
fn classes_are_served_the_same_way_through_an_inbox() {
    let pool = DomainKind::Blocking { min: 1, max: 1 };
    for classes in [Classes::strict(3), Classes::weighted([2, 2, 1])] {
        let gate = Gate::default();
        let note = Note::default();
        let (hold, keep) = (gate.clone(), note.clone());
        let mut graph = Graph::new("inbox");
        let stage: Stage<u64> =
            graph
                .stage("serve")
                .classes(classes.clone())
                .each(move |event: u64| {
                    hold.pass();
                    keep.0.lock().unwrap().push((event, Meta::NONE));
                    Ok(())
                });
        let plan = Plan::default().domain("pool", pool).place("serve", "pool");
        let running = graph.start(plan).unwrap();
        let inlet = running.inlet(&stage);
        inlet.enqueue(1_000).unwrap();
        gate.await_arrivals(1);
        for (event, class) in mixed(10) {
            inlet
                .with(Meta::NONE.with_class(class))
                .enqueue(event)
                .unwrap();
        }
        gate.open();
        drained(&running);
        let served: Vec<u64> = note.0.lock().unwrap()[1..].iter().map(|n| n.0).collect();
        let local = classed(classes, mixed(10), Plan::default().workers(1));
        assert_eq!(served.len(), 30);
        assert_eq!(served, local);
    }
}

#[test]
fn a_trace_names_the_path_and_the_waits() {
    let clock = Clock::manual();
    let mut graph = Graph::new("traced").with_clock(clock);
    let third = graph.stage("third").each(|_: u64| Ok(()));
    let second = graph.stage("second").each_with(|wire| {
        let third = wire.to(&third);
        move |n| Ok(third.enqueue(n)?)
    });
    let first = graph.stage("first").batch(1).each_with(|wire| {
        let second = wire.to(&second);
        move |n| Ok(second.enqueue(n)?)
    });
    let traced = TraceId::new(5).unwrap();
    let inlet = graph.inlet(&first);
    inlet.enqueue(1).unwrap();
    let meta = Meta::NONE.with_trace(traced);
    inlet.with(meta).enqueue(2).unwrap();
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    simulator.service("first", Service::constant(Duration::from_millis(3)));
    simulator.service("second", Service::constant(Duration::from_millis(2)));
    simulator.run_for(Duration::from_secs(1));
    let hops = simulator.trace(traced);
    let seen: Vec<_> = hops
        .iter()
        .map(|hop| (&*hop.stage, hop.at.as_nanos() / 1_000_000, hop.wait))
        .collect();
    // Its forerunner was in `first` from 0 to 3, and in `second` till 5.
    let millis = Duration::from_millis;
    assert_eq!(
        seen,
        [
            ("first", 5, millis(5)),
            ("second", 8, millis(0)),
            ("third", 10, millis(0))
        ]
    );
    assert!(simulator.trace(TraceId::new(6).unwrap()).is_empty());
}

/// The letter is made while an event is handled that has nothing to do with it.
#[test]
fn a_dead_letter_does_not_inherit_from_the_event_in_hand() {
    let metas = Arc::<Mutex<Vec<(u64, Meta, Meta)>>>::default();
    let keep = Arc::clone(&metas);
    let mut graph = Graph::new("evicted");
    let letters = graph.stage("letters").handler(Letters(keep));
    let small = graph
        .stage("small")
        .queue(1)
        .dead_letters(&letters)
        .each(|_: u64| Ok(()));
    let feed = graph
        .stage("feed")
        .handler_with(|wire| Late(wire.to(&small).overflow(Overflow::DropOldest)));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let soon = running.now().after(Duration::from_millis(20));
    let meta = Meta::NONE.with_class(Class(7)).with_deadline(soon);
    running
        .inlet(&feed)
        .with(meta)
        .enqueue(running.clone())
        .unwrap();
    wait_until("it is handled", || running.ledger().is_empty());
    let ledger = drained(&running);
    let metas = metas.lock().unwrap();
    if account(&ledger, "feed").handled == 0 {
        // The machine was too slow: the event expired before it was handled.
        return;
    }
    let evicted = Meta::NONE.with_class(Class(1));
    assert_eq!(*metas, [(1, evicted, Meta::NONE)]);
}

#[derive(Clone)]
struct Letters(Arc<Mutex<Vec<(u64, Meta, Meta)>>>);

impl Handler for Letters {
    type Event = DeadLetter<u64>;

    fn handle(&mut self, batch: &mut Batch<DeadLetter<u64>>) -> Result<(), BoxError> {
        while let Some(letter) = batch.next() {
            let seen = (letter.event, letter.meta, batch.meta());
            self.0.lock().unwrap().push(seen);
        }
        Ok(())
    }
}

/// Evicts an event once the deadline of the one in hand has passed.
#[derive(Clone)]
struct Late(Sink<u64>);

impl Handler for Late {
    type Event = Running;

    fn handle(&mut self, batch: &mut Batch<Running>) -> Result<(), BoxError> {
        while let Some(running) = batch.next() {
            let plain = self.0.with(Meta::NONE);
            plain.enqueue(1)?;
            while running.now() <= batch.meta().deadline() {
                std::thread::yield_now();
            }
            plain.enqueue(2)?;
        }
        Ok(())
    }
}
