//! The controllers' thread: samples the running graph, carries out decisions.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::control::conductor::Conductor;
use crate::control::levers::Levers;
use crate::control::path::Passage;
use crate::control::{ClassSample, Decision, Sample};
use crate::dials::Dials;
use crate::edge::{Edge, EdgeKind, Origin, Overflow};
use crate::gate;
use crate::life::Phase;
use crate::meta::Class;
use crate::overload::monitors::Load;
use crate::rejected::Reason;
use crate::roster::Roster;
use crate::running::loads::{load, shed_from};
use crate::running::parts::Parts;
use crate::stage::core::StageControl;
use crate::stage::untyped::Untyped;
use crate::stats::histogram::{Spread, Times};
use crate::stats::meter::Meter;
use crate::worker::team::{Surroundings, Team};

/// Is what controllers see and move in a running graph.
pub(crate) struct Controls {
    around: Surroundings,
    teams: Vec<Arc<Team>>,
}

impl Controls {
    pub(crate) fn of(parts: &Parts) -> Self {
        Self {
            around: parts.around.clone(),
            teams: parts.teams.clone(),
        }
    }

    /// Starts the controllers' thread, if there are any controllers.
    pub(crate) fn conduct(
        self,
        mut conductor: Conductor,
    ) -> Result<Option<JoinHandle<()>>, String> {
        if conductor.due().is_none() {
            return Ok(None);
        }
        let work = move || {
            while let Some(due) = conductor.due() {
                let wait = due.since(self.around.clock.now());
                let until = Instant::now().checked_add(wait.max(Duration::from_millis(1)));
                let stopping = || self.around.life.phase() == Phase::Stopping;
                if self.around.life.wait_until(until, stopping) {
                    return;
                }
                conductor.tick(self.around.clock.now(), &self);
            }
        };
        let thread = std::thread::Builder::new().name("seda-control".into());
        let spawned = thread.spawn(work);
        spawned
            .map(Some)
            .map_err(|error| format!("no thread for the controllers: {error}"))
    }

    fn stage(&self, stage: usize) -> Option<&dyn StageControl> {
        self.around.roster.iter().nth(stage)
    }

    fn team_of(&self, stage: &dyn StageControl) -> Option<&Arc<Team>> {
        self.teams.iter().find(|team| stage.runs_at(&team.site))
    }
}

/// Reads a stage's counters for its controllers.
pub(crate) fn sample(stage: &dyn StageControl, team: Option<&Arc<Team>>) -> Sample {
    let common = stage.common();
    let serving = &common.dials.serving;
    let finished = common.finished();
    let served = common
        .meters()
        .map(|meter| meter.handled.get() + meter.failed.get());
    let busy = common.meters().map(|meter| meter.busy.get()).sum();
    let edges = common.edges();
    let rejected = edges.iter().flat_map(|edge| edge.rejected());
    Sample {
        queued: stage.queued(),
        in_hand: common.in_hand(),
        accepted: stage.accepted(),
        rejected: rejected.sum(),
        finished,
        served: served.sum(),
        expired: common.meters().map(|meter| meter.expired.get()).sum(),
        batches: common.meters().map(|meter| meter.batches.get()).sum(),
        busy: Duration::from_nanos(busy),
        cpu: team.and_then(|team| team.cpu()).map(|cpu| cpu.used),
        threads: team.map_or(1, |team| team.live()),
        limit: common.room.limit(),
        batch: serving.batch_max(),
        target: serving.target().or_else(|| common.dials.share()),
        passage: passage(&common.dials),
        drain: common.dials.drains(),
        throughput: common.dials.throughput(),
        empty_at: common
            .meters()
            .map(Meter::empty_at)
            .max()
            .unwrap_or_default(),
        sojourns: Times::default(),
        classes: std::array::from_fn(|class| of_class(common, class)),
        class_count: common.class_count.get().copied().unwrap_or(1),
    }
}

fn passage(dials: &Dials) -> Passage {
    Passage {
        share: dials.share().unwrap_or_default(),
        beyond: dials.beyond(),
        service: Duration::from_nanos(dials.serving.service_beyond()),
        slowest: dials.slowest(),
    }
}

