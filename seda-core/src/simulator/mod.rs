//! The same graph in virtual time: one thread, seeded, a million events a second.

pub(crate) mod arrivals;
mod call;
mod clients;
mod coming;
mod crew;
mod crowd;
mod digest;
mod insight;
mod models;
mod outside;
mod random;
pub(crate) mod service;
mod tunnel;
mod virtual_levers;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::clock::Tick;
use crate::control::conductor::Conductor;
use crate::gate;
use crate::graph::check::StartError;
use crate::graph::{Graph, Stage};
use crate::ledger::Ledger;
use crate::meta::{Meta, TraceId};
use crate::overload::OverloadManager;
use crate::overload::post::OverloadPost;
use crate::plan::Plan;
use crate::running::ending::DrainError;
use crate::running::parts::{Assembled, Parts};
pub use crate::simulator::arrivals::Arrivals;
pub use crate::simulator::call::{Call, Ended, Outcome};
pub use crate::simulator::clients::{Clients, Retries};
use crate::simulator::coming::Coming;
use crate::simulator::crew::Crew;
use crate::simulator::crowd::Crowd;
use crate::simulator::digest::Digest;
use crate::simulator::random::Random;
use crate::simulator::service::Behaviour;
pub use crate::simulator::service::Service;
pub use crate::simulator::tunnel::{Flight, Slot, Tally, Tunnel};
use crate::simulator::virtual_levers::VirtualLevers;
use crate::sink::Sink;
use crate::trace::Hop;

/// Runs a graph in virtual time: its stages, queues, controllers and handlers
/// are the real ones; only threads and time are not.
///
/// Handlers run at the end of the time that their stage's [`Service`] model
/// gives them. Which worker goes first when several could, and everything the
/// models draw, comes from one seed: the same seed gives the same
/// [`trace_hash`](Self::trace_hash).
///
/// ```
/// use seda_core::{Clock, Graph, Meta, Plan};
/// use seda_core::simulator::{Arrivals, Service, Simulator};
/// use std::time::Duration;
///
/// let mut graph = Graph::new("one server").with_clock(Clock::manual());
/// let serve = graph.stage("serve").queue(20).each(|_: u64| Ok(()));
/// let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 42)?;
/// simulator.service("serve", Service::exponential(Duration::from_millis(1)));
/// let inlet = simulator.inlet(&serve);
/// simulator.arrivals(inlet, Arrivals::poisson(2_000.0), |n| (n, Meta::NONE));
/// simulator.run_for(Duration::from_secs(10));
/// let ledger = simulator.drain(Duration::from_secs(1))?;
/// let serve = ledger.stage("serve").unwrap();
/// // Twice as much as it can do: about half is rejected.
/// assert!(serve.rejected.full > 9_000 && serve.handled > 9_000);
/// # Ok::<(), seda_core::BoxError>(())
/// ```
pub struct Simulator {
    parts: Parts,
    crew: Crew,
    conductor: Conductor,
    behaviours: Vec<Behaviour>,
    comings: Vec<Coming>,
    crowds: Vec<Crowd>,
    agenda: BinaryHeap<Reverse<Entry>>,
    random: Random,
    entries: u64,
    steps: u64,
    digest: Digest,
    threads: Vec<AtomicUsize>,
    started: Tick,
}

/// Is a moment on the agenda; ties are broken by chance, then by order.
type Entry = (Tick, u64, u64, Happening);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Arrival(usize),
    /// Some clients are due.
    Crowd(usize),
    /// A worker's batch is done.
    Finish(usize),
    /// A worker looks for work: a source or a parked stage is due.
    Look(usize),
    Control,
}

