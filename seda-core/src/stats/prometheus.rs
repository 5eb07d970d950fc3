//! Snapshots as text for Prometheus.
//!
//! Source: Prometheus, "Exposition formats", text format 0.0.4.

use crate::ledger::Rejections;
use crate::rejected::Reason;
use crate::stats::class_metrics;
use crate::stats::control_metrics;
use crate::stats::figure::{Figure, FigureKind};
use crate::stats::histogram::Times;
use crate::stats::page::Page;
use crate::stats::snapshot::{DomainFigures, EdgeFigures, Sender, Snapshot};
use crate::stats::snapshot::{SourceFigures, StageFigures};

impl Snapshot {
    /// Writes the figures in Prometheus' text format, version 0.0.4.
    ///
    /// Every name begins with `seda_` and every series carries the graph's
    /// name. Counters count from the start of the graph; summaries are of
    /// everything since then, and their sums are rebuilt from histograms, true
    /// to about 1 %.
    ///
    /// ```
    /// # use seda_core::{Graph, Plan};
    /// let mut graph = Graph::new("greetings");
    /// let greet = graph.stage("greet").queue(8).each(|_: String| Ok(()));
    /// let text = graph.start(Plan::default())?.snapshot().to_prometheus();
    /// assert!(text.contains("# TYPE seda_stage_handled_total counter\n"));
    /// assert!(text.contains("seda_stage_capacity{graph=\"greetings\",stage=\"greet\"} 8\n"));
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub fn to_prometheus(&self) -> String {
        let mut page = Page::new(&self.graph);
        page.family(
            "seda_running_seconds",
            "gauge",
            "Time since the graph started.",
        );
        page.sample("seda_running_seconds", &[], self.running_for.as_secs_f64());
        totals(&mut page, &self.stages);
        states(&mut page, &self.stages);
        known_times(&mut page, &self.stages);
        summary(
            &mut page,
            &self.stages,
            (
                "seda_stage_wait_seconds",
                "Time that events waited in the queue.",
            ),
            |stage| &stage.wait,
        );
        summary(
            &mut page,
            &self.stages,
            (
                "seda_stage_service_seconds",
                "Time that the handler took for an event, mean of its batch.",
            ),
            |stage| &stage.service,
        );
        batches(&mut page, &self.stages);
        class_metrics::write(&mut page, &self.stages);
        control_metrics::write(&mut page, &self.stages);
        if let Some(overload) = &self.overload {
            control_metrics::write_overload(&mut page, overload);
        }
        edges(&mut page, &self.edges);
        sources(&mut page, &self.sources);
        domains(&mut page, &self.domains);
        page.text
    }
}

/// Is one figure of all stages: its metric, what it means, where it stands.
type Column<T> = (&'static str, &'static str, fn(&StageFigures) -> T);

const TOTALS: [Column<u64>; 8] = [
    (
        "seda_stage_offered_total",
        "Events that anybody tried to enqueue.",
        |stage| stage.account.offered,
    ),
    (
        "seda_stage_accepted_total",
        "Events that entered the queue.",
        |stage| stage.account.accepted,
    ),
    (
        "seda_stage_handled_total",
        "Events that the handler took without failing.",
        |stage| stage.account.handled,
    ),
    (
        "seda_stage_failed_total",
        "Events that the handler lost by an error or a panic.",
        |stage| stage.account.failed,
    ),
    (
        "seda_stage_expired_total",
        "Events whose deadline passed in the queue.",
        |stage| stage.account.expired,
    ),
    (
        "seda_stage_dead_lettered_total",
        "Events buried at a stop, in a quarantine, or to make room.",
        |stage| stage.account.dead_lettered,
    ),
    (
        "seda_stage_batches_total",
        "Batches that were run.",
        |stage| stage.batches,
    ),
    (
        "seda_stage_deferrals_total",
        "Batches that ended with a deferred event.",
        |stage| stage.deferrals,
    ),
];

