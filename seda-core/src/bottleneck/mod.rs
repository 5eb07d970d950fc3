//! Names the stage that limits a graph, and what limits that stage, with the evidence.

mod demand;
mod queueing;
mod span;
mod words;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::bottleneck::demand::{Candidate, candidates, refused};
use crate::bottleneck::queueing::{held_up_from_outside, waiting_for};
use crate::bottleneck::span::Span;
use crate::law::float;
use crate::stats::seconds;
use crate::stats::snapshot::Snapshot;

/// From this share of their time on, workers are taken to be needed all the
/// time: what is left goes into queues that are empty for a moment.
const NEEDED_MIN: f64 = 0.85;
/// Where others wait for a stage, its workers are needed all the time from
/// this share on: while those are parked, some worker may have nothing to do.
const NEEDED_WAITED_FOR_MIN: f64 = 0.5;
/// Where events are refused at the entries of a domain, from this share on: one
/// worker may have nothing to do while another has a queue.
const NEEDED_REFUSING_MIN: f64 = 0.7;
/// Who defers this part of its batches waits, and does not only bump into a
/// queue that is full for a moment.
const DEFERRED_MIN: f64 = 0.1;
/// A part of what was offered that is refused beyond this is no accident.
const REFUSED_MIN: f64 = 0.01;
/// From this part of the time inside handlers on, waiting is what takes it.
const BLOCKED_MIN: f64 = 0.5;

/// Says which stage limits a graph, and why.
///
/// [`between`](Self::between) finds it from two snapshots; as text it is one
/// sentence with its figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bottleneck {
    /// The graph.
    pub graph: Arc<str>,
    /// The stage that limits it; where nothing does, the one that would first.
    pub stage: Arc<str>,
    /// The domain that the stage runs in.
    pub domain: Arc<str>,
    /// What limits the stage.
    pub limit: LimitedBy,
    /// By what this is known.
    pub evidence: Evidence,
    /// The stages that waited for it, or for others that did, the nearest first.
    pub waiting: Vec<Waiting>,
}

/// Says what limits a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitedBy {
    /// Its own computing: its workers are busy, and most of it is CPU time.
    Cpu,
    /// The workers that it may have: all are busy, with it for the largest
    /// part. Whether they compute or wait the machine does not tell.
    Workers,
    /// Something outside the graph that its handler waits for: a disk, a lock,
    /// another service. Or it defers, and nobody in the graph has refused it.
    Outside,
    /// Who may enter: events are refused although its workers are not busy, by
    /// its controllers, its policy, or a queue that is too short for bursts.
    Admission,
    /// The load: there is no more to do.
    Load,
}

/// Is by what a bottleneck is known, between two snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// From one snapshot to the other.
    #[serde(serialize_with = "seconds::exact")]
    pub over: Duration,
    /// The workers that it may have: those of its domain, or 1 for a solo stage.
    pub workers: f64,
    /// The share of these workers' time that was needed, from 0 to 1, for all
    /// that they do. Work whose result another domain refused is not.
    pub utilisation: f64,
    /// The stage's part of all time inside handlers of its domain, from 0 to 1.
    pub part: f64,
    /// The part of the time inside handlers of its domain that was spent
    /// waiting, from 0 to 1; none where the machine does not tell CPU times.
    pub blocked: Option<f64>,
    /// Events that it served each second.
    pub events_per_second: f64,
    /// Events that wait at the end.
    pub queued: u64,
    /// How long they will wait: `queued` / `events_per_second` (Little's law).
    /// None when nothing was served.
    #[serde(serialize_with = "seconds::known")]
    pub queue_time: Option<Duration>,
    /// The part of what was offered to the stage that was refused, from 0 to 1.
    pub refused: f64,
}

/// Is a stage that waits for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Who waits.
    pub stage: Arc<str>,
    /// For whom: the bottleneck, or one that itself waits for it.
    pub waits_for: Arc<str>,
    /// Its batches that ended with a deferred event.
    pub deferrals: u64,
    /// Whether it was parked at the end.
    pub is_parked: bool,
}