impl Simulator {
    /// Makes a simulator of a graph, which must have a manual clock.
    ///
    /// # Errors
    ///
    /// Lists everything that is wrong, as [`Graph::start`] does.
    pub fn new(graph: Graph, plan: &Plan, seed: u64) -> Result<Self, StartError> {
        let name = Arc::clone(&graph.name);
        if !graph.clock.is_manual() {
            let complaint =
                "its clock is real; make it `Graph::new(…).with_clock(Clock::manual())`";
            return Err(StartError::new(&name, vec![complaint.to_owned()]));
        }
        let Assembled {
            parts,
            controllers,
            ways,
            overload,
        } = graph.assemble(plan)?;
        let now = parts.around.clock.now();
        let crew = Crew::of(&parts).map_err(|error| StartError::new(&name, vec![error]))?;
        let stages = parts.around.roster.iter().count();
        // What this process has is nothing of the graph's.
        let overload = overload.map(OverloadManager::without_process);
        let pressure = parts.around.pressure.clone();
        let overload = overload.map(|manager| OverloadPost::new(manager, pressure, now));
        let mut simulator = Self {
            threads: parts
                .teams
                .iter()
                .map(|team| AtomicUsize::new(crew::smallest(team)))
                .collect(),
            conductor: Conductor::new(controllers, ways, now).with_overload(overload),
            behaviours: vec![Behaviour::default(); stages],
            comings: Vec::new(),
            crowds: Vec::new(),
            agenda: BinaryHeap::new(),
            random: Random::new(seed),
            entries: 0,
            steps: 0,
            digest: Digest::new(),
            crew,
            parts,
            started: now,
        };
        for stage in simulator.parts.around.roster.iter() {
            stage.wake_if_waiting();
        }
        simulator.schedule_control();
        for worker in 0..simulator.crew.len() {
            simulator.enter(now, Happening::Look(worker));
        }
        Ok(simulator)
    }

