//! What happened between two snapshots, as differences of their totals.

use std::sync::Arc;
use std::time::Duration;

use crate::edge::{EdgeKind, Overflow};
use crate::stats::snapshot::{DomainFigures, EdgeFigures, Sender, Snapshot, StageFigures};

/// Is what happened between two snapshots.
pub(super) struct Span {
    /// Seconds from one to the other.
    pub(super) time: f64,
    pub(super) stages: Vec<StageSpan>,
    pub(super) edges: Vec<EdgeSpan>,
    pub(super) domains: Vec<DomainSpan>,
}

/// Is what one stage did meanwhile.
pub(super) struct StageSpan {
    pub(super) name: Arc<str>,
    /// The place of its domain.
    pub(super) domain: usize,
    pub(super) solo: bool,
    /// Seconds inside the handler, over all workers.
    pub(super) busy: f64,
    pub(super) served: u64,
    pub(super) expired: u64,
    pub(super) batches: u64,
    pub(super) deferrals: u64,
    /// Events that wait at the end.
    pub(super) queued: u64,
    /// Who is parked for its room at the end.
    pub(super) waiters: Vec<Arc<str>>,
}

/// Is what passed along one edge meanwhile.
pub(super) struct EdgeSpan {
    /// The place of the stage that sends; none for a source or code outside.
    pub(super) from: Option<usize>,
    pub(super) to: usize,
    pub(super) accepted: u64,
    /// What found no room, or would have been late; not what an edge drops that
    /// was made to do so.
    pub(super) refused: u64,
}

/// Is what one domain had meanwhile.
pub(super) struct DomainSpan {
    pub(super) name: Arc<str>,
    /// Its workers, the mean of the beginning and the end.
    pub(super) workers: f64,
    /// Seconds on cores, and ready for one, where the machine tells.
    pub(super) cpu: Option<f64>,
}

impl Span {
    /// Gives the differences; none without time in between, or when times are
    /// not measured.
    pub(super) fn between(before: &Snapshot, after: &Snapshot) -> Option<Self> {
        let time = after.at.since(before.at).as_secs_f64();
        if time <= 0.0 || !after.measured {
            return None;
        }
        let stages = after.stages.iter();
        let stages = stages.map(|stage| {
            let domain = |domain: &DomainFigures| domain.name == stage.domain;
            let domain = after.domains.iter().position(domain)?;
            StageSpan::between(before.stage(&stage.name), stage, domain)
        });
        let edges = after.edges.iter();
        let edges = edges.filter_map(|edge| {
            let old = |old: &&EdgeFigures| (&old.from, &old.to) == (&edge.from, &edge.to);
            EdgeSpan::between(before.edges.iter().find(old), edge, after)
        });
        let domains = after.domains.iter();
        let domains = domains.map(|domain| {
            let mut all = before.domains.iter();
            DomainSpan::between(all.find(|old| old.name == domain.name), domain)
        });
        Some(Self {
            time,
            stages: stages.collect::<Option<_>>()?,
            edges: edges.collect(),
            domains: domains.collect(),
        })
    }

    /// Lists the edges from a stage to others.
    pub(super) fn from(&self, stage: usize) -> impl Iterator<Item = &EdgeSpan> {
        self.edges
            .iter()
            .filter(move |edge| edge.from == Some(stage))
    }

    /// Tells whether two stages have the same workers, so that one works only
    /// when the other does not.
    pub(super) fn share_workers(&self, a: usize, b: usize) -> bool {
        match (self.stages.get(a), self.stages.get(b)) {
            (Some(one), Some(other)) => {
                a == b || one.domain == other.domain && !self.is_alone(a) && !self.is_alone(b)
            }
            _ => false,
        }
    }

    /// Tells whether a stage is bound to one of several workers.
    pub(super) fn is_alone(&self, stage: usize) -> bool {
        self.stages.get(stage).is_some_and(|stage| {
            let domain = self.domains.get(stage.domain);
            stage.solo && domain.is_some_and(|domain| domain.workers > 1.0)
        })
    }
}

impl StageSpan {
    fn between(before: Option<&StageFigures>, after: &StageFigures, domain: usize) -> Option<Self> {
        let total = |of: fn(&StageFigures) -> u64| {
            let then = before.map_or(0, of);
            of(after).saturating_sub(then)
        };
        let busy = after.busy?;
        let before_busy = before.and_then(|stage| stage.busy).unwrap_or_default();
        Some(Self {
            name: Arc::clone(&after.name),
            domain,
            solo: after.solo,
            busy: busy.saturating_sub(before_busy).as_secs_f64(),
            served: total(|stage| stage.account.handled + stage.account.failed),
            expired: total(|stage| stage.account.expired),
            batches: total(|stage| stage.batches),
            deferrals: total(|stage| stage.deferrals),
            queued: after.account.queued,
            waiters: after.waiters.clone(),
        })
    }
}

impl EdgeSpan {
    fn between(before: Option<&EdgeFigures>, after: &EdgeFigures, all: &Snapshot) -> Option<Self> {
        if !matches!(after.kind, EdgeKind::Flow | EdgeKind::Inlet) {
            return None;
        }
        let place = |name: &str| all.stages.iter().position(|stage| &*stage.name == name);
        let from = match &after.from {
            Sender::Stage(name) => place(name),
            Sender::Outside | Sender::Source(_) => None,
        };
        let total = |of: fn(&EdgeFigures) -> u64| of(after).saturating_sub(before.map_or(0, of));
        let refused = |edge: &EdgeFigures| match edge.overflow {
            Some(Overflow::DropNewest | Overflow::DropOldest) => 0,
            _ => edge.rejected.total() - edge.rejected.closed,
        };
        Some(Self {
            from,
            to: place(&after.to)?,
            accepted: total(|edge| edge.accepted),
            refused: total(refused),
        })
    }
}

impl DomainSpan {
    fn between(before: Option<&DomainFigures>, after: &DomainFigures) -> Self {
        let threads =
            |domain: &DomainFigures| f64::from(u32::try_from(domain.threads).unwrap_or(u32::MAX));
        let now = threads(after);
        let then = before.map(threads).filter(|threads| *threads > 0.0);
        let had = |domain: &DomainFigures| {
            domain
                .cpu
                .map(|cpu| cpu + domain.starved.unwrap_or_default())
        };
        let earlier = before.map_or(Some(Duration::ZERO), had);
        let cpu = had(after).zip(earlier);
        Self {
            name: Arc::clone(&after.name),
            workers: f64::midpoint(then.unwrap_or(now), now).max(1.0),
            cpu: cpu.map(|(now, then)| now.saturating_sub(then).as_secs_f64()),
        }
    }
}
