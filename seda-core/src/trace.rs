//! The way of chosen events through the graph, hop by hop.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use tracing::span::EnteredSpan;

use crate::clock::Tick;
use crate::meta::{Meta, TraceId};

/// How many traces a graph remembers; the oldest goes first.
const TRACES_MAX: usize = 256;
/// How many hops of one trace are remembered.
const HOPS_MAX: usize = 256;

/// Is one stage on a traced event's way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// The stage that handled the event.
    pub stage: Arc<str>,
    /// When it was taken from the queue.
    pub at: Tick,
    /// How long it had waited there.
    pub wait: Duration,
}

/// Keeps the ways of the last traced events.
#[derive(Debug, Default)]
pub(crate) struct Traces(Mutex<Ways>);

#[derive(Debug, Default)]
struct Ways {
    hops: BTreeMap<u64, Vec<Hop>>,
    order: VecDeque<u64>,
}

impl Traces {
    fn record(&self, id: TraceId, hop: Hop) {
        let mut ways = self.0.lock();
        let id = id.get();
        if !ways.hops.contains_key(&id) {
            ways.order.push_back(id);
            if ways.order.len() > TRACES_MAX
                && let Some(oldest) = ways.order.pop_front()
            {
                ways.hops.remove(&oldest);
            }
        }
        let hops = ways.hops.entry(id).or_default();
        if hops.len() < HOPS_MAX {
            hops.push(hop);
        }
    }

    pub(crate) fn of(&self, id: TraceId) -> Vec<Hop> {
        self.0
            .lock()
            .hops
            .get(&id.get())
            .cloned()
            .unwrap_or_default()
    }
}

/// Records the hops of traced events of one stage on one worker.
#[derive(Debug)]
pub(crate) struct Tracer {
    stage: Arc<str>,
    traces: Arc<Traces>,
    /// The span of the traced event in hand; it ends with the event.
    span: Option<EnteredSpan>,
}

impl Tracer {
    pub(crate) const fn new(stage: Arc<str>, traces: Arc<Traces>) -> Self {
        Self {
            stage,
            traces,
            span: None,
        }
    }

    /// Ends the span of the event before, and begins that of a traced one.
    pub(crate) fn next(&mut self, meta: &Meta, enqueued: Tick, now: Tick) {
        self.span = None;
        let Some(id) = meta.trace() else { return };
        let wait = now.since(enqueued);
        self.traces.record(
            id,
            Hop {
                stage: Arc::clone(&self.stage),
                at: now,
                wait,
            },
        );
        let span = tracing::info_span!(
            target: "seda",
            "hop",
            trace = id.get(),
            stage = &*self.stage,
            wait_ns = crate::clock::nanos(wait),
        );
        self.span = Some(span.entered());
    }

    pub(crate) fn end(&mut self) {
        self.span = None;
    }
}
