//! What happened over time, in steps of a tenth of a second.

use std::time::Duration;

use seda_core::Sample;

use crate::record::{Column, Series};

/// How long a step is.
pub(super) const STEP: Duration = Duration::from_millis(100);

/// Is what happened in all steps that count.
#[derive(Debug)]
pub(super) struct Timeline {
    steps: Vec<Step>,
}

/// Is what happened in one step.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    pub(super) offered: u64,
    pub(super) good: u64,
    pub(super) late: u64,
    pub(super) rejected: u64,
    pub(super) failed: u64,
    pub(super) attempts: u64,
    /// How long answers took, in microseconds.
    pub(super) took: Vec<u32>,
    state: Option<State>,
}

/// Is how the stage was at the end of a step.
#[derive(Clone, Copy, Debug)]
struct State {
    queue_ms: Option<f64>,
    threads: f64,
    batch: f64,
    in_flight: f64,
}

impl Timeline {
    pub(super) fn new(counted: Duration) -> Self {
        let steps = counted.as_nanos().div_ceil(STEP.as_nanos());
        Self {
            steps: vec![Step::default(); usize::try_from(steps).unwrap_or(0)],
        }
    }

    /// Gives the step of a moment after the beginning, if it counts.
    pub(super) fn at(&mut self, moment: Duration) -> Option<&mut Step> {
        let place = moment.as_nanos() / STEP.as_nanos();
        self.steps.get_mut(usize::try_from(place).ok()?)
    }

    /// Notes how the stage is at the end of a step.
    pub(super) fn see(&mut self, index: usize, before: &Sample, now: &Sample) {
        let batches = now.batches.saturating_sub(before.batches);
        let served = now.served.saturating_sub(before.served);
        let busy = now.busy.saturating_sub(before.busy).as_secs_f64();
        let each = (served > 0).then(|| busy / served as f64);
        let threads = now.threads.max(1) as f64;
        if let Some(step) = self.steps.get_mut(index) {
            step.state = Some(State {
                queue_ms: each.map(|each| 1e3 * each * now.queued as f64 / threads),
                threads: now.threads as f64,
                batch: served as f64 / batches.max(1) as f64,
                in_flight: (now.queued + now.in_hand) as f64,
            });
        }
    }

    pub(super) fn good(&self) -> Vec<u64> {
        self.steps.iter().map(|step| step.good).collect()
    }

    /// Gives the figures; `crowd` says how many clients there are, where that changes.
    pub(super) fn series(mut self, crowd: Option<impl Fn(Duration) -> u64>) -> Series {
        for step in &mut self.steps {
            step.took.sort_unstable();
        }
        let per_second = |count: u64| Some(count as f64 / STEP.as_secs_f64());
        let state =
            |of: fn(&State) -> Option<f64>| move |step: &Step| step.state.as_ref().and_then(of);
        let mut columns = vec![
            self.column("offered", "/s", |step| per_second(step.offered)),
            self.column("good", "/s", |step| per_second(step.good)),
            self.column("late", "/s", |step| per_second(step.late)),
            self.column("rejected", "/s", |step| per_second(step.rejected)),
            self.column("failed", "/s", |step| per_second(step.failed)),
            self.column("attempts", "/s", |step| per_second(step.attempts)),
            self.column("queue time", "ms", state(|state| state.queue_ms)),
            self.column("p90", "ms", |step| quantile(&step.took, 0.90)),
            self.column("p99", "ms", |step| quantile(&step.took, 0.99)),
            self.column("threads", "threads", state(|state| Some(state.threads))),
            self.column(
                "batch",
                "requests a batch",
                state(|state| Some(state.batch)),
            ),
            self.column(
                "in flight",
                "requests",
                state(|state| Some(state.in_flight)),
            ),
        ];
        if let Some(crowd) = crowd {
            let at = (0_u32..).map(|step| crowd(STEP * step) as f64);
            let clients = at.take(self.steps.len()).map(Some);
            columns.push(Column {
                name: "clients".to_owned(),
                unit: "clients".to_owned(),
                values: clients.collect(),
            });
        }
        Series {
            step_ms: STEP.as_secs_f64() * 1e3,
            columns,
        }
    }

    fn column(&self, name: &str, unit: &str, of: impl Fn(&Step) -> Option<f64>) -> Column {
        Column {
            name: name.to_owned(),
            unit: unit.to_owned(),
            values: self.steps.iter().map(of).collect(),
        }
    }
}

/// Gives a quantile of sorted microseconds, in milliseconds.
pub(super) fn quantile(sorted: &[u32], part: f64) -> Option<f64> {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    let micros = sorted.get(rank.saturating_sub(1))?;
    Some(f64::from(*micros) / 1e3)
}