fn totals(page: &mut Page<'_>, stages: &[StageFigures]) {
    for (name, help, figure) in TOTALS {
        page.family(name, "counter", help);
        for stage in stages {
            page.sample(name, &[("stage", &stage.name)], figure(stage));
        }
    }
    let name = "seda_stage_rejected_total";
    page.family(name, "counter", "Events that were given back, by reason.");
    for stage in stages {
        for (reason, count) in by_reason(&stage.account.rejected) {
            let labels = [("stage", &*stage.name), ("reason", &reason.to_string())];
            page.sample(name, &labels, count);
        }
    }
}

const STATES: [Column<usize>; 8] = [
    (
        "seda_stage_capacity",
        "The bound of the queue, in events.",
        |stage| stage.capacity,
    ),
    (
        "seda_stage_limit",
        "The most events that may wait just now.",
        |stage| stage.limit,
    ),
    (
        "seda_stage_reserved",
        "Room that is spoken for, in events.",
        |stage| stage.reserved,
    ),
    (
        "seda_stage_workers",
        "Workers that may run the stage.",
        |stage| stage.workers,
    ),
    (
        "seda_stage_workers_busy",
        "Workers inside the handler.",
        |stage| stage.workers_busy,
    ),
    (
        "seda_stage_parked",
        "Workers on which the stage waits for another one's room.",
        |stage| stage.parked,
    ),
    (
        "seda_stage_waiters",
        "Stages parked until this one has room, by worker.",
        |stage| stage.waiters.len(),
    ),
    (
        "seda_stage_quarantined",
        "1 when the handler failed too often, else 0.",
        |stage| usize::from(stage.quarantined),
    ),
];

fn states(page: &mut Page<'_>, stages: &[StageFigures]) {
    let waiting: [Column<u64>; 2] = [
        ("seda_stage_queued", "Events that wait.", |stage| {
            stage.account.queued
        }),
        (
            "seda_stage_in_hand",
            "Events taken by a worker and not finished.",
            |stage| stage.account.in_hand,
        ),
    ];
    for (name, help, figure) in waiting {
        page.family(name, "gauge", help);
        for stage in stages {
            page.sample(name, &[("stage", &stage.name)], figure(stage));
        }
    }
    for (name, help, figure) in STATES {
        page.family(name, "gauge", help);
        for stage in stages {
            page.sample(name, &[("stage", &stage.name)], figure(stage));
        }
    }
}

/// Writes the times that a stage may not have; what is unknown has no sample.
fn known_times(page: &mut Page<'_>, stages: &[StageFigures]) {
    let figures: [(&str, Column<Option<std::time::Duration>>); 3] = [
        (
            "counter",
            (
                "seda_stage_busy_seconds_total",
                "Time inside the handler, over all workers.",
                |stage| stage.busy,
            ),
        ),
        (
            "gauge",
            (
                "seda_stage_queue_seconds",
                "Time in which all workers would empty the queue.",
                |stage| stage.queue_time,
            ),
        ),
        (
            "gauge",
            (
                "seda_stage_target_seconds",
                "The latency budget.",
                |stage| stage.target,
            ),
        ),
    ];
    for (kind, (name, help, figure)) in figures {
        page.family(name, kind, help);
        for stage in stages {
            if let Some(time) = figure(stage) {
                page.sample(name, &[("stage", &stage.name)], time.as_secs_f64());
            }
        }
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a sum to 1 % needs no more than 52 bits"
)]
fn summary(
    page: &mut Page<'_>,
    stages: &[StageFigures],
    (name, help): (&str, &str),
    of: fn(&StageFigures) -> &Times,
) {
    page.family(name, "summary", help);
    for stage in stages {
        let times = of(stage);
        let seconds = [times.p50, times.p90, times.p99, times.max].map(|time| time.as_secs_f64());
        let sum = times.mean.as_secs_f64() * times.count as f64;
        page.summary(name, &stage.name, (seconds, sum, times.count));
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "batches have at most 2^20 events"
)]
fn batches(page: &mut Page<'_>, stages: &[StageFigures]) {
    let name = "seda_stage_batch_events";
    page.family(name, "summary", "Events of a batch.");
    for stage in stages {
        let sizes = &stage.batch;
        let events = [sizes.p50, sizes.p90, sizes.p99, sizes.max].map(|size| size as f64);
        page.summary(
            name,
            &stage.name,
            (events, sizes.mean * sizes.count as f64, sizes.count),
        );
    }
}

