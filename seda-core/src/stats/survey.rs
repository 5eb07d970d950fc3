//! Reads a running graph's counters into a snapshot.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Tick;
use crate::control::minutes::Minutes;
use crate::edge::{Edge, Origin};
use crate::gate;
use crate::graph::sources::Published;
use crate::ledger::{Account, Rejections};
use crate::meta::Class;
use crate::overload::post::Shown;
use crate::plan::DomainKind;
use crate::running::Running;
use crate::running::parts::Parts;
use crate::stage::core::{Placed, StageControl};
use crate::stage::untyped::Untyped;
use crate::stats::dialled::Conditions;
use crate::stats::meter::{Meter, Spreads};
use crate::stats::snapshot::ClassFigures;
use crate::stats::snapshot::{DomainFigures, EdgeFigures, Sender, Snapshot};
use crate::stats::snapshot::{SourceFigures, StageFigures};
use crate::waiters::Waiter;
use crate::worker::cpu::CpuTime;
use crate::worker::team::Team;

impl Running {
    /// Tells how the graph is now and what it did since its start.
    ///
    /// It stops no worker. For each stage and worker it adds up three
    /// histograms, which takes some microseconds; so take one a second for
    /// a dashboard, not one for each event.
    ///
    /// ```
    /// use seda_core::{Graph, Plan};
    /// use std::time::Duration;
    ///
    /// let mut graph = Graph::new("greetings");
    /// let greet = graph.stage("greet").queue(8).each(|_: String| Ok(()));
    /// let running = graph.start(Plan::default())?;
    /// running.inlet(&greet).enqueue("world".to_owned())?;
    /// running.drain(Duration::from_secs(5))?;
    /// let snapshot = running.snapshot();
    /// let greet = snapshot.stage("greet").ok_or("no such stage")?;
    /// assert_eq!((greet.account.handled, greet.wait.count), (1, 1));
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub fn snapshot(&self) -> Snapshot {
        let inner = &self.inner;
        let teams = inner.parts.teams.iter();
        let staff = teams.map(|team| Staff {
            threads: team.live(),
            // A thread has had some time before it can be looked at: none at
            // all means that the machine does not tell.
            cpu: team.cpu().filter(|cpu| !cpu.used.is_zero()),
        });
        Survey::new(
            &inner.parts,
            (&inner.minutes, inner.started),
            staff.collect(),
        )
        .with_overload(inner.overload.clone())
        .take()
    }
}

/// Is who works in a domain, and what they have had of the machine.
pub(crate) struct Staff {
    pub(crate) threads: usize,
    pub(crate) cpu: Option<CpuTime>,
}

/// Is a graph while it is looked at, running or simulated.
pub(crate) struct Survey<'r> {
    parts: &'r Parts,
    minutes: &'r Minutes,
    started: Tick,
    /// Who works, by domain.
    staff: Vec<Staff>,
    overload: Option<Shown>,
    now: Tick,
}

