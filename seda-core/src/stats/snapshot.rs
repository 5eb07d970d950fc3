//! What a running graph looked like at one moment, in plain figures.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::clock::Tick;
use crate::control::minutes::Decided;
use crate::edge::{EdgeKind, Overflow};
use crate::ledger::{Account, Rejections};
use crate::meta::Class;
use crate::overload::post::OverloadFigures;
use crate::plan::DomainKind;
use crate::stats::dialled::{Conditions, DecisionCount};
use crate::stats::figure::Figure;
use crate::stats::histogram::{Sizes, Times};
use crate::stats::seconds;

/// Is what a running graph looked like at one moment.
///
/// Totals count from the start of the graph. No worker stands still while it
/// is taken: each account balances by itself, but one figure may be ahead of
/// another by what happened between their readings, and edges, which are read
/// last, may be ahead of their stages. Durations are
/// serialized in seconds, moments in nanoseconds since the clock's origin.
///
/// [`Running::snapshot`](crate::Running::snapshot) takes one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// The graph's name.
    pub graph: Arc<str>,
    /// When it was taken, by the graph's clock.
    pub at: Tick,
    /// How long the graph had run.
    #[serde(serialize_with = "seconds::exact")]
    pub running_for: Duration,
    /// Whether waits, service times and batch sizes are recorded; without
    /// them, what is derived from them is unknown or zero.
    pub measured: bool,
    /// The stages, in the order they were made.
    pub stages: Vec<StageFigures>,
    /// The edges, those into the first stage first.
    pub edges: Vec<EdgeFigures>,
    /// The domains.
    pub domains: Vec<DomainFigures>,
    /// The sources, in the order they were made; their edges are among
    /// [`edges`](Self::edges).
    pub sources: Vec<SourceFigures>,
    /// What the overload manager found and did, where there is one.
    pub overload: Option<OverloadFigures>,
}

impl Snapshot {
    /// Gives the figures of a stage.
    ///
    /// ```
    /// # use seda_core::{Graph, Plan};
    /// let mut graph = Graph::new("greetings");
    /// graph.stage("greet").queue(8).each(|_: String| Ok(()));
    /// let snapshot = graph.start(Plan::default().workers(1))?.snapshot();
    /// assert_eq!(snapshot.stage("greet").map(|stage| stage.capacity), Some(8));
    /// assert!(snapshot.stage("part").is_none());
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub fn stage(&self, name: &str) -> Option<&StageFigures> {
        self.stages.iter().find(|stage| &*stage.name == name)
    }

    /// Gives the figures of a source.
    ///
    /// ```
    /// # use seda_core::{Graph, Next, Plan, Source, Tick};
    /// # struct Ticks;
    /// # impl Source for Ticks {
    /// #     fn poll(&mut self, _: Tick) -> Next { Next::Ended }
    /// # }
    /// let mut graph = Graph::new("clock");
    /// graph.source("ticks").solo(|_| Ticks);
    /// let snapshot = graph.start(Plan::default())?.snapshot();
    /// assert!(snapshot.source("ticks").is_some());
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub fn source(&self, name: &str) -> Option<&SourceFigures> {
        self.sources.iter().find(|source| &*source.name == name)
    }

    /// Gives the edges into a stage.
    ///
    /// ```
    /// # use seda_core::{Graph, Plan};
    /// let mut graph = Graph::new("greetings");
    /// let greet = graph.stage("greet").queue(1).each(|_: String| Ok(()));
    /// let running = graph.start(Plan::default())?;
    /// running.inlet(&greet).enqueue("world".to_owned())?;
    /// let accepted: u64 = running.snapshot().edges_into("greet").map(|edge| edge.accepted).sum();
    /// assert_eq!(accepted, 1);
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub fn edges_into<'s>(&'s self, stage: &'s str) -> impl Iterator<Item = &'s EdgeFigures> {
        self.edges.iter().filter(move |edge| &*edge.to == stage)
    }

    /// Gives the edges that leave a stage or source.
    ///
    /// ```
    /// # use seda_core::{Graph, Plan};
    /// let mut graph = Graph::new("numbers");
    /// let print = graph.stage("print").each(|_: u64| Ok(()));
    /// graph.stage("square").each_with(|wire| {
    ///     let print = wire.to(&print);
    ///     move |n: u64| Ok(print.enqueue(n * n)?)
    /// });
    /// let snapshot = graph.start(Plan::default())?.snapshot();
    /// let to: Vec<_> = snapshot.edges_from("square").map(|edge| &*edge.to).collect();
    /// assert_eq!(to, ["print"]);
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub fn edges_from<'s>(&'s self, sender: &'s str) -> impl Iterator<Item = &'s EdgeFigures> {
        let from = move |edge: &&EdgeFigures| edge.from.name() == Some(sender);
        self.edges.iter().filter(from)
    }
}

