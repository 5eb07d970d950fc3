//! Random sequences of operations, held against a queue of thirty lines.

mod rig;

use std::collections::VecDeque;
use std::sync::mpsc;

use proptest::prelude::{
    ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::test_runner::TestCaseError;
use rig::{PATIENCE, account, wait_until};
use seda_core::testing::probe;
use seda_core::{Batch, BoxError, Graph, Handler, Plan, Reason, Rejected, Running, Sink, Slots};

#[derive(Clone, Debug)]
enum Step {
    Enqueue,
    EnqueueAll(usize),
    Reserve(usize),
    /// Fills one slot of the reservation at this place, if there is one.
    Fill(usize),
    Drop(usize),
    /// Takes so many events out.
    Take(usize),
    Resize(usize),
    Close,
}

fn steps(closing: u32) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => proptest::strategy::Just(Step::Enqueue),
        4 => (0..7_usize).prop_map(Step::EnqueueAll),
        4 => (0..5_usize).prop_map(Step::Reserve),
        6 => (0..3_usize).prop_map(Step::Fill),
        2 => (0..3_usize).prop_map(Step::Drop),
        5 => (1..6_usize).prop_map(Step::Take),
        1 => (1..12_usize).prop_map(Step::Resize),
        closing => proptest::strategy::Just(Step::Close),
    ];
    proptest::collection::vec(step, 1..60)
}

/// The reference: what any queue of events with reservations does.
#[derive(Debug)]
struct Model {
    capacity: usize,
    waiting: VecDeque<u64>,
    reserved: Vec<usize>,
    closed: bool,
    accepted: u64,
    rejected: u64,
}

impl Model {
    const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            waiting: VecDeque::new(),
            reserved: Vec::new(),
            closed: false,
            accepted: 0,
            rejected: 0,
        }
    }

    /// Says why `n` more would be refused, if they would be.
    fn ask(&mut self, n: usize) -> Option<Reason> {
        let used = self.waiting.len() + self.reserved.iter().sum::<usize>();
        let refusal = if self.closed {
            Some(Reason::Closed)
        } else {
            (used + n > self.capacity).then_some(Reason::Full)
        };
        self.rejected += if refusal.is_some() { n as u64 } else { 0 };
        refusal
    }

    fn enter(&mut self, events: &[u64]) {
        self.accepted += events.len() as u64;
        self.waiting.extend(events);
    }
}

fn check<T: Clone + PartialEq + std::fmt::Debug>(
    got: Result<(), Rejected<T>>,
    given: &T,
    wanted: Option<Reason>,
) -> Result<(), TestCaseError> {
    match got {
        Ok(()) => prop_assert_eq!(None, wanted),
        Err(back) => {
            prop_assert_eq!(Some(back.reason), wanted);
            prop_assert_eq!(&back.event, given, "it came back by value");
        }
    }
    Ok(())
}

/// Does a step on the enqueue side of both.
fn enqueue_side<'s>(
    step: &Step,
    event: u64,
    (sink, slots): (&'s Sink<u64>, &mut Vec<Slots<'s, u64>>),
    model: &mut Model,
) -> Result<(), TestCaseError> {
    match *step {
        Step::Enqueue => {
            let wanted = model.ask(1);
            check(sink.enqueue(event), &event, wanted)?;
            if wanted.is_none() {
                model.enter(&[event]);
            }
        }
        Step::EnqueueAll(n) => {
            let events: Vec<u64> = (0..n as u64).map(|k| 100 * event + k).collect();
            let wanted = model.ask(n);
            check(sink.enqueue_all(events.clone()), &events, wanted)?;
            if wanted.is_none() {
                model.enter(&events);
            }
        }
        Step::Reserve(n) => {
            let wanted = model.ask(n);
            let got = sink.reserve(n);
            prop_assert_eq!(got.as_ref().err().map(|back| back.reason), wanted);
            if let Ok(more) = got {
                slots.push(more);
                model.reserved.push(n);
            }
        }
        Step::Fill(place) => {
            if let Some(slots) = slots.get_mut(place).filter(|slots| slots.left() > 0) {
                slots.fill(event);
                model.reserved[place] -= 1;
                model.enter(&[event]);
            }
        }
        Step::Drop(place) => {
            if place < slots.len() {
                drop(slots.remove(place));
                model.reserved.remove(place);
            }
        }
        Step::Take(_) | Step::Resize(_) | Step::Close => {}
    }
    let left: Vec<usize> = slots.iter().map(Slots::left).collect();
    prop_assert_eq!(&left, &model.reserved);
    Ok(())
}

