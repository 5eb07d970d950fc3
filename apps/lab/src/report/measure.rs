//! The figures of a run, each by one name.

use crate::plot::numeral::{brief, percent};
use crate::record::{Fairness, Lag, Run};

/// Is a figure that a run may have.
#[derive(Clone, Copy)]
pub(crate) struct Measure {
    /// What stands above its column.
    pub(crate) title: &'static str,
    /// Finds it in a run.
    pub(crate) of: fn(&Run) -> Option<f64>,
    /// Writes it.
    pub(crate) show: fn(f64) -> String,
}

/// All figures of the tables, in their order.
pub(crate) const ALL: [Measure; 18] = [
    GOODPUT_PART,
    Measure {
        title: "good /s",
        of: goodput,
        show: brief,
    },
    Measure {
        title: "done /s",
        of: |run| Some(run.throughput()),
        show: brief,
    },
    Measure {
        title: "good of offered",
        of: good_share,
        show: percent,
    },
    Measure {
        title: "rejected",
        of: rejected,
        show: percent,
    },
    Measure {
        title: "failed",
        of: failed,
        show: percent,
    },
    Measure {
        title: "p50 ms",
        of: |run| quantile(run, run.latency.spread.p50),
        show: brief,
    },
    Measure {
        title: "p90 ms",
        of: |run| quantile(run, run.latency.spread.p90),
        show: brief,
    },
    Measure {
        title: "p99 ms",
        of: p99,
        show: brief,
    },
    Measure {
        title: "p99.9 ms",
        of: |run| quantile(run, run.latency.spread.p999),
        show: brief,
    },
    Measure {
        title: "max ms",
        of: |run| quantile(run, run.latency.spread.max),
        show: brief,
    },
    Measure {
        title: "p99 from sending, ms",
        of: uncorrected,
        show: brief,
    },
    Measure {
        title: "p99 of rejections, ms",
        of: rejection,
        show: brief,
    },
    Measure {
        title: "p99 of lag, ms",
        of: |run| run.lag.map(|lag: Lag| lag.spread.p99),
        show: brief,
    },
    Measure {
        title: "Jain",
        of: |run| fairness(run, |one| one.jain),
        show: precise,
    },
    Measure {
        title: "slowest / median",
        of: |run| fairness(run, |one| one.slowest),
        show: brief,
    },
    Measure {
        title: "CPU each, µs",
        of: cpu,
        show: brief,
    },
    Measure {
        title: "settled in ms",
        of: |run| run.settled_ms,
        show: brief,
    },
];

/// Good answers as a part of capacity.
pub(crate) const GOODPUT_PART: Measure = Measure {
    title: "good / capacity",
    of: goodput_part,
    show: brief,
};

pub(crate) fn goodput_part(run: &Run) -> Option<f64> {
    let capacity = run.capacity.filter(|capacity| *capacity > 0.0)?;
    Some(run.goodput() / capacity)
}

#[allow(clippy::unnecessary_wraps, reason = "as all measures")]
pub(crate) fn goodput(run: &Run) -> Option<f64> {
    Some(run.goodput())
}

pub(crate) fn p99(run: &Run) -> Option<f64> {
    quantile(run, run.latency.spread.p99)
}

pub(crate) fn p50(run: &Run) -> Option<f64> {
    quantile(run, run.latency.spread.p50)
}

/// CPU time for each answer, in microseconds.
pub(crate) fn cpu(run: &Run) -> Option<f64> {
    run.cpu_us
}

/// How many requests a batch had on average.
#[allow(clippy::cast_precision_loss, reason = "steps of a run")]
pub(crate) fn batch(run: &Run) -> Option<f64> {
    let values = &run.series.as_ref()?.column("batch")?.values;
    let (sum, count) = values
        .iter()
        .flatten()
        .fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then_some(sum / count)
}

pub(crate) fn good_share(run: &Run) -> Option<f64> {
    share(run.outcomes.good, run.outcomes.offered)
}

pub(crate) fn rejected(run: &Run) -> Option<f64> {
    share(run.outcomes.rejected, run.outcomes.offered)
}

fn failed(run: &Run) -> Option<f64> {
    share(run.outcomes.failed, run.outcomes.offered)
}

pub(crate) fn uncorrected(run: &Run) -> Option<f64> {
    let spread = run.uncorrected.filter(|spread| spread.count > 0)?;
    Some(spread.p99)
}

fn rejection(run: &Run) -> Option<f64> {
    let spread = run.rejection.filter(|spread| spread.count > 0)?;
    Some(spread.p99)
}

pub(crate) fn fairness(run: &Run, of: impl Fn(&Fairness) -> f64) -> Option<f64> {
    run.fairness.as_ref().map(of)
}

/// Gives a quantile of the latencies, where there are latencies.
pub(crate) fn quantile(run: &Run, quantile: f64) -> Option<f64> {
    (run.latency.spread.count > 0).then_some(quantile)
}

/// Gives a part of a whole, where there is a whole.
#[allow(clippy::cast_precision_loss, reason = "counts of requests")]
pub(crate) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Four digits: 0.9996 is another index than 1.
fn precise(value: f64) -> String {
    format!("{value:.4}")
}
