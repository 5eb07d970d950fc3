//! From a graph and a plan to running domains.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::control::class_guard::ClassGuard;
use crate::control::classic_threads::ClassicThreads;
use crate::control::conductor::Seated;
use crate::control::drain_rate::DrainRate;
use crate::control::threads::ThreadControl;
use crate::control::way::Way;
use crate::control::{Adjusts, Controller};
use crate::domain::Site;
use crate::edge::Origin;
use crate::failure::Failure;
use crate::graph::Graph;
use crate::graph::check::StartError;
use crate::graph::sources::Published;
use crate::graph::spec::{Muster, Spec};
use crate::graph::topology::Topology;
use crate::graph::wire::Wire;
use crate::here::Seat;
use crate::life::Life;
use crate::plan::layout::Domain;
use crate::plan::{DomainKind, Plan};
use crate::queue::classes::Classes;
use crate::ready::Bit;
use crate::roster::Roster;
use crate::running::Running;
use crate::running::parts::{Assembled, Parts};
use crate::sink::Sink;
use crate::stage::placement::Placing;
use crate::worker::team::{Post, SourceMaker, Surroundings, Team};

/// The most events of a batch among the cores, where no other bound is chosen.
const BATCH_CORES: usize = 256;

impl Graph {
    /// Starts the graph: its threads run when this returns.
    ///
    /// # Errors
    ///
    /// Lists everything that is wrong with the graph or the plan, naming
    /// stages and edges; or what kept a thread, driver or source from
    /// starting. Nothing runs then.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a plan is used up by its graph, and most are made in the call"
    )]
    pub fn start(self, plan: Plan) -> Result<Running, StartError> {
        let name = Arc::clone(&self.name);
        let assembled = self.assemble(&plan)?;
        Running::launch(assembled).map_err(|complaints| StartError::new(&name, complaints))
    }

    /// Checks everything and builds the domains, but starts no thread.
    pub(crate) fn assemble(mut self, plan: &Plan) -> Result<Assembled, StartError> {
        let topology = Topology::of(&self.specs);
        let domains = self.lay_out(plan, &topology)?;
        let sources = self.sources.drain(..);
        let (published, mut makers): (Vec<_>, Vec<_>) = sources
            .map(|source| {
                let (name, figures) = (source.name.into(), source.figures);
                (Published { name, figures }, Some(source.make))
            })
            .unzip();
        let ways = self.ways(&topology);
        let around = self.surroundings();
        let overload = self.overload.take();
        let stage_of_rank = topology.by_rank();
        let musters = (0..self.specs.len()).map(|stage| self.muster(stage, plan));
        let mut assembly = Assembly {
            plan,
            ranks: inverse(&stage_of_rank),
            musters: musters.map(Some).collect(),
            specs: &mut self.specs,
            controllers: Vec::new(),
            on_a_way: ways.iter().flat_map(|way| way.stages.clone()).collect(),
        };
        let mut teams = Vec::new();
        for domain in &domains {
            let of_domain = domain.sources.iter();
            let sources = of_domain.filter_map(|index| makers.get_mut(*index)?.take());
            teams.push(assembly.team(domain, sources.collect(), around.clone()));
        }
        let controllers = assembly.controllers;
        let restarts = self.specs.iter().map(|spec| spec.restarts.clone());
        let parts = Parts {
            name: Arc::clone(&self.name),
            restarts: restarts.collect(),
            teams,
            around,
            stage_of_rank,
            sources: published,
            traces: Arc::clone(&self.traces),
            measured: plan.measured,
        };
        Ok(Assembled {
            parts,
            controllers,
            ways,
            overload,
        })
    }

    /// Checks the graph and applies the plan; gives all complaints at once.
    fn lay_out(&self, plan: &Plan, topology: &Topology) -> Result<Vec<Domain>, StartError> {
        let mut complaints = self.check(topology);
        let wishes: Vec<_> = self.specs.iter().map(Spec::wish).collect();
        let sources: Vec<_> = self
            .sources
            .iter()
            .map(|source| source.name.clone())
            .collect();
        let domains = plan.lay_out(&wishes, &sources).unwrap_or_else(|more| {
            complaints.extend(more);
            Vec::new()
        });
        if complaints.is_empty() {
            Ok(domains)
        } else {
            Err(StartError::new(&self.name, complaints))
        }
    }

    /// Lists the paths that have a target.
    fn ways(&self, topology: &Topology) -> Vec<Way> {
        let specs = self.specs.iter().enumerate();
        let way = |(entry, spec): (usize, &Spec)| {
            let budget = spec.control.common().path_budget()?;
            let (stages, edges) = topology.way_from(entry);
            Some(Way {
                budget,
                stages,
                edges,
            })
        };
        specs.filter_map(way).collect()
    }

    fn surroundings(&self) -> Surroundings {
        let stages = self.specs.iter().map(|spec| Arc::clone(&spec.control));
        Surroundings {
            life: Arc::new(Life::default()),
            clock: self.clock.clone(),
            roster: Arc::new(Roster::new(
                self.id,
                stages.collect(),
                self.promises.clone(),
            )),
            driver: self.driver.clone(),
            pressure: self.pressure.clone(),
        }
    }

    fn muster(&self, stage: usize, plan: &Plan) -> Muster {
        Muster {
            failures: self.failure_sink(stage),
            traces: Arc::clone(&self.traces),
            clock: self.clock.clone(),
            measured: plan.measured,
        }
    }

    fn failure_sink(&self, stage: usize) -> Option<Sink<Failure>> {
        let failures = self.failures.as_ref()?;
        // A failure of the failure stage itself is only counted and logged.
        (failures.core.common.at.stage != stage)
            .then(|| Wire::new(self.id, Origin::Stage(stage)).failures(failures))
    }
}

