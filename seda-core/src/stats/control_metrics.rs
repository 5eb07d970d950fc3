//! What controllers have set and decided, as text for Prometheus.

use std::time::Duration;

use crate::law::float;
use crate::overload::post::OverloadFigures;
use crate::overload::pressure::OverloadAction;
use crate::stats::page::Page;
use crate::stats::snapshot::StageFigures;

/// Is one gauge: its metric, what it means, where it stands.
type Gauge = (&'static str, &'static str, fn(&StageFigures) -> Option<f64>);

const GAUGES: [Gauge; 7] = [
    (
        "seda_stage_drain_rate",
        "Events per second that the stage was found to get done.",
        |stage| stage.conditions.events_per_second,
    ),
    (
        "seda_stage_in_flight_limit",
        "The most events that may wait or be in hand together.",
        |stage| {
            let most = stage.conditions.in_flight_max?;
            Some(float(most as u64))
        },
    ),
    (
        "seda_stage_admission_rate",
        "Events per second that may enter.",
        |stage| stage.conditions.rate_max,
    ),
    (
        "seda_stage_shed_from_class",
        "The first class of events that is turned away.",
        |stage| stage.conditions.shed_from.map(|class| class.0.into()),
    ),
    (
        "seda_stage_wait_limit_seconds",
        "How long an event may wait, beside the stage's budget.",
        |stage| stage.conditions.wait_max.map(|wait| wait.as_secs_f64()),
    ),
    (
        "seda_stage_path_share_seconds",
        "The stage's share of the budget of a path.",
        |stage| stage.conditions.share.map(|share| share.as_secs_f64()),
    ),
    (
        "seda_stage_path_beyond_seconds",
        "What events of the stage will need further down the path.",
        |stage| stage.conditions.beyond.as_ref().map(Duration::as_secs_f64),
    ),
];

/// Writes what the overload manager found and did.
pub(crate) fn write_overload(page: &mut Page<'_>, overload: &OverloadFigures) {
    let name = "seda_pressure_level";
    page.family(name, "gauge", "The level that handlers are told, 0 to 255.");
    page.sample(name, &[], overload.level);
    let name = "seda_pressure";
    page.family(name, "gauge", "The part that is used up, by monitor.");
    for reading in &overload.readings {
        page.sample(name, &[("monitor", reading.monitor)], reading.pressure);
    }
    let name = "seda_overload_action";
    page.family(name, "gauge", "Whether an action is taken.");
    for action in OverloadAction::ALL {
        let taken = u8::from(overload.actions.contains(&action));
        page.sample(name, &[("action", action.name())], taken);
    }
    let name = "seda_overload_decisions_total";
    page.family(name, "counter", "Decisions of the overload manager.");
    page.sample(name, &[], overload.decisions);
}

/// Writes what controllers have set, where they have, and how often they decided.
pub(crate) fn write(page: &mut Page<'_>, stages: &[StageFigures]) {
    for (name, help, figure) in GAUGES {
        page.family(name, "gauge", help);
        for stage in stages {
            if let Some(value) = figure(stage) {
                page.sample(name, &[("stage", &stage.name)], value);
            }
        }
    }
    let name = "seda_stage_decisions_total";
    page.family(name, "counter", "Decisions of each controller.");
    for stage in stages {
        for decisions in &stage.decision_counts {
            let labels = [("stage", &*stage.name), ("controller", decisions.by)];
            page.sample(name, &labels, decisions.count);
        }
    }
}