/// Takes as many events as it is told, and sends them to the test.
struct Told {
    orders: mpsc::Receiver<usize>,
    left: usize,
    seen: mpsc::Sender<u64>,
}

impl Handler for Told {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        while !batch.is_empty() {
            if self.left == 0 {
                match self.orders.recv_timeout(PATIENCE) {
                    Ok(n) => self.left = n,
                    Err(_) => return Err("nobody told".into()),
                }
            }
            if let Some(event) = batch.next() {
                self.left -= 1;
                self.seen.send(event)?;
            }
        }
        Ok(())
    }
}

/// A real stage whose worker takes one event, and waits to be told to go on.
struct Real {
    running: Running,
    sink: Sink<u64>,
    orders: mpsc::Sender<usize>,
    seen: mpsc::Receiver<u64>,
}

fn real(capacity: usize) -> Real {
    let (orders, told) = mpsc::channel();
    let (tell, seen) = mpsc::channel();
    let mut told = Some((told, tell));
    let mut graph = Graph::new("reference");
    let stage = graph
        .stage("queue")
        .queue(capacity)
        .batch(1)
        .solo(move |_| {
            let (orders, seen) = told.take().unwrap();
            Told {
                orders,
                left: 0,
                seen,
            }
        });
    let sink = graph.inlet(&stage);
    let running = graph.start(Plan::default().workers(1)).unwrap();
    Real {
        running,
        sink,
        orders,
        seen,
    }
}

impl Real {
    /// Waits until the worker has an event in hand, if there is one.
    fn settle(&self, model: &mut Model, in_hand: &mut Option<u64>) {
        if in_hand.is_none() {
            *in_hand = model.waiting.pop_front();
        }
        let wanted = (model.waiting.len() as u64, u64::from(in_hand.is_some()));
        wait_until("the worker has its event", || {
            let queue = account(&self.running.ledger(), "queue");
            (queue.queued, queue.in_hand) == wanted
        });
    }

    fn take(&self, n: usize, model: &mut Model, in_hand: &mut Option<u64>) -> Vec<(u64, u64)> {
        let n = n.min(model.waiting.len() + usize::from(in_hand.is_some()));
        let mut pairs = Vec::new();
        if n > 0 {
            self.orders.send(n).unwrap();
            for _ in 0..n {
                let wanted = in_hand.take().or_else(|| model.waiting.pop_front());
                let got = self.seen.recv_timeout(PATIENCE);
                pairs.push((got.unwrap(), wanted.unwrap()));
            }
        }
        pairs
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_probed_queue_does_what_the_reference_does(capacity in 1..9_usize, steps in steps(0)) {
        let (sink, seen) = probe(capacity);
        let (mut slots, mut model) = (Vec::new(), Model::new(capacity));
        for (event, step) in (0..).zip(&steps) {
            enqueue_side(step, event, (&sink, &mut slots), &mut model)?;
            if let Step::Take(_) = step {
                prop_assert_eq!(seen.take(), Vec::from(std::mem::take(&mut model.waiting)));
            }
        }
        prop_assert_eq!(seen.take(), Vec::from(model.waiting));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_running_stage_does_what_the_reference_does(capacity in 1..9_usize, steps in steps(1)) {
        let real = real(capacity);
        let (mut slots, mut model) = (Vec::new(), Model::new(capacity));
        let (mut in_hand, mut taken) = (None, 0);
        for (event, step) in (0..).zip(&steps) {
            enqueue_side(step, event, (&real.sink, &mut slots), &mut model)?;
            match *step {
                Step::Take(n) => {
                    for (got, wanted) in real.take(n, &mut model, &mut in_hand) {
                        prop_assert_eq!(got, wanted);
                        taken += 1;
                    }
                }
                Step::Resize(capacity) => {
                    prop_assert!(real.running.resize("queue", capacity));
                    model.capacity = capacity;
                }
                Step::Close => {
                    real.running.begin_drain();
                    model.closed = true;
                }
                _ => {}
            }
            real.settle(&mut model, &mut in_hand);
            let queue = account(&real.running.ledger(), "queue");
            prop_assert!(queue.balances());
            prop_assert_eq!((queue.accepted, queue.rejected.total()), (model.accepted, model.rejected));
            prop_assert_eq!(queue.handled, taken);
        }
        drop(slots);
        let left = usize::from(in_hand.is_some()) + model.waiting.len();
        for (got, wanted) in real.take(left, &mut model, &mut in_hand) {
            prop_assert_eq!(got, wanted);
        }
        let ledger = real.running.drain(PATIENCE).unwrap();
        prop_assert_eq!(account(&ledger, "queue").handled, model.accepted);
    }
}
