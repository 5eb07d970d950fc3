//! A stage's queue against a reference model: a bounded queue of twenty lines.
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod rig;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use rig::{account, assert_exact};
use seda_core::simulator::{Service, Simulator};
use seda_core::testing::probe;
use seda_core::{Clock, Controller, Decision, Graph, Plan, Reason, Sample, Sink, Tick};

/// Is what a bounded queue ought to be.
struct Model {
    bound: usize,
    waiting: VecDeque<u64>,
    /// Reserved and neither filled nor given back.
    promised: usize,
}

impl Model {
    fn new(bound: usize) -> Self {
        Self {
            bound,
            waiting: VecDeque::new(),
            promised: 0,
        }
    }

    /// Takes all or none.
    fn offer(&mut self, events: &[u64]) -> bool {
        let fits = self.has_room(events.len());
        if fits {
            self.waiting.extend(events);
        }
        fits
    }

    fn has_room(&self, n: usize) -> bool {
        self.waiting.len() + self.promised + n <= self.bound
    }
}

#[derive(Clone, Debug)]
enum Step {
    Enqueue,
    EnqueueAll(usize),
    Lossy,
    Reserve(usize),
    /// Fills a slot of the nth open reservation.
    Fill(usize),
    /// Drops the nth open reservation.
    GiveUp(usize),
    Take,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Enqueue),
        3 => (0..6_usize).prop_map(Step::EnqueueAll),
        1 => Just(Step::Lossy),
        3 => (0..5_usize).prop_map(Step::Reserve),
        6 => (0..4_usize).prop_map(Step::Fill),
        2 => (0..4_usize).prop_map(Step::GiveUp),
        2 => Just(Step::Take),
    ];
    proptest::collection::vec(step, 0..120)
}

proptest! {
    /// Whatever is asked of it, a queue answers as the model does.
    #[test]
    fn a_queue_is_what_the_model_is(bound in 1..12_usize, steps in steps()) {
        let (sink, seen) = probe(bound);
        let mut model = Model::new(bound);
        let mut open = Vec::new();
        let mut events = 0_u64..;
        for step in steps {
            match step {
                Step::Enqueue => {
                    let event = events.next().unwrap();
                    let back = sink.enqueue(event).err().map(|back| (back.event, back.reason));
                    let refused = (!model.offer(&[event])).then_some((event, Reason::Full));
                    prop_assert_eq!(back, refused);
                }
                Step::EnqueueAll(n) => {
                    let all: Vec<u64> = events.by_ref().take(n).collect();
                    let taken = model.offer(&all);
                    let back = sink.enqueue_all(all.clone()).err().map(|back| (back.event, back.reason));
                    prop_assert_eq!(back, (!taken).then_some((all, Reason::Full)));
                }
                Step::Lossy => {
                    let event = events.next().unwrap();
                    prop_assert_eq!(sink.enqueue_lossy(event), model.offer(&[event]));
                }
                Step::Reserve(n) => {
                    let slots = sink.reserve(n).ok();
                    prop_assert_eq!(slots.is_some(), model.has_room(n));
                    if let Some(slots) = slots {
                        model.promised += n;
                        open.push(slots);
                    }
                }
                Step::Fill(nth) => {
                    if let Some(slots) = open.get_mut(nth).filter(|slots| slots.left() > 0) {
                        let event = events.next().unwrap();
                        slots.fill(event);
                        model.promised -= 1;
                        model.waiting.push_back(event);
                    }
                }
                Step::GiveUp(nth) => {
                    if nth < open.len() {
                        model.promised -= open.swap_remove(nth).left();
                    }
                }
                Step::Take => {
                    prop_assert_eq!(seen.take(), Vec::from(std::mem::take(&mut model.waiting)));
                }
            }
        }
        drop(open);
        prop_assert_eq!(seen.take(), Vec::from(model.waiting));
        prop_assert!(sink.reserve(bound).is_ok(), "some room is lost");
    }
}

#[derive(Clone, Debug)]
enum Happening {
    Enqueue(usize),
    /// Reserves some, fills fewer.
    Reserve(usize, usize),
    /// Lets one event be served.
    Serve,
    Narrow(usize),
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let happening = prop_oneof![
        6 => (1..5_usize).prop_map(Happening::Enqueue),
        3 => (1..5_usize, 0..5_usize).prop_map(|(n, filled)| Happening::Reserve(n, filled.min(n))),
        8 => Just(Happening::Serve),
        2 => (1..12_usize).prop_map(Happening::Narrow),
    ];
    proptest::collection::vec(happening, 0..80)
}

/// Sets the bound that the test wants.
struct Knob(Arc<AtomicUsize>);

