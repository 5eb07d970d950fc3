//! The part of a stage's state that does not depend on its type of event.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Clock, Tick, nanos};
use crate::dials::Dials;
use crate::dials::budgets::BudgetOf;
use crate::edge::{Edge, EdgeKind, Origin};
use crate::gate::Gate;
use crate::here::{Here, SeatId, StageRef};
use crate::meta::{Class, Meta};
use crate::queue::census::Census;
use crate::room::Room;
use crate::stats::meter::{Meter, OwnLine};
use crate::waiters::Waiters;

/// Is a stage's name, bound, gate and counters.
#[derive(Debug)]
pub(crate) struct Untyped {
    pub(crate) at: StageRef,
    pub(crate) name: Arc<str>,
    pub(crate) clock: Clock,
    pub(crate) gate: Gate,
    pub(crate) room: Room,
    pub(crate) waiters: Waiters,
    /// The budget of the path that begins here, in nanoseconds; 0 is none.
    path_budget: AtomicU64,
    /// The edges into this stage.
    edges: Mutex<Vec<Arc<Edge>>>,
    pub(crate) dials: Dials,
    pub(crate) census: Arc<Census>,
    /// How many classes the queue tells apart, if it does.
    pub(crate) class_count: OnceLock<usize>,
    meters: OnceLock<Box<[OwnLine<Meter>]>>,
    /// Events dead-lettered by nobody's worker: evicted, or left at the stop.
    pub(crate) dead_outside: AtomicU64,
}

impl Untyped {
    pub(crate) fn new(at: StageRef, name: &str, clock: Clock, capacity: usize) -> Self {
        Self {
            at,
            name: name.into(),
            gate: Gate::default(),
            room: Room::new(capacity),
            waiters: Waiters::new(),
            path_budget: AtomicU64::new(0),
            edges: Mutex::new(Vec::new()),
            dials: Dials::new(),
            census: Arc::new(Census::new(clock.clone())),
            class_count: OnceLock::new(),
            meters: OnceLock::new(),
            dead_outside: AtomicU64::new(0),
            clock,
        }
    }

    /// Tells the time for an enqueue: the batch's stamp where that is exact enough.
    #[inline]
    pub(crate) fn stamp(&self, here: &Here) -> Tick {
        if here.is_exact() {
            self.clock.now()
        } else {
            here.now()
        }
    }

    /// Gives the budget of the path that begins here.
    pub(crate) fn path_budget(&self) -> Option<Duration> {
        match self.path_budget.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    pub(crate) fn set_path_budget(&self, budget: Duration) {
        self.path_budget.store(nanos(budget), Ordering::Relaxed);
    }

    /// Gives the budget that events of a class have of the path that begins here.
    pub(crate) fn path_budget_of(&self, class: Class) -> Option<Duration> {
        let budget = self.path_budget()?;
        let place = usize::from(self.told_apart(class).0);
        Some(
            self.dials
                .budgets
                .get(BudgetOf::Path, place)
                .unwrap_or(budget),
        )
    }

    /// Gives the class as the queue tells it from others.
    pub(crate) fn told_apart(&self, class: Class) -> Class {
        let count = self.class_count.get().copied();
        let last = count.map_or(0, |count| count.saturating_sub(1));
        Class(class.0.min(u8::try_from(last).unwrap_or(u8::MAX)))
    }

    /// Gives the meta of an event that enters: here a path may begin, by whose
    /// end it has to be done.
    pub(crate) fn on_its_way(&self, here: &Here, meta: &Meta) -> Meta {
        match self.path_budget_of(meta.class()) {
            None => *meta,
            Some(budget) => {
                let deadline = self.stamp(here).after(budget);
                meta.with_deadline(deadline.min(meta.deadline()))
            }
        }
    }

    /// Adds an edge into this stage, or gives the one that is there.
    pub(crate) fn edge_from(&self, kind: EdgeKind, from: Origin) -> Arc<Edge> {
        let mut edges = self.edges.lock();
        let same = |edge: &&Arc<Edge>| edge.kind == kind && edge.from == from;
        if let Some(edge) = edges.iter().find(same) {
            return Arc::clone(edge);
        }
        let edge = Edge::new(kind, from, self.at.stage, edges.len());
        edges.push(Arc::clone(&edge));
        edge
    }

    pub(crate) fn edges(&self) -> Vec<Arc<Edge>> {
        self.edges.lock().clone()
    }

    /// Makes the counters for a number of workers, once.
    pub(crate) fn set_workers(&self, workers: usize) {
        let meters = || (0..workers).map(|_| OwnLine(Meter::new())).collect();
        let _ = self.meters.get_or_init(meters);
    }

    pub(crate) fn meters(&self) -> impl Iterator<Item = &Meter> {
        let meters = self.meters.get().map(|meters| meters.iter());
        meters.into_iter().flatten().map(|OwnLine(meter)| meter)
    }

    pub(crate) fn meter(&self, seat: SeatId) -> Option<&Meter> {
        let OwnLine(meter) = self.meters.get()?.get(seat.worker())?;
        Some(meter)
    }

    /// Gives the events that are finished, whichever way.
    pub(crate) fn finished(&self) -> u64 {
        let outside = self.dead_outside.load(Ordering::Acquire);
        outside + self.meters().map(Meter::finished).sum::<u64>()
    }

    /// Gives how many workers may run it, at most.
    pub(crate) fn workers(&self) -> usize {
        self.meters.get().map_or(1, |meters| meters.len())
    }

    /// Gives the events that left the queue, whichever way.
    pub(crate) fn taken(&self) -> u64 {
        let outside = self.dead_outside.load(Ordering::Acquire);
        outside + self.meters().map(|meter| meter.taken.get()).sum::<u64>()
    }

    /// Gives the events that are in a worker's hand.
    pub(crate) fn in_hand(&self) -> u64 {
        let finished = self.finished();
        self.taken().saturating_sub(finished)
    }

    pub(crate) fn count_dead_outside(&self, n: usize) {
        self.dead_outside.fetch_add(n as u64, Ordering::AcqRel);
    }
}