impl Bottleneck {
    /// Finds the bottleneck of a graph from two of its snapshots; a second or
    /// two apart is a good time, and a snapshot of the start shows the whole run.
    ///
    /// Every set of workers (a domain, or the one worker of a solo stage) is
    /// asked how much of its time is needed. Work in vain is not counted: what
    /// a stage sends on to another domain and gets back refused, since it
    /// could not do more if it were quicker. Where all of the time is needed,
    /// the stage that takes the largest part of it is the bottleneck.
    ///
    /// None when the snapshots are of the same moment, when times are not
    /// measured ([`Plan::without_statistics`](crate::Plan::without_statistics)),
    /// or when nothing was done in between.
    ///
    /// ```
    /// use seda_core::simulator::{Arrivals, Service, Simulator};
    /// use seda_core::{Bottleneck, Clock, Graph, LimitedBy, Meta, Plan};
    /// use std::time::Duration;
    ///
    /// let mut graph = Graph::new("two steps").with_clock(Clock::manual());
    /// let write = graph.stage("write").queue(50).blocking(1..=1).each(|_: u64| Ok(()));
    /// let parse = graph.stage("parse").queue(50).each_with(|wire| {
    ///     let write = wire.to(&write);
    ///     move |n: u64| Ok(write.enqueue(n).or(Ok::<(), seda_core::BoxError>(()))?)
    /// });
    /// let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 42)?;
    /// simulator.service("parse", Service::exponential(Duration::from_micros(100)));
    /// simulator.service("write", Service::constant(Duration::from_millis(1)).waiting());
    /// let inlet = simulator.inlet(&parse);
    /// simulator.arrivals(inlet, Arrivals::poisson(2_000.0), |n| (n, Meta::NONE));
    ///
    /// let before = simulator.snapshot();
    /// simulator.run_for(Duration::from_secs(1));
    /// let found = Bottleneck::between(&before, &simulator.snapshot()).ok_or("nothing was done")?;
    /// assert_eq!((&*found.stage, found.limit), ("write", LimitedBy::Outside));
    /// println!("{found}");
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub fn between(before: &Snapshot, after: &Snapshot) -> Option<Self> {
        let span = Span::between(before, after)?;
        let mut all = candidates(&span);
        all.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
        let busiest = all.first().copied();
        let (candidate, limit) = match busiest {
            Some(busiest) if is_needed(&span, busiest) => {
                (busiest, limit_of_workers(&span, busiest.stage))
            }
            _ => elsewhere(&span, busiest)?,
        };
        let evidence = evidence(&span, candidate)?;
        let stage = span.stages.get(candidate.stage)?;
        Some(Self {
            graph: Arc::clone(&after.graph),
            stage: Arc::clone(&stage.name),
            domain: Arc::clone(&span.domains.get(stage.domain)?.name),
            limit,
            evidence,
            waiting: waiting_for(&span, candidate.stage),
        })
    }
}

/// Tells whether the workers of a stage have no time left.
fn is_needed(span: &Span, busiest: Candidate) -> bool {
    let waits = |name: &Arc<str>| {
        let stage = span.stages.iter().find(|stage| stage.name == *name);
        stage.is_some_and(|stage| float(stage.deferrals) >= DEFERRED_MIN * float(stage.batches))
    };
    let is_waited_for = || {
        let waiting = waiting_for(span, busiest.stage);
        waiting.iter().any(|waiting| waits(&waiting.stage))
    };
    let refuses = busiest.refused > REFUSED_MIN;
    busiest.need >= NEEDED_MIN
        || refuses && busiest.need >= NEEDED_REFUSING_MIN
        || busiest.need >= NEEDED_WAITED_FOR_MIN && is_waited_for()
}

/// Says what the workers of a stage do that are busy all the time.
fn limit_of_workers(span: &Span, stage: usize) -> LimitedBy {
    match blocked(span, stage) {
        None => LimitedBy::Workers,
        Some(blocked) if blocked >= BLOCKED_MIN => LimitedBy::Outside,
        Some(_) => LimitedBy::Cpu,
    }
}

/// Looks for what else may limit a graph whose workers have time left.
fn elsewhere(span: &Span, busiest: Option<Candidate>) -> Option<(Candidate, LimitedBy)> {
    let at = |stage| Candidate {
        stage,
        need: need_of(span, stage),
        refused: refused(span, |to| to == stage),
    };
    if let Some(stage) = held_up_from_outside(span) {
        return Some((at(stage), LimitedBy::Outside));
    }
    let stages = (0..span.stages.len()).map(at);
    let pickiest = stages.max_by(|a, b| a.refused.total_cmp(&b.refused));
    match pickiest.filter(|pickiest| pickiest.refused > REFUSED_MIN) {
        Some(pickiest) => Some((pickiest, LimitedBy::Admission)),
        None => Some((busiest?, LimitedBy::Load)),
    }
}

/// Gives the share of time that the workers of a stage need.
fn need_of(span: &Span, stage: usize) -> f64 {
    let mine = |candidate: &Candidate| span.share_workers(candidate.stage, stage);
    let found = candidates(span).into_iter().find(mine);
    found.map_or(0.0, |candidate| candidate.need)
}

/// Gives the part of the time inside handlers of a stage's domain that was
/// spent neither on a core nor ready for one.
fn blocked(span: &Span, stage: usize) -> Option<f64> {
    let domain = span.stages.get(stage)?.domain;
    let busy = busy_of(span, domain);
    let cpu = span.domains.get(domain)?.cpu?;
    (busy > 0.0).then(|| (1.0 - cpu / busy).clamp(0.0, 1.0))
}

fn busy_of(span: &Span, domain: usize) -> f64 {
    let stages = span.stages.iter();
    let mine = stages.filter(|stage| stage.domain == domain);
    mine.map(|stage| stage.busy).sum()
}

fn evidence(span: &Span, candidate: Candidate) -> Option<Evidence> {
    let stage = span.stages.get(candidate.stage)?;
    let domain = span.domains.get(stage.domain)?;
    let busy = busy_of(span, stage.domain);
    let rate = float(stage.served) / span.time;
    let wait = (stage.served > 0).then(|| float(stage.queued) / rate);
    let is_alone = span.is_alone(candidate.stage);
    Some(Evidence {
        over: Duration::from_secs_f64(span.time),
        workers: if is_alone { 1.0 } else { domain.workers },
        utilisation: candidate.need,
        part: if busy > 0.0 { stage.busy / busy } else { 0.0 },
        blocked: blocked(span, candidate.stage),
        events_per_second: rate,
        queued: stage.queued,
        queue_time: wait.and_then(|wait| Duration::try_from_secs_f64(wait).ok()),
        refused: refused(span, |to| to == candidate.stage),
    })
}
