//! One edge of the graph: who sends to whom, what happens when it is full, how much passed.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::rejected::Reason;

/// Says what happens to an event for which the target has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overflow {
    /// The event comes back and the handler decides (the default).
    Reject,
    /// The event comes back, and the handler [`defer`](crate::Batch::defer)s
    /// what it was handling; its stage is not run until there is room.
    Defer,
    /// The event itself is dropped and counted.
    DropNewest,
    /// The event that has waited longest is dead-lettered to make room.
    DropOldest,
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reject => "reject",
            Self::Defer => "defer",
            Self::DropNewest => "drop newest",
            Self::DropOldest => "drop oldest",
        })
    }
}

/// Says what an edge is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EdgeKind {
    /// Events that a handler or a source sends on.
    Flow,
    /// Events that code outside the graph enqueues.
    Inlet,
    /// Failures and dead letters.
    Failure,
    /// Answers that go back along an exchange.
    Answer,
}

impl EdgeKind {
    /// Names the kind in a word, as it is serialized.
    ///
    /// ```
    /// assert_eq!(seda_core::EdgeKind::Answer.name(), "answer");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Inlet => "inlet",
            Self::Failure => "failure",
            Self::Answer => "answer",
        }
    }
}

/// Is where an edge begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// Code outside the graph.
    Outside,
    /// A stage, by its place in the roster.
    Stage(usize),
    /// A source, by its place among the sources.
    Source(usize),
}

const UNSET: u8 = 0;

/// Is an edge's shared state. Events that a worker pushes onto its own queue
/// are counted there; these counters are for all others.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) from: Origin,
    pub(crate) to: usize,
    pub(crate) kind: EdgeKind,
    /// Its place among the edges into `to`.
    pub(crate) index: usize,
    overflow: AtomicU8,
    accepted: AtomicU64,
    rejected: [AtomicU64; Reason::ALL.len()],
    dropped: AtomicU64,
}

impl Edge {
    pub(crate) fn new(kind: EdgeKind, from: Origin, to: usize, index: usize) -> Arc<Self> {
        Arc::new(Self {
            from,
            to,
            kind,
            index,
            overflow: AtomicU8::new(UNSET),
            accepted: AtomicU64::new(0),
            rejected: [const { AtomicU64::new(0) }; Reason::ALL.len()],
            dropped: AtomicU64::new(0),
        })
    }

    pub(crate) fn set_overflow(&self, overflow: Overflow) {
        let code = match overflow {
            Overflow::Reject => 1,
            Overflow::Defer => 2,
            Overflow::DropNewest => 3,
            Overflow::DropOldest => 4,
        };
        self.overflow.store(code, Ordering::Relaxed);
    }

    /// Gives the policy, if one was chosen.
    pub(crate) fn overflow(&self) -> Option<Overflow> {
        match self.overflow.load(Ordering::Relaxed) {
            1 => Some(Overflow::Reject),
            2 => Some(Overflow::Defer),
            3 => Some(Overflow::DropNewest),
            4 => Some(Overflow::DropOldest),
            _ => None,
        }
    }

    /// Tells whether it drops events when its target is full.
    pub(crate) fn drops(&self) -> bool {
        matches!(
            self.overflow(),
            Some(Overflow::DropNewest | Overflow::DropOldest)
        )
    }

    pub(crate) fn count_accepted(&self, n: usize) {
        self.accepted.fetch_add(n as u64, Ordering::Release);
    }

    pub(crate) fn count_rejected(&self, reason: Reason, n: usize) {
        if let Some(counter) = self.rejected.get(reason.index()) {
            counter.fetch_add(n as u64, Ordering::Release);
        }
    }

    pub(crate) fn count_dropped(&self, n: usize) {
        self.dropped.fetch_add(n as u64, Ordering::Release);
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Acquire)
    }

    pub(crate) fn rejected(&self) -> [u64; Reason::ALL.len()] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        self.rejected.each_ref().map(read)
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Acquire)
    }
}