    /// Gives a sink by which events enter.
    pub fn inlet<E: Send + 'static>(&self, stage: &Stage<E>) -> Sink<E> {
        crate::graph::inlet(stage)
    }

    /// Has events arrive: `make` gives the `n`th event with its meta.
    /// Rejections are in the ledger.
    pub fn arrivals<E: Send + 'static>(
        &mut self,
        sink: Sink<E>,
        arrivals: Arrivals,
        mut make: impl FnMut(u64) -> (E, Meta) + 'static,
    ) {
        let stage = self.parts.around.roster.get(sink.core().common.at);
        let workers = stage.map_or(0..0, |stage| self.crew.of_site(stage));
        let enqueue = move |n| {
            let (event, meta) = make(n);
            sink.with(meta).enqueue(event).is_ok()
        };
        let random = self.random.fork();
        let mut coming = Coming::new(arrivals, random, workers, Box::new(enqueue));
        let first = coming.next(self.now());
        let index = self.comings.len();
        self.comings.push(coming);
        if let Some(at) = first {
            self.enter(at, Happening::Arrival(index));
        }
    }

    /// Tells the virtual time.
    pub fn now(&self) -> Tick {
        self.parts.around.clock.now()
    }

    /// Runs for a virtual time.
    pub fn run_for(&mut self, time: Duration) {
        let until = self.now().after(time);
        self.take_in();
        while self.step(until) {}
        self.parts.around.clock.advance_to(until);
    }

    /// Ends it as [`Running::drain`](crate::Running::drain) does: no more
    /// arrivals, what is accepted is finished.
    ///
    /// # Errors
    ///
    /// When that takes longer than `within` in virtual time, the rest is
    /// dead-lettered; the error's ledger lists it.
    pub fn drain(mut self, within: Duration) -> Result<Ledger, DrainError> {
        self.comings.clear();
        self.crowds.clear();
        for stage in self.parts.around.roster.iter() {
            stage.common().gate.set(gate::INLETS_CLOSED);
        }
        self.crew.quiesce();
        for worker in 0..self.crew.len() {
            self.enter(self.now(), Happening::Look(worker));
        }
        let until = self.now().after(within);
        self.take_in();
        while !self.is_settled() && self.step(until) {}
        let finished = self.is_settled();
        self.crew.abandon();
        for stage in self.parts.around.roster.iter() {
            stage.close();
        }
        let ledger = self.ledger();
        if finished {
            Ok(ledger)
        } else {
            Err(DrainError { ledger })
        }
    }

    /// Gives the account of every stage as it is now.
    pub fn ledger(&self) -> Ledger {
        Ledger::of(&self.parts.around.roster)
    }

    /// Gives the way of a traced event so far, as
    /// [`Running::trace`](crate::Running::trace) does.
    pub fn trace(&self, id: TraceId) -> Vec<Hop> {
        self.parts.traces.of(id)
    }

    /// Gives a digest of everything that has happened: when, where, how much.
    pub const fn trace_hash(&self) -> u64 {
        self.digest.get()
    }

    /// Tells how many arrivals, batches and looks have been simulated.
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    fn is_settled(&self) -> bool {
        self.parts.around.roster.is_settled() && self.crew.is_drained()
    }

    fn enter(&mut self, at: Tick, happening: Happening) {
        self.entries += 1;
        let chance = self.random.bits();
        self.agenda
            .push(Reverse((at, chance, self.entries, happening)));
    }

    /// Does what is next on the agenda, unless that is after `until`.
    fn step(&mut self, until: Tick) -> bool {
        let Some(Reverse((at, ..))) = self.agenda.peek() else {
            return false;
        };
        if *at > until {
            return false;
        }
        let Some(Reverse((at, _, _, happening))) = self.agenda.pop() else {
            return false;
        };
        self.parts.around.clock.advance_to(at);
        self.steps += 1;
        match happening {
            Happening::Arrival(index) => self.arrive(index, at),
            Happening::Crowd(index) => self.act(index, at),
            Happening::Finish(worker) => self.finish(worker, at),
            Happening::Look(worker) => self.crew.poll(worker, at),
            Happening::Control => self.control(at),
        }
        self.put_to_work(at);
        // Last, since events expire as a batch begins.
        self.hear(at);
        true
    }

    /// Ends a batch, unless other work has come in that makes it longer.
    fn finish(&mut self, worker: usize, now: Tick) {
        let owed = self.crew.settle(worker, now);
        if !owed.is_zero() {
            return self.enter(now.after(owed), Happening::Finish(worker));
        }
        let size = self.crew.finish(worker, now);
        self.digest
            .take_in(&[now.as_nanos(), worker as u64, size as u64]);
    }

    fn arrive(&mut self, index: usize, now: Tick) {
        let Some(coming) = self.comings.get_mut(index) else {
            return;
        };
        if let Some((worker, cost)) = coming.cost() {
            self.crew.charge(worker, now, cost);
        }
        let taken = coming.arrive();
        let next = coming.next(now);
        self.digest
            .take_in(&[now.as_nanos(), index as u64, u64::from(taken)]);
        if let Some(at) = next {
            self.enter(at, Happening::Arrival(index));
        }
    }

    fn control(&mut self, now: Tick) {
        let levers = VirtualLevers {
            parts: &self.parts,
            threads: &self.threads,
        };
        self.conductor.tick(now, &levers);
        self.schedule_control();
    }

    fn schedule_control(&mut self) {
        if let Some(due) = self.conductor.due() {
            self.enter(due, Happening::Control);
        }
    }

    /// Has every idle worker that could begin a batch begin one, in an order
    /// that the seed decides.
    fn put_to_work(&mut self, now: Tick) {
        let mut idle = self.idle();
        self.random.shuffle(&mut idle);
        for worker in idle {
            if !self.begin(worker, now)
                && let Some(at) = self.crew.next_look(worker)
            {
                self.enter(at.max(now), Happening::Look(worker));
            }
        }
    }

    /// Has workers begin on what came in between two runs. It draws nothing
    /// from the seed, so that how a run is cut into pieces changes nothing.
    fn take_in(&mut self) {
        let now = self.now();
        for worker in self.idle() {
            self.begin(worker, now);
        }
    }

    fn idle(&self) -> Vec<usize> {
        self.crew.idle(|team| {
            let threads = self.threads.get(team);
            threads.map_or(0, |threads| threads.load(Ordering::Relaxed))
        })
    }

    /// Has a worker begin a batch, if it finds one.
    fn begin(&mut self, worker: usize, now: Tick) -> bool {
        let Some((stage, fresh)) = self.crew.begin(worker, now) else {
            return false;
        };
        let behaviour = self.behaviours.get_mut(stage);
        let cost = behaviour.map_or(Duration::ZERO, |behaviour| {
            behaviour.cost(now, fresh, &mut self.random)
        });
        let cost = cost + self.crew.settle(worker, now);
        self.enter(now.after(cost), Happening::Finish(worker));
        true
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("graph", &self.parts.name)
            .field("now", &self.now())
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}