impl Controller for Knob {
    fn name(&self) -> &'static str {
        "knob"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn update(&mut self, _now: Tick, _sample: &Sample) -> Decision {
        Decision {
            limit: Some(self.0.load(Ordering::Relaxed)),
            reason: "the test wants it".to_owned(),
            ..Decision::none()
        }
    }
}

/// Is a stage under a knob, what it handled, and the model beside it.
struct Bench {
    simulator: Simulator,
    inlet: Sink<u64>,
    bound: Arc<AtomicUsize>,
    handled: Arc<Mutex<Vec<u64>>>,
    model: Model,
    /// What the model's queue has handed out.
    taken: Vec<u64>,
    rejected: u64,
}

const CAPACITY: usize = 12;
/// How often the bound is set.
const PERIOD: Duration = Duration::from_millis(100);

impl Bench {
    fn new(seed: u64) -> Self {
        let bound = Arc::new(AtomicUsize::new(CAPACITY));
        let handled = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&handled);
        let mut graph = Graph::new("reference").with_clock(Clock::manual());
        let stage = graph
            .stage("one")
            .queue(CAPACITY)
            .batch(2)
            .controller(Knob(Arc::clone(&bound)))
            .each(move |n: u64| {
                log.lock().unwrap().push(n);
                Ok(())
            });
        let mut simulator = Simulator::new(graph, &Plan::default().workers(1), seed).unwrap();
        simulator.service("one", Service::exponential(Duration::from_secs(1)));
        let inlet = simulator.inlet(&stage);
        let (model, taken) = (Model::new(CAPACITY), Vec::new());
        Self {
            simulator,
            inlet,
            bound,
            handled,
            model,
            taken,
            rejected: 0,
        }
    }

    fn offer(&mut self, events: &[u64]) {
        let accepted = self.inlet.enqueue_all(events.to_vec()).is_ok();
        assert_eq!(accepted, self.model.offer(events), "the model disagrees");
        if !accepted {
            self.rejected += events.len() as u64;
        }
    }

    fn reserve(&mut self, n: usize, events: &[u64]) {
        let slots = self.inlet.reserve(n).ok();
        assert_eq!(slots.is_some(), self.model.has_room(n));
        match slots {
            Some(mut slots) => {
                for event in events {
                    slots.fill(*event);
                }
                self.model.waiting.extend(events);
            }
            None => self.rejected += n as u64,
        }
    }

    /// Runs for a time, then has the model hand out as many as were taken.
    fn run(&mut self, time: Duration) {
        self.simulator.run_for(time);
        let ledger = self.simulator.ledger();
        assert_exact(&ledger);
        let one = account(&ledger, "one");
        let taken = usize::try_from(one.handled + one.in_hand).unwrap();
        let more = taken - self.taken.len();
        self.taken.extend(self.model.waiting.drain(..more));
        assert_eq!(one.queued, self.model.waiting.len() as u64);
        assert!(one.in_hand > 0 || one.queued == 0, "the worker is idle");
    }

    fn narrow(&mut self, to: usize) {
        self.bound.store(to, Ordering::Relaxed);
        self.model.bound = to;
        self.run(PERIOD);
    }

    /// Closes the stage; all that it accepted was handled, in order.
    fn close(self) {
        let ledger = self.simulator.drain(Duration::from_secs(100)).unwrap();
        assert_exact(&ledger);
        let closed = self.inlet.enqueue(0).unwrap_err();
        assert_eq!(closed.reason, Reason::Closed);
        let mut taken = self.taken;
        taken.extend(self.model.waiting);
        assert_eq!(*self.handled.lock().unwrap(), taken);
        let one = account(&ledger, "one");
        assert_eq!(one.handled, taken.len() as u64);
        assert_eq!(one.rejected.full, self.rejected);
    }
}

proptest! {
    /// So does the queue of a stage that runs, while its bound moves, until it
    /// is closed.
    #[test]
    fn the_queue_of_a_running_stage_is_what_the_model_is(
        seed in 0..u64::MAX,
        happenings in happenings(),
    ) {
        let mut bench = Bench::new(seed);
        let mut events = 0_u64..;
        for happening in happenings {
            match happening {
                Happening::Enqueue(n) => {
                    let all: Vec<u64> = events.by_ref().take(n).collect();
                    bench.offer(&all);
                }
                Happening::Reserve(n, filled) => {
                    let some: Vec<u64> = events.by_ref().take(filled).collect();
                    bench.reserve(n, &some);
                }
                Happening::Serve => bench.run(Duration::from_secs(1)),
                Happening::Narrow(to) => bench.narrow(to),
            }
        }
        bench.close();
    }
}
