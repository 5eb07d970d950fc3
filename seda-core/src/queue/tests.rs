//! The order of serving, oldest or newest first, against a model of some lines.
#![allow(
    clippy::indexing_slicing,
    reason = "a helper that fails fails its test"
)]

use std::collections::VecDeque;
use std::sync::Arc;

use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::EventQueue;
use super::census::Census;
use super::classes::Classes;
use super::runs::{Entry, Runs, Stamp};
use crate::clock::{Clock, Tick};
use crate::dials::Order;
use crate::meta::{Class, Key, Meta};

/// Is what a queue ought to be: a line per class, of which either end is served.
struct Model {
    lines: Vec<VecDeque<u64>>,
    keyed: bool,
}

impl Model {
    fn order(&self, wanted: Order) -> Order {
        if self.keyed {
            Order::OldestFirst
        } else {
            wanted
        }
    }

    fn line(&mut self, class: u8) -> &mut VecDeque<u64> {
        let last = self.lines.len() - 1;
        &mut self.lines[usize::from(class).min(last)]
    }

    fn take(&mut self, class: u8, order: Order) -> Option<u64> {
        match order {
            Order::OldestFirst => self.line(class).pop_front(),
            Order::NewestFirst => self.line(class).pop_back(),
        }
    }

    fn give_back(&mut self, class: u8, event: u64, order: Order) {
        match order {
            Order::OldestFirst => self.line(class).push_front(event),
            Order::NewestFirst => self.line(class).push_back(event),
        }
    }

    fn len(&self) -> usize {
        self.lines.iter().map(VecDeque::len).sum()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push {
        class: u8,
        at: u64,
    },
    PushKeyed,
    /// Takes some, handles fewer; others come in meanwhile.
    Batch {
        limit: usize,
        handled: usize,
        meanwhile: u8,
        order: Order,
    },
    /// As a batch of the worker's own queue.
    Lend {
        limit: usize,
        handled: usize,
        order: Order,
    },
    Evict,
}

fn steps(key_weight: u32) -> impl Strategy<Value = Vec<Step>> {
    let order = || prop_oneof![Just(Order::OldestFirst), Just(Order::NewestFirst)];
    let batch = (0..6_usize, 0..6_usize, 0..3_u8, order());
    let lend = (1..6_usize, 0..6_usize, order());
    let step = prop_oneof![
        80 => (0..4_u8, 0..2_u64).prop_map(|(class, at)| Step::Push { class, at }),
        key_weight => Just(Step::PushKeyed),
        20 => batch.prop_map(|(limit, handled, meanwhile, order)| Step::Batch {
            limit, handled, meanwhile, order
        }),
        20 => lend.prop_map(|(limit, handled, order)| Step::Lend { limit, handled, order }),
        5 => Just(Step::Evict),
    ];
    proptest::collection::vec(step, 0..80)
}

/// Is a queue, the model beside it, and what a batch has in hand.
struct Bench {
    queue: EventQueue<u64>,
    model: Model,
    hand: Runs<u64>,
    next: u64,
}

impl Bench {
    fn new(classes: usize) -> Self {
        let strict = Classes::strict(classes);
        let census = Arc::new(Census::new(Clock::manual()));
        Self {
            queue: EventQueue::new((classes > 1).then_some((&strict, &census))),
            model: Model {
                lines: vec![VecDeque::new(); classes],
                keyed: false,
            },
            hand: Runs::new(),
            next: 0,
        }
    }

    fn push(&mut self, class: u8, at: u64, key: Option<Key>) {
        let meta = Meta::NONE.with_class(Class(class));
        let stamp = Stamp {
            meta: key.map_or(meta, |key| meta.with_key(key)),
            enqueued: Tick::from_nanos(at),
        };
        let event = self.next;
        self.next += 1;
        self.queue.push(Entry { stamp, event });
        self.model.keyed |= key.is_some();
        self.model.line(class).push_back(event);
    }

    /// Handles so many of what is in hand, as the model would, and returns the
    /// rest to where it came from. All of it left the queue, or was lent.
    fn settle(&mut self, handled: usize, order: Order) {
        for entry in self.hand.by_ref().take(handled) {
            let class = entry.stamp.meta.class().0;
            assert_eq!(Some(entry.event), self.model.take(class, order));
        }
        self.queue.give_back(&mut self.hand, order);
    }

    /// Takes a batch out of the model's lines, event by event.
    fn expect_taken(&mut self, order: Order) -> Vec<(u8, u64)> {
        let mut taken = Vec::new();
        let mut seen = Runs::new();
        while let Some(entry) = self.hand.pop_front() {
            let class = entry.stamp.meta.class().0;
            assert_eq!(Some(entry.event), self.model.take(class, order));
            taken.push((class, entry.event));
            seen.push(entry);
        }
        self.hand = seen;
        taken
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Push { class, at } => self.push(class, at, None),
            Step::PushKeyed => self.push(0, 0, Some(Key::of(&1))),
            Step::Batch {
                limit,
                handled,
                meanwhile,
                order,
            } => {
                let order = self.queue.order(order);
                assert_eq!(order, self.model.order(order));
                self.queue.take_into(&mut self.hand, limit, order);
                let mut taken = self.expect_taken(order);
                (0..meanwhile).for_each(|class| self.push(class, 0, None));
                let handled = handled.min(taken.len());
                self.hand.by_ref().take(handled).for_each(drop);
                self.queue.give_back(&mut self.hand, order);
                for (class, event) in taken.drain(handled..).rev() {
                    self.model.give_back(class, event, order);
                }
            }
            Step::Lend {
                limit,
                handled,
                order,
            } => {
                let order = self.queue.order(order);
                self.queue.lend_into(&mut self.hand, limit, order);
                self.settle(handled.min(limit), order);
            }
            Step::Evict => {
                let least = self.model.lines.iter().rposition(|line| !line.is_empty());
                let oldest = least.and_then(|place| self.model.lines[place].pop_front());
                assert_eq!(self.queue.pop_oldest().map(|entry| entry.event), oldest);
            }
        }
    }
}

proptest! {
    /// Whichever end is served, each class is a line of which that end is
    /// handed out, and what a batch leaves is next again.
    #[test]
    fn either_end_is_served_and_what_is_left_is_next_again(
        classes in 1..4_usize,
        steps in steps(0),
    ) {
        let mut bench = Bench::new(classes);
        for step in &steps {
            bench.run(step);
            prop_assert_eq!(bench.queue.len(), bench.model.len());
            prop_assert!(bench.hand.is_empty());
        }
    }

    /// Where events with a key wait, the oldest is served first whatever is wanted.
    #[test]
    fn keys_keep_their_order(classes in 1..4_usize, steps in steps(10)) {
        let mut bench = Bench::new(classes);
        for step in &steps {
            bench.run(step);
            prop_assert_eq!(bench.queue.order(Order::NewestFirst), bench.model.order(Order::NewestFirst));
        }
    }
}
