//! The drawing model: what every drawing of a graph shows.

use std::sync::Arc;

use serde::Serialize;

use crate::edge::{EdgeKind, Overflow};
use crate::stats::figure::Figure;

/// Is a graph as it is drawn: nodes, and edges between them.
///
/// [`Graph::picture`](crate::Graph::picture) gives one before the start,
/// [`Running::picture`](crate::Running::picture) one with live figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// The graph's name.
    pub name: Arc<str>,
    /// The outside, if anything comes from there, then sources, then stages.
    pub nodes: Vec<Node>,
    /// The edges: exactly one for each pair of sender and stage that a sink
    /// connects, by kind.
    pub edges: Vec<Edge>,
}

/// Is what sends or handles events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its name; drawings shorten a long one.
    pub name: Arc<str>,
    /// What it is.
    pub kind: NodeKind,
    /// The domain that a running stage is in.
    pub domain: Option<Arc<str>>,
    /// The bound of a stage's queue, in events.
    pub capacity: Option<usize>,
    /// Whether one single handler sees all events.
    pub solo: bool,
    /// Whether its handler may block, in a pool of its own.
    pub blocking: bool,
    /// The figures of a running stage.
    pub live: Option<NodeLive>,
    /// What a running source publishes; drawings show what there is now.
    pub figures: Vec<Figure>,
}

/// Says what a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// Code outside the graph, which enqueues through inlets.
    Outside,
    /// A source.
    Source,
    /// A stage.
    Stage,
}

/// Is what a drawing tells of a running stage. Counts are from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeLive {
    /// Events that wait.
    pub queued: u64,
    /// The most events that may wait just now.
    pub limit: usize,
    /// Events taken by a worker and not finished.
    pub in_hand: u64,
    /// Events handled without a failure.
    pub handled: u64,
    /// Events given back.
    pub rejected: u64,
    /// Events that a handler lost.
    pub failed: u64,
    /// Events that expired in the queue.
    pub expired: u64,
    /// Events that were buried.
    pub dead_lettered: u64,
    /// Workers that may run the stage.
    pub workers: usize,
    /// Workers inside its handler.
    pub workers_busy: usize,
    /// Whether it takes no more events since its handler failed too often.
    pub quarantined: bool,
}

impl NodeLive {
    /// Gives the accepted events that were not handled: failed, expired and
    /// dead-lettered ones.
    ///
    /// ```
    /// use seda_core::draw::NodeLive;
    ///
    /// let live = NodeLive { failed: 2, expired: 1, ..NodeLive::default() };
    /// assert_eq!(live.lost(), 3);
    /// ```
    pub const fn lost(&self) -> u64 {
        self.failed + self.expired + self.dead_lettered
    }
}

/// Is one edge between two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Who sends: a place in [`Picture::nodes`].
    pub from: usize,
    /// Who accepts: a place in [`Picture::nodes`].
    pub to: usize,
    /// What it carries; failures and answers are drawn dashed.
    pub kind: EdgeKind,
    /// What was chosen to happen when the stage is full.
    pub overflow: Option<Overflow>,
    /// The figures of a running edge.
    pub live: Option<EdgeLive>,
}

impl Edge {
    /// Tells whether the edge is drawn dashed.
    ///
    /// ```
    /// # use seda_core::Graph;
    /// let mut graph = Graph::new("greetings");
    /// let greet = graph.stage("greet").each(|_: String| Ok(()));
    /// let _inlet = graph.inlet(&greet);
    /// assert!(!graph.picture().edges[0].is_dashed());
    /// ```
    pub const fn is_dashed(&self) -> bool {
        matches!(self.kind, EdgeKind::Failure | EdgeKind::Answer)
    }
}

/// Is what passed along an edge since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EdgeLive {
    /// Events that entered the queue.
    pub accepted: u64,
    /// Events given back, for any reason.
    pub rejected: u64,
    /// Of these, events that nobody got back.
    pub dropped: u64,
}