/// Is what one stage did since the start, and how it is now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageFigures {
    /// The stage's name.
    pub name: Arc<str>,
    /// The domain that it runs in.
    pub domain: Arc<str>,
    /// How that domain runs its stages.
    pub kind: DomainKind,
    /// Whether one single handler sees all its events.
    pub solo: bool,
    /// The bound of its queue, in events, as built or resized.
    pub capacity: usize,
    /// The most events that may wait just now; a controller may have narrowed it.
    pub limit: usize,
    /// Room that is spoken for: events that wait, slots that are reserved, and
    /// what workers keep ready for themselves. It refuses events at `limit`.
    pub reserved: usize,
    /// The most events of one batch.
    pub batch_max: usize,
    /// Where its events are; `account.queued` wait, `account.in_hand` are in
    /// the hands of workers.
    pub account: Account,
    /// How many workers may run it now: one for a solo stage, else the live
    /// threads of its domain.
    pub workers: usize,
    /// How many workers are inside its handler.
    pub workers_busy: usize,
    /// How long the oldest of the batches in hand has been there.
    #[serde(serialize_with = "seconds::known")]
    pub busy_longest: Option<Duration>,
    /// The time inside the handler, over all workers, batches in hand
    /// included; none when it is not measured.
    #[serde(serialize_with = "seconds::known")]
    pub busy: Option<Duration>,
    /// The mean share of its workers that were inside the handler, from 0 to 1:
    /// `busy` / (`workers` × time since the start). Where a pool has changed
    /// its size it is an estimate, since it knows only the present one. None
    /// when `busy` is, and when nobody works any more.
    pub busy_share: Option<f64>,
    /// Batches that were run.
    pub batches: u64,
    /// Batches that ended with a deferred event.
    pub deferrals: u64,
    /// On how many workers it is parked until another stage has room. (Parked
    /// for a millisecond, since nobody knows for what, does not count.)
    pub parked: usize,
    /// The stages that are parked until this one has room, once for each
    /// worker on which they are.
    pub waiters: Vec<Arc<str>>,
    /// How long events waited before their batch was taken. One that came
    /// back to the queue, deferred or after a failure, is recorded each time.
    pub wait: Times,
    /// How long the handler took for an event, the mean of its batch.
    pub service: Times,
    /// How long events were here that were served, waiting and in hand.
    pub sojourn: Times,
    /// How many events a batch had.
    pub batch: Sizes,
    /// How long the queue would take to empty if all `workers` ran this stage
    /// alone: `account.queued` / (`workers` × mean rate of one worker inside
    /// the handler since the start). None before the first event, when times
    /// are not measured, and when nobody works any more.
    #[serde(serialize_with = "seconds::known")]
    pub queue_time: Option<Duration>,
    /// Whether its handler failed too often, so that it takes no more events.
    pub quarantined: bool,
    /// Its latency budget.
    #[serde(serialize_with = "seconds::known")]
    pub target: Option<Duration>,
    /// What was asked and done by class, the most urgent first, where its queue
    /// tells classes apart.
    pub classes: Vec<ClassFigures>,
    /// What its controllers have set.
    pub conditions: Conditions,
    /// How often each of its controllers has decided.
    pub decision_counts: Vec<DecisionCount>,
    /// What its controllers decided last, the oldest first, with reasons.
    pub decisions: Vec<Decided>,
}

/// Is what a stage did of one class since the start, and how it is now.
///
/// Events with a key that several workers serve have lanes of their own; they
/// are not among `accepted` and `queued`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassFigures {
    /// The class; the last one has all less urgent ones with it.
    pub class: Class,
    /// Its weight, where the queue goes by weights.
    pub weight: Option<u32>,
    /// Its latency budget: its own, or the stage's.
    #[serde(serialize_with = "seconds::known")]
    pub target: Option<Duration>,
    /// Its budget of the path that begins here: its own, or the path's.
    #[serde(serialize_with = "seconds::known")]
    pub path_target: Option<Duration>,
    /// Events that asked to enter while the stage was open.
    pub offered: u64,
    /// Events that entered its queue.
    pub accepted: u64,
    /// Events that wait.
    pub queued: u64,
    /// Events that entered, and were too late when they were taken.
    pub expired: u64,
    /// How often events were let in that would have been refused, since no
    /// other of the class was served for [too long](crate::Classes::unserved_max).
    pub let_in: u64,
    /// How often an event was served before its turn, for the same reason.
    pub served_first: u64,
}

/// Is what one source publishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceFigures {
    /// The source's name.
    pub name: Arc<str>,
    /// Its [figures](crate::SourceBuilder::figures), in its own order.
    pub figures: Vec<Figure>,
}

/// Says who sends along an edge.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sender {
    /// Code outside the graph.
    Outside,
    /// The handler of this stage.
    Stage(Arc<str>),
    /// This source.
    Source(Arc<str>),
}

impl Sender {
    /// Names the stage or source; nothing outside has a name.
    ///
    /// ```
    /// use seda_core::Sender;
    ///
    /// assert_eq!(Sender::Stage("parse".into()).name(), Some("parse"));
    /// assert_eq!(Sender::Outside.name(), None);
    /// ```
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Outside => None,
            Self::Stage(name) | Self::Source(name) => Some(name),
        }
    }
}

/// Is what passed along one edge since the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EdgeFigures {
    /// Who sends.
    pub from: Sender,
    /// The stage that it leads to.
    pub to: Arc<str>,
    /// What it carries.
    pub kind: EdgeKind,
    /// What was chosen to happen when the stage is full; by default the event
    /// comes back.
    pub overflow: Option<Overflow>,
    /// Events that entered the queue.
    pub accepted: u64,
    /// Events that did not, by reason.
    pub rejected: Rejections,
    /// Of the rejected ones, those that nobody got back: dropped as the edge
    /// or its sender wanted it. What [`Overflow::DropOldest`] pushed out of
    /// the queue is in the stage's dead letters instead.
    pub dropped: u64,
}

/// Is one domain as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DomainFigures {
    /// Its name.
    pub name: Arc<str>,
    /// How it runs its stages.
    pub kind: DomainKind,
    /// The threads that are alive.
    pub threads: usize,
    /// The CPU time of all its threads since the start, those that have left
    /// included; none where the machine does not tell.
    #[serde(serialize_with = "seconds::known")]
    pub cpu: Option<Duration>,
    /// The time in which its threads were ready to run and no core of the
    /// machine was free for them, since the start; none where it does not tell.
    #[serde(serialize_with = "seconds::known")]
    pub starved: Option<Duration>,
}
