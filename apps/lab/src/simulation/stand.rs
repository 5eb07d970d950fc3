//! The stage that is tried, as a variant wants it, in a simulator.

use std::time::Duration;

use seda_core::simulator::{Call, Simulator};
use seda_core::{BoxError, Class, Classes, Clock, DomainKind, Graph, Plan, Stage, StageBuilder};

use crate::batches::batched;
use crate::policies::Policy;
use crate::scenario::{Load, Scenario, Server, Variant, parts};
use crate::simulation::expected;

/// What the stage is called.
pub(super) const STAGE: &str = "serve";
/// The pool of a stage that does not block, under SEDA's plan: threads beyond
/// the servers would do work that nobody can do.
const POOL: &str = "pool";

/// Makes the simulator, with faults of the server, but without clients.
pub(super) fn simulator(
    scenario: &Scenario,
    variant: &Variant,
    seed: u64,
) -> Result<(Simulator, Stage<Call>), BoxError> {
    let mut graph = Graph::new("wind tunnel").with_clock(Clock::manual());
    let stage = conditioned(graph.stage(STAGE), scenario, variant)?;
    let serve = stage.each(|call: Call| {
        call.answer();
        Ok(())
    });
    let mut simulator = Simulator::new(graph, &plan(&scenario.server, variant), seed)?;
    let service = expected::service(&scenario.server.work);
    let blocks = scenario.server.threads.is_some();
    simulator.service(STAGE, if blocks { service.waiting() } else { service });
    let start = scenario.times.warm_up.0;
    let during = |at: Duration, lasts: Duration| start + at..start + at + lasts;
    for slower in &scenario.server.slower {
        simulator.slow_down(STAGE, slower.factor, during(slower.at.0, slower.lasts.0));
    }
    for pause in &scenario.server.pauses {
        simulator.pause(STAGE, during(pause.at.0, pause.lasts.0));
    }
    Ok((simulator, serve))
}

fn conditioned<'g>(
    stage: StageBuilder<'g, Call>,
    scenario: &Scenario,
    variant: &Variant,
) -> Result<StageBuilder<'g, Call>, BoxError> {
    let usual = if variant.is_classic() {
        "unbounded"
    } else {
        "drain rate"
    };
    let policy = variant.policy.as_deref().unwrap_or(usual);
    let policy = Policy::named(policy).ok_or_else(|| format!("no policy `{policy}`"))?;
    let mut stage = policy.build(stage, scenario.target.0);
    let classes = scenario.load.classes();
    if !classes.is_empty() {
        stage = stage.classes(Classes::strict(parts::count(classes)));
    }
    if let Load::Open { class_targets, .. } = &scenario.load {
        let own = class_targets.iter().filter(|_| policy.has_target());
        for (class, target) in (0..).map(Class).zip(own) {
            stage = stage.class_target(class, target.0);
        }
    }
    if let Some((least, most)) = scenario.server.threads {
        let (least, most) = variant
            .threads
            .map_or((least, most), |threads| (threads, threads));
        stage = stage.blocking(least..=most);
    }
    Ok(batched(stage, variant))
}

fn plan(server: &Server, variant: &Variant) -> Plan {
    if !variant.is_classic() {
        return Plan::default().workers(server.servers);
    }
    if server.threads.is_some() {
        return Plan::seda_classic();
    }
    let pool = DomainKind::Blocking {
        min: 1,
        max: server.servers,
    };
    Plan::seda_classic().domain(POOL, pool).place(STAGE, POOL)
}