impl<'r> Survey<'r> {
    pub(crate) fn new(
        parts: &'r Parts,
        (minutes, started): (&'r Minutes, Tick),
        staff: Vec<Staff>,
    ) -> Self {
        Self {
            parts,
            minutes,
            started,
            staff,
            overload: None,
            now: parts.around.clock.now(),
        }
    }

    pub(crate) fn with_overload(mut self, overload: Option<Shown>) -> Self {
        self.overload = overload;
        self
    }

    pub(crate) fn take(self) -> Snapshot {
        let parts = self.parts;
        let mut stages: Vec<_> = self.stages().map(|stage| self.stage(stage)).collect();
        count_parked(&mut stages);
        Snapshot {
            graph: Arc::clone(&parts.name),
            at: self.now,
            running_for: self.running_for(),
            measured: parts.measured,
            stages,
            edges: self.edges(),
            domains: self.domains(),
            sources: parts.sources.iter().map(source).collect(),
            overload: self.overload.as_ref().map(|shown| shown.lock().clone()),
        }
    }

    fn running_for(&self) -> Duration {
        self.now.since(self.started)
    }

    fn stages(&self) -> impl Iterator<Item = &dyn StageControl> {
        self.parts.around.roster.iter()
    }

    fn stage(&self, stage: &dyn StageControl) -> StageFigures {
        let common = stage.common();
        let mut teams = self.parts.teams.iter().enumerate();
        let team = teams.find(|(_, team)| stage.runs_at(&team.site));
        let place = stage.placed();
        let solo = place.is_some_and(|place| place.home.is_some());
        let staff = team.and_then(|(place, _)| self.staff.get(place));
        let threads = staff.map_or(0, |staff| staff.threads);
        let workers = if solo { threads.min(1) } else { threads };
        let account = Account::of(stage);
        // The time of ended batches first: a batch that ends in between is
        // then missing, and not counted twice.
        let ended = self.parts.measured.then(|| nanos_busy(common));
        let since: Vec<Tick> = common.meters().filter_map(Meter::busy_since).collect();
        let in_hand: Duration = since.iter().map(|since| self.now.since(*since)).sum();
        let busy = ended.map(|ended| ended + in_hand);
        let spreads = spreads(common);
        StageFigures {
            name: Arc::clone(&common.name),
            domain: place.map_or_else(|| "".into(), |place| Arc::clone(place.site.name())),
            kind: team.map_or(DomainKind::Cores { workers: 0 }, |(_, team)| team.kind),
            solo,
            capacity: common.room.capacity(),
            limit: common.room.limit(),
            reserved: common.room.used(),
            batch_max: common.dials.serving.batch_max(),
            workers,
            workers_busy: since.len(),
            busy_longest: since.iter().map(|since| self.now.since(*since)).max(),
            busy,
            busy_share: share(busy, self.running_for(), workers),
            batches: common.meters().map(|meter| meter.batches.get()).sum(),
            deferrals: common.meters().map(|meter| meter.deferrals.get()).sum(),
            parked: 0,
            waiters: self.waiters(common),
            wait: spreads.wait.times(),
            service: spreads.service.times(),
            sojourn: spreads.sojourn.times(),
            batch: spreads.batch.sizes(),
            queue_time: ended.and_then(|ended| queue_time(&account, ended, workers)),
            quarantined: common.gate.has(gate::QUARANTINED),
            target: common.dials.serving.target(),
            classes: classes(common),
            conditions: Conditions::of(&common.dials),
            decision_counts: self.minutes.counts(common.at.stage),
            decisions: self.minutes.of(common.at.stage),
            account,
        }
    }

    /// Names the stages that wait for room in this one.
    fn waiters(&self, common: &Untyped) -> Vec<Arc<str>> {
        let mut names = Vec::new();
        common
            .waiters
            .look(|waiter| names.extend(self.waiting_stage(waiter)));
        names
    }

    fn waiting_stage(&self, waiter: &Waiter) -> Option<Arc<str>> {
        let same =
            |place: Placed<'_>| Arc::ptr_eq(place.site, &waiter.site) && place.bit == waiter.bit;
        let stage = self
            .stages()
            .find(|stage| stage.placed().is_some_and(same))?;
        Some(Arc::clone(&stage.common().name))
    }

    fn domains(&self) -> Vec<DomainFigures> {
        let teams = self.parts.teams.iter().zip(&self.staff);
        let domain = |(team, staff): (&Arc<Team>, &Staff)| DomainFigures {
            name: Arc::clone(team.site.name()),
            kind: team.kind,
            threads: staff.threads,
            cpu: staff.cpu.map(|cpu| cpu.used),
            starved: staff.cpu.map(|cpu| cpu.starved),
        };
        teams.map(domain).collect()
    }

    fn edges(&self) -> Vec<EdgeFigures> {
        let into = |stage: &dyn StageControl| {
            let edges = stage.common().edges().into_iter();
            edges
                .map(|edge| self.edge(stage, &edge))
                .collect::<Vec<_>>()
        };
        self.stages().flat_map(into).collect()
    }

    fn edge(&self, stage: &dyn StageControl, edge: &Edge) -> EdgeFigures {
        // Dropped events are counted as rejected first, so they are read first.
        let dropped = edge.dropped();
        let mut rejected = Rejections::default();
        rejected.add(edge.rejected());
        EdgeFigures {
            from: self.sender(edge.from),
            to: Arc::clone(&stage.common().name),
            kind: edge.kind,
            overflow: edge.overflow(),
            accepted: stage.accepted_over(edge),
            rejected,
            dropped,
        }
    }

    fn sender(&self, origin: Origin) -> Sender {
        let named = match origin {
            Origin::Outside => None,
            Origin::Stage(stage) => {
                let stage = self.stages().nth(stage);
                stage.map(|stage| Sender::Stage(Arc::clone(&stage.common().name)))
            }
            Origin::Source(source) => {
                let source = self.parts.sources.get(source);
                source.map(|source| Sender::Source(Arc::clone(&source.name)))
            }
        };
        named.unwrap_or(Sender::Outside)
    }
}

fn count_parked(stages: &mut [StageFigures]) {
    let waiting: Vec<_> = stages
        .iter()
        .flat_map(|stage| stage.waiters.clone())
        .collect();
    for stage in stages {
        stage.parked = waiting.iter().filter(|name| **name == stage.name).count();
    }
}

fn source(source: &Published) -> SourceFigures {
    SourceFigures {
        name: Arc::clone(&source.name),
        figures: (source.figures)(),
    }
}

fn nanos_busy(common: &Untyped) -> Duration {
    Duration::from_nanos(common.meters().map(|meter| meter.busy.get()).sum())
}

fn spreads(common: &Untyped) -> Spreads {
    let mut sum = Spreads::new();
    common
        .meters()
        .for_each(|meter| meter.spreads(|of_worker| sum.merge(of_worker)));
    sum
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a share needs no more than 52 bits"
)]
fn share(busy: Option<Duration>, elapsed: Duration, workers: usize) -> Option<f64> {
    let whole = elapsed.as_secs_f64() * workers as f64;
    (whole > 0.0).then_some((busy?.as_secs_f64() / whole).min(1.0))
}

