//! How classes are served, and who goes first when one went unserved.

use super::{Classes, Classified};
use crate::clock::{Clock, Tick, nanos};
use crate::dials::Order;
use crate::meta::{Class, Meta};
use crate::queue::census::Census;
use crate::queue::guard::UNSERVED_MAX;
use crate::queue::runs::Entry;
use crate::queue::runs::{Runs, Stamp};
use std::sync::Arc;

fn filled(classes: &Classes, per_class: u64) -> Classified<u8> {
    let census = Arc::new(Census::new(Clock::manual()));
    let mut queue = Classified::new((classes, &census));
    for n in 0..per_class {
        for class in 0..3 {
            let stamp = Stamp {
                meta: Meta::NONE.with_class(Class(class)),
                enqueued: Tick::from_nanos(n),
            };
            queue.push(Entry {
                stamp,
                event: class,
            });
        }
    }
    queue
}

fn served(queue: &mut Classified<u8>, n: usize) -> [usize; 3] {
    let mut counts = [0; 3];
    for entry in std::iter::from_fn(|| queue.pop(Order::OldestFirst)).take(n) {
        if let Some(count) = counts.get_mut(usize::from(entry.event)) {
            *count += 1;
        }
    }
    counts
}

#[test]
fn strict_serves_the_urgent_first_and_starves_none() {
    let mut queue = filled(&Classes::strict(3), 1_000);
    assert_eq!(served(&mut queue, 640), [630, 5, 5]);
}

#[test]
fn weighted_serves_in_proportion() {
    let mut queue = filled(&Classes::weighted([6, 3, 1]), 1_000);
    assert_eq!(served(&mut queue, 500), [300, 150, 50]);
}

#[test]
fn an_empty_class_leaves_its_share_to_the_others() {
    let mut queue = filled(&Classes::weighted([6, 3, 1]), 10);
    assert_eq!(served(&mut queue, 30), [10, 10, 10]);
    assert_eq!(
        (queue.len(), queue.pop(Order::OldestFirst).is_none()),
        (0, true)
    );
}

fn taken(queue: &mut Classified<u8>, limit: usize) -> Vec<(u8, u64)> {
    let mut out = Runs::new();
    queue.take_into(&mut out, limit, Order::OldestFirst);
    out.map(|entry| (entry.event, entry.stamp.enqueued.as_nanos()))
        .collect()
}

#[test]
fn a_class_that_went_unserved_is_first_with_one_that_is_in_time() {
    let clock = Clock::manual();
    let census = Arc::new(Census::new(clock.clone()));
    let mut queue = Classified::new((&Classes::strict(3), &census));
    let push = |queue: &mut Classified<u8>, class, at| {
        let meta = Meta::NONE.with_class(Class(class));
        let enqueued = Tick::from_nanos(at);
        let stamp = Stamp { meta, enqueued };
        let event = class;
        queue.push(Entry { stamp, event });
    };
    (0..20).for_each(|at| push(&mut queue, 0, at));
    (0..9).for_each(|at| push(&mut queue, 2, at * nanos(UNSERVED_MAX) / 8));
    clock.advance(UNSERVED_MAX);
    census.guard.serve(0, clock.now());
    // What came in the first three quarters has waited too long.
    census.guard.set_wait_max(2, Some(UNSERVED_MAX / 4));
    let first: Vec<u8> = taken(&mut queue, 10)
        .iter()
        .map(|(class, _)| *class)
        .collect();
    assert_eq!(first, [2, 2, 2, 2, 2, 2, 2, 0, 0, 0]);
    assert_eq!(census.guard.guarded(2).first, 1);
    assert_eq!(taken(&mut queue, 1)[0].0, 2, "it was not served yet");
    census.guard.serve(2, clock.now());
    assert_eq!(taken(&mut queue, 1)[0].0, 0);
    assert_eq!(queue.len(), 17, "what was lent is out");
}

#[test]
fn what_is_given_back_comes_first_again() {
    let mut queue = filled(&Classes::strict(3), 4);
    let mut out = Runs::new();
    queue.take_into(&mut out, 2, Order::OldestFirst);
    let first = out.oldest();
    queue.give_back(&mut out, Order::OldestFirst);
    assert_eq!(
        queue
            .pop(Order::OldestFirst)
            .map(|entry| entry.stamp.enqueued),
        first
    );
    assert_eq!(queue.len(), 11);
    assert_eq!(queue.pop_least_urgent().map(|entry| entry.event), Some(2));
}
