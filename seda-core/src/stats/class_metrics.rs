//! What classes were offered and got, as text for Prometheus.

use std::time::Duration;

use crate::law::float;
use crate::stats::page::Page;
use crate::stats::snapshot::{ClassFigures, StageFigures};

/// Is one figure of a class: its metric, what it means, where it stands.
type Column<T> = (&'static str, &'static str, fn(&ClassFigures) -> T);

const TOTALS: [Column<u64>; 5] = [
    (
        "seda_class_offered_total",
        "Events of the class that asked to enter.",
        |class| class.offered,
    ),
    (
        "seda_class_accepted_total",
        "Events of the class that entered the queue.",
        |class| class.accepted,
    ),
    (
        "seda_class_expired_total",
        "Events of the class that were too late when they were taken.",
        |class| class.expired,
    ),
    (
        "seda_class_let_in_total",
        "Times the class was let in since none of it was served for too long.",
        |class| class.let_in,
    ),
    (
        "seda_class_served_first_total",
        "Events served before their turn since none of the class was for too long.",
        |class| class.served_first,
    ),
];

const TARGETS: [Column<Option<Duration>>; 2] = [
    (
        "seda_class_target_seconds",
        "The latency budget of the class.",
        |class| class.target,
    ),
    (
        "seda_class_path_target_seconds",
        "The latency budget of the class for the whole way.",
        |class| class.path_target,
    ),
];

/// Writes what there is about the classes of stages that have some.
pub(crate) fn write(page: &mut Page<'_>, stages: &[StageFigures]) {
    let all = || stages.iter().flat_map(of_stage);
    if all().next().is_none() {
        return;
    }
    let mut sample = |name, kind, help, figure: &dyn Fn(&ClassFigures) -> Option<f64>| {
        page.family(name, kind, help);
        for (name_of_stage, class) in all() {
            if let Some(value) = figure(class) {
                let number = class.class.0.to_string();
                page.sample(name, &[("stage", name_of_stage), ("class", &number)], value);
            }
        }
    };
    for (name, help, figure) in TOTALS {
        sample(name, "counter", help, &|class| Some(float(figure(class))));
    }
    sample(
        "seda_class_queued",
        "gauge",
        "Events of the class that wait.",
        &|class| Some(float(class.queued)),
    );
    for (name, help, figure) in TARGETS {
        sample(name, "gauge", help, &|class| {
            figure(class).map(|time| time.as_secs_f64())
        });
    }
}

fn of_stage(stage: &StageFigures) -> impl Iterator<Item = (&str, &ClassFigures)> {
    stage.classes.iter().map(|class| (&*stage.name, class))
}