/// Gives the time that the workers need for what waits, at their mean rate.
#[allow(
    clippy::cast_precision_loss,
    reason = "a rate needs no more than 52 bits"
)]
fn queue_time(account: &Account, busy: Duration, workers: usize) -> Option<Duration> {
    let served = account.handled + account.failed;
    if served == 0 || workers == 0 {
        return None;
    }
    let each = busy.as_secs_f64() / served as f64;
    Duration::try_from_secs_f64(each * account.queued as f64 / workers as f64).ok()
}

fn classes(common: &Untyped) -> Vec<ClassFigures> {
    let count = common.class_count.get().copied().unwrap_or(0);
    let figures = |class: Class| {
        let place = usize::from(class.0);
        let guarded = common.census.guard.guarded(place);
        // What waits first: an event that enters in between is not missing.
        let queued = common.census.queued(place) as u64;
        ClassFigures {
            class,
            weight: common.census.weight(place),
            target: common.dials.target_of(class),
            path_target: common.path_budget_of(class),
            offered: common.census.offered(place),
            accepted: common.census.entered(place),
            queued,
            expired: guarded.expired,
            let_in: guarded.let_in,
            served_first: guarded.first,
        }
    };
    let all = (0..u8::MAX).map(Class).take(count);
    all.map(figures).collect()
}

#[cfg(test)]
mod tests {
    use super::share;
    use std::time::Duration;

    #[test]
    fn a_share_is_of_all_workers_and_unknown_without_time_or_workers() {
        let second = Duration::from_secs(1);
        assert_eq!(share(Some(second), second * 2, 2), Some(0.25));
        assert_eq!(share(Some(second), Duration::ZERO, 2), None);
        assert_eq!(share(Some(second), second, 0), None);
        assert_eq!(share(None, second, 1), None);
    }
}