pub(crate) fn of_class(common: &Untyped, class: usize) -> ClassSample {
    let census = &common.census;
    let guarded = census.guard.guarded(class);
    ClassSample {
        queued: census.queued(class) as u64,
        accepted: census.entered(class),
        offered: census.offered(class),
        weight: census.weight(class),
        let_in: guarded.let_in,
        served_first: guarded.first,
    }
}

/// Counts the events that one stage has sent to another, those included that
/// were refused and will not come again.
pub(crate) fn flow(roster: &Roster, from: usize, to: usize) -> u64 {
    let Some(to) = roster.iter().nth(to) else {
        return 0;
    };
    let edges = to.common().edges();
    let mine = edges
        .iter()
        .filter(|edge| edge.from == Origin::Stage(from) && edge.kind == EdgeKind::Flow);
    mine.map(|edge| to.accepted_over(edge) + refused_for_good(edge))
        .sum()
}

/// Counts what an edge refused, but for want of room where that is deferred.
fn refused_for_good(edge: &Edge) -> u64 {
    let refused = Reason::ALL.into_iter().zip(edge.rejected());
    let defers = edge.overflow() == Some(Overflow::Defer);
    let for_good = refused.filter(|(reason, _)| !defers || *reason == Reason::Expired);
    for_good.map(|(_, count)| count).sum()
}

/// Adds up how long events were in a stage.
pub(crate) fn sojourns(stage: &dyn StageControl) -> Spread {
    let mut all = Spread::of_times();
    let meters = stage.common().meters();
    meters.for_each(|meter| meter.spreads(|spreads| all.merge(&spreads.sojourn)));
    all
}

/// Carries out what concerns the stage itself; threads are the caller's.
pub(crate) fn apply(stage: &dyn StageControl, decision: &Decision) {
    let common = stage.common();
    if let Some(limit) = decision.limit {
        common.room.set_limit(limit);
        common.waiters.room_freed();
    }
    if let Some(batch) = decision.batch {
        common.dials.serving.decide_batch(batch);
    }
    turn_dials(&common.dials, decision);
    let bounds = decision.in_flight.is_some()
        || decision.shed_from.is_some()
        || decision.rate.is_some()
        || decision.class_rates.is_some()
        || decision.level.is_some();
    if bounds {
        common.gate.set(gate::CONTROLLED);
    }
}

fn turn_dials(dials: &Dials, decision: &Decision) {
    if let Some(drain) = decision.drain {
        dials.set_drain(drain);
    }
    if let Some(rate) = decision.throughput {
        dials.set_throughput(rate);
    }
    if let Some(most) = decision.in_flight {
        dials.set_in_flight(most);
    }
    if let Some(rate) = decision.rate {
        dials.set_rate(rate);
    }
    if let Some(rates) = decision.class_rates {
        dials.set_class_rates(rates);
    }
    if let Some(level) = decision.level {
        dials.set_level(level);
    }
    if let Some(class) = decision.shed_from {
        dials.set_shed_from(class);
    }
    if let Some(longest) = decision.wait_max {
        dials.serving.set_wait_max(longest);
    }
    if let Some(Passage {
        share,
        beyond,
        service,
        slowest,
    }) = decision.passage
    {
        dials.set_passage((share, beyond), service, slowest);
    }
    if let Some(order) = decision.order {
        dials.serving.set_order(order);
    }
}

impl Levers for Controls {
    fn sample(&self, stage: usize) -> Sample {
        let stage = self.stage(stage);
        stage.map_or_else(Sample::default, |stage| sample(stage, self.team_of(stage)))
    }

    fn sojourns(&self, stage: usize) -> Spread {
        self.stage(stage).map_or_else(Spread::of_times, sojourns)
    }

    fn flow(&self, from: usize, to: usize) -> u64 {
        flow(&self.around.roster, from, to)
    }

    fn load(&self) -> Load {
        load(&self.around.roster)
    }

    fn shed_from(&self, class: Option<Class>) {
        shed_from(&self.around.roster, class);
    }

    fn apply(&self, stage: usize, decision: &Decision) {
        let Some(stage) = self.stage(stage) else {
            return;
        };
        apply(stage, decision);
        if let (Some(threads), Some(team)) = (decision.threads, self.team_of(stage))
            && let Err(error) = team.grow_to(threads)
        {
            tracing::warn!(target: "seda", "no more threads for `{}`: {error}", team.site.name());
        }
    }
}