/// Builds domains one by one.
struct Assembly<'a> {
    plan: &'a Plan,
    ranks: Vec<usize>,
    musters: Vec<Option<Muster>>,
    specs: &'a mut Vec<Spec>,
    controllers: Vec<Seated>,
    /// The stages of paths with a target.
    on_a_way: BTreeSet<usize>,
}

impl Assembly<'_> {
    fn team(
        &mut self,
        domain: &Domain,
        sources: Vec<SourceMaker>,
        around: Surroundings,
    ) -> Arc<Team> {
        let workers = domain.kind.workers_max();
        let site = Arc::new(Site::new(&domain.name, workers));
        let seats = Seat::new_domain(workers);
        let mut posts: Vec<Option<Post>> = (0..self.specs.len()).map(|_| None).collect();
        for stage in &domain.stages {
            let rank = self.ranks.get(*stage).copied().unwrap_or(0);
            let post = self.post(*stage, rank, (domain, &site, &seats));
            if let Some(place) = posts.get_mut(rank) {
                *place = post;
            }
        }
        Team::new(
            site,
            domain.kind,
            (posts, self.shares(domain)),
            (sources, seats),
            around,
        )
    }

    fn post(
        &mut self,
        stage: usize,
        rank: usize,
        (domain, site, seats): (&Domain, &Arc<Site>, &[Seat]),
    ) -> Option<Post> {
        let muster = self.musters.get_mut(stage)?.take()?;
        let spec = self.specs.get_mut(stage)?;
        let cores = matches!(domain.kind, DomainKind::Cores { .. });
        let home = spec
            .solo
            .then(|| if cores { stage % seats.len() } else { 0 });
        let planned = self
            .plan
            .stages
            .get(&spec.name)
            .and_then(|seating| seating.batch);
        let usual = if cores { BATCH_CORES } else { 1 };
        let common = spec.control.common();
        let batch = planned.or(spec.batch).unwrap_or(usual);
        common.dials.serving.set_batch(batch);
        spec.control.place(Placing {
            site: Arc::clone(site),
            bit: Bit::of_rank(rank),
            home,
            seats: if cores { seats } else { &[] },
            classes: spec.classes.as_ref(),
        });
        let controllers = std::mem::take(&mut spec.controllers);
        let known = common.dials.serving.target().is_some() || self.on_a_way.contains(&stage);
        let budget = if known { Budget::Known } else { Budget::None };
        let usual = usual_controllers(&controllers, budget, domain);
        let told_apart = spec.classes.as_ref().map_or(1, Classes::count) > 1;
        let refuses = budget == Budget::Known || !controllers.is_empty();
        let guard = (told_apart && refuses).then(|| Box::new(ClassGuard::default()) as Box<_>);
        let all = controllers.into_iter().chain(usual).chain(guard);
        self.controllers
            .extend(all.map(|controller| (stage, controller)));
        let recruit = (spec.define.take()?)(muster);
        Some(Post { recruit, home })
    }

    /// Gives the shares by rank, or none when the plan gives this domain none.
    fn shares(&self, domain: &Domain) -> Vec<u32> {
        let share = |stage: &usize| {
            let spec = self.specs.get(*stage)?;
            self.plan.stages.get(&spec.name)?.share
        };
        if domain.stages.iter().find_map(share).is_none() {
            return Vec::new();
        }
        let mut shares = vec![1; self.specs.len()];
        for stage in &domain.stages {
            let rank = self.ranks.get(*stage).copied().unwrap_or(0);
            if let (Some(place), Some(share)) = (shares.get_mut(rank), share(stage)) {
                *place = share;
            }
        }
        shares
    }
}

/// Gives each stage's rank, from the stages by rank.
fn inverse(stage_of_rank: &[usize]) -> Vec<usize> {
    let mut ranks = vec![0; stage_of_rank.len()];
    for (rank, stage) in stage_of_rank.iter().enumerate() {
        if let Some(place) = ranks.get_mut(*stage) {
            *place = rank;
        }
    }
    ranks
}

/// Says whether a stage has a budget, of its own or of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Budget {
    Known,
    None,
}

/// Gives the controllers that a stage has unless others do the same.
fn usual_controllers(
    chosen: &[Box<dyn Controller>],
    budget: Budget,
    domain: &Domain,
) -> Vec<Box<dyn Controller>> {
    let is_left = |what| chosen.iter().all(|controller| controller.adjusts() != what);
    let admission = (budget == Budget::Known && is_left(Adjusts::Admission))
        .then(|| Box::new(DrainRate::default()) as Box<dyn Controller>);
    let threads = thread_controller(domain).filter(|_| is_left(Adjusts::Threads));
    admission.into_iter().chain(threads).collect()
}

/// Gives the controller of an elastic pool with this one stage.
fn thread_controller(domain: &Domain) -> Option<Box<dyn Controller>> {
    match domain.kind {
        DomainKind::Blocking { min, max } if min < max && domain.stages.len() == 1 => {
            if domain.classic {
                Some(Box::new(ClassicThreads::default()))
            } else {
                Some(Box::new(ThreadControl::new(max, num_cpus::get())))
            }
        }
        _ => None,
    }
}
