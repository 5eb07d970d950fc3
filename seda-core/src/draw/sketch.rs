//! Makes pictures: of a graph before its start, and of a snapshot.

use std::sync::Arc;

use crate::draw::picture::{Edge, EdgeLive, Node, NodeKind, NodeLive, Picture};
use crate::edge::{EdgeKind, Origin};
use crate::graph::Graph;
use crate::graph::spec::Spec;
use crate::plan::DomainKind;
use crate::running::Running;
use crate::stats::snapshot::{EdgeFigures, Sender, Snapshot, StageFigures};

/// What code outside the graph is called in a drawing.
const OUTSIDE: &str = "inlet";

impl Graph {
    /// Gives the graph as it stands, to be drawn.
    ///
    /// ```
    /// use seda_core::Graph;
    ///
    /// let mut graph = Graph::new("numbers");
    /// let print = graph.stage("print").each(|_: u64| Ok(()));
    /// graph.stage("square").each_with(|wire| {
    ///     let print = wire.to(&print);
    ///     move |n: u64| Ok(print.enqueue(n * n)?)
    /// });
    /// assert!(graph.picture().to_mermaid().contains("n1 --> n0"));
    /// ```
    pub fn picture(&self) -> Picture {
        let mut sketch = Sketch::new(&self.name);
        for source in &self.sources {
            sketch.add(NodeKind::Source, source.name.as_str().into());
        }
        for spec in &self.specs {
            let node = sketch.add(NodeKind::Stage, spec.name.as_str().into());
            node.capacity = Some(spec.control.common().room.capacity());
            node.solo = spec.solo;
            node.blocking = spec.blocking.is_some();
        }
        for (to, spec) in self.specs.iter().enumerate() {
            for edge in spec.control.common().edges() {
                sketch.connect(edge.from, edge.to, (edge.kind, edge.overflow()));
            }
            self.draw_failures(to, &mut sketch);
        }
        sketch.finish()
    }

    /// Draws the edges for failures, which the start draws in earnest.
    fn draw_failures(&self, to: usize, sketch: &mut Sketch) {
        let at = self.failures.as_ref().map(|stage| stage.core.common.at);
        if !at.is_some_and(|at| at.graph == self.id && at.stage == to) {
            return;
        }
        let drawn: Vec<Origin> = self.specs.get(to).map(failing).unwrap_or_default();
        for from in (0..self.specs.len()).filter(|from| *from != to) {
            let from = Origin::Stage(from);
            if !drawn.contains(&from) {
                sketch.connect(from, to, (EdgeKind::Failure, None));
            }
        }
    }
}

fn failing(spec: &Spec) -> Vec<Origin> {
    let edges = spec.control.common().edges().into_iter();
    let failures = edges.filter(|edge| edge.kind == EdgeKind::Failure);
    failures.map(|edge| edge.from).collect()
}

impl Running {
    /// Gives the graph as it runs, with live figures, to be drawn.
    ///
    /// ```
    /// use seda_core::{Graph, Plan};
    /// use std::time::Duration;
    ///
    /// let mut graph = Graph::new("greetings");
    /// let greet = graph.stage("greet").each(|_: String| Ok(()));
    /// let running = graph.start(Plan::default())?;
    /// running.inlet(&greet).enqueue("world".to_owned())?;
    /// running.drain(Duration::from_secs(5))?;
    /// let svg = running.picture().to_svg();
    /// assert!(svg.contains("1 handled"));
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub fn picture(&self) -> Picture {
        self.snapshot().picture()
    }
}