fn edges(page: &mut Page<'_>, edges: &[EdgeFigures]) {
    let name = "seda_edge_accepted_total";
    page.family(
        name,
        "counter",
        "Events that entered the queue along this edge.",
    );
    for edge in edges {
        page.sample(name, &ends(edge), edge.accepted);
    }
    let name = "seda_edge_rejected_total";
    page.family(
        name,
        "counter",
        "Events that were given back along this edge, by reason.",
    );
    for edge in edges {
        let [from, to, kind] = ends(edge);
        for (reason, count) in by_reason(&edge.rejected) {
            let reason = reason.to_string();
            page.sample(name, &[from, to, kind, ("reason", &reason)], count);
        }
    }
    let name = "seda_edge_dropped_total";
    page.family(name, "counter", "Rejected events that nobody got back.");
    for edge in edges {
        page.sample(name, &ends(edge), edge.dropped);
    }
}

/// Gives the labels of an edge. `from` is empty outside the graph.
fn ends(edge: &EdgeFigures) -> [(&'static str, &str); 3] {
    let from = match &edge.from {
        Sender::Outside => "",
        Sender::Stage(name) | Sender::Source(name) => name,
    };
    [("from", from), ("to", &edge.to), ("kind", edge.kind.name())]
}

/// Writes what sources publish: one metric for each name, whoever has it.
fn sources(page: &mut Page<'_>, sources: &[SourceFigures]) {
    let all = || sources.iter().flat_map(|source| &source.figures);
    let mut written: Vec<&str> = Vec::new();
    for first in all() {
        if written.contains(&first.name) {
            continue;
        }
        written.push(first.name);
        let (kind, ending) = match first.kind {
            FigureKind::Counter => ("counter", "_total"),
            FigureKind::Gauge => ("gauge", ""),
        };
        let name = format!("seda_source_{}{ending}", first.name);
        page.family(&name, kind, first.help);
        for source in sources {
            let same = |figure: &&Figure| figure.name == first.name;
            if let Some(figure) = source.figures.iter().find(same) {
                page.sample(&name, &[("source", &source.name)], figure.value);
            }
        }
    }
}

fn domains(page: &mut Page<'_>, domains: &[DomainFigures]) {
    let name = "seda_domain_threads";
    page.family(name, "gauge", "Threads that are alive.");
    for domain in domains {
        page.sample(name, &[("domain", &domain.name)], domain.threads);
    }
    let name = "seda_domain_cpu_seconds_total";
    page.family(
        name,
        "counter",
        "CPU time of all threads, where the machine tells.",
    );
    for domain in domains {
        if let Some(cpu) = domain.cpu {
            page.sample(name, &[("domain", &domain.name)], cpu.as_secs_f64());
        }
    }
    let name = "seda_domain_starved_seconds_total";
    page.family(
        name,
        "counter",
        "Time that threads were ready and no core was free, where the machine tells.",
    );
    for domain in domains {
        if let Some(starved) = domain.starved {
            page.sample(name, &[("domain", &domain.name)], starved.as_secs_f64());
        }
    }
}

fn by_reason(rejected: &Rejections) -> [(Reason, u64); 4] {
    [
        (Reason::Full, rejected.full),
        (Reason::Shed, rejected.shed),
        (Reason::Expired, rejected.expired),
        (Reason::Closed, rejected.closed),
    ]
}