impl Snapshot {
    /// Gives the graph as it was, with its figures, to be drawn.
    ///
    /// ```
    /// # use seda_core::{Graph, Plan};
    /// let mut graph = Graph::new("greetings");
    /// graph.stage("greet").queue(8).each(|_: String| Ok(()));
    /// let snapshot = graph.start(Plan::default())?.snapshot();
    /// let picture = snapshot.picture();
    /// assert_eq!(picture.nodes[0].live.map(|live| live.limit), Some(8));
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub fn picture(&self) -> Picture {
        let mut sketch = Sketch::new(&self.graph);
        for source in &self.sources {
            let node = sketch.add(NodeKind::Source, Arc::clone(&source.name));
            node.figures.clone_from(&source.figures);
        }
        for stage in &self.stages {
            let node = sketch.add(NodeKind::Stage, Arc::clone(&stage.name));
            node.domain = Some(Arc::clone(&stage.domain));
            node.capacity = Some(stage.capacity);
            node.solo = stage.solo;
            node.blocking = matches!(stage.kind, DomainKind::Blocking { .. });
            node.live = Some(node_live(stage));
        }
        for edge in &self.edges {
            let to = self.stages.iter().position(|stage| stage.name == edge.to);
            if let (Some(from), Some(to)) = (self.origin(&edge.from), to) {
                let drawn = sketch.connect(from, to, (edge.kind, edge.overflow));
                drawn.live = Some(edge_live(edge));
            }
        }
        sketch.finish()
    }

    fn origin(&self, sender: &Sender) -> Option<Origin> {
        Some(match sender {
            Sender::Outside => Origin::Outside,
            Sender::Stage(name) => {
                Origin::Stage(self.stages.iter().position(|stage| stage.name == *name)?)
            }
            Sender::Source(name) => Origin::Source(
                self.sources
                    .iter()
                    .position(|source| source.name == *name)?,
            ),
        })
    }
}

fn node_live(stage: &StageFigures) -> NodeLive {
    let account = &stage.account;
    NodeLive {
        queued: account.queued,
        limit: stage.limit,
        in_hand: account.in_hand,
        handled: account.handled,
        rejected: account.rejected.total(),
        failed: account.failed,
        expired: account.expired,
        dead_lettered: account.dead_lettered,
        workers: stage.workers,
        workers_busy: stage.workers_busy,
        quarantined: stage.quarantined,
    }
}

fn edge_live(edge: &EdgeFigures) -> EdgeLive {
    EdgeLive {
        accepted: edge.accepted,
        rejected: edge.rejected.total(),
        dropped: edge.dropped,
    }
}

/// Is a picture in the making: sources first, then stages.
struct Sketch {
    picture: Picture,
    sources: usize,
}

/// Stands for the outside until it is known whether anything comes from there.
const UNPLACED: usize = usize::MAX;

impl Sketch {
    fn new(name: &Arc<str>) -> Self {
        Self {
            picture: Picture {
                name: Arc::clone(name),
                nodes: Vec::new(),
                edges: Vec::new(),
            },
            sources: 0,
        }
    }

    fn add(&mut self, kind: NodeKind, name: Arc<str>) -> &mut Node {
        self.sources += usize::from(kind == NodeKind::Source);
        self.picture.nodes.push_mut(node(kind, name))
    }

    fn connect(
        &mut self,
        from: Origin,
        to: usize,
        (kind, overflow): (EdgeKind, Option<crate::edge::Overflow>),
    ) -> &mut Edge {
        let from = match from {
            Origin::Outside => UNPLACED,
            Origin::Source(source) => source,
            Origin::Stage(stage) => self.sources + stage,
        };
        self.picture.edges.push_mut(Edge {
            from,
            to: self.sources + to,
            kind,
            overflow,
            live: None,
        })
    }

    /// Puts the outside in front, if anything comes from there.
    fn finish(mut self) -> Picture {
        let picture = &mut self.picture;
        if picture.edges.iter().any(|edge| edge.from == UNPLACED) {
            picture
                .nodes
                .insert(0, node(NodeKind::Outside, OUTSIDE.into()));
            for edge in &mut picture.edges {
                edge.from = if edge.from == UNPLACED {
                    0
                } else {
                    edge.from + 1
                };
                edge.to += 1;
            }
        }
        self.picture
    }
}

fn node(kind: NodeKind, name: Arc<str>) -> Node {
    Node {
        name,
        kind,
        domain: None,
        capacity: None,
        solo: false,
        blocking: false,
        live: None,
        figures: Vec::new(),
    }
}
