//! How a handler gets its sinks; each one draws an edge.

use std::sync::Arc;

use crate::edge::{EdgeKind, Origin};
use crate::graph::Stage;
use crate::sink::Sink;

/// Connects a stage or source under construction to the stages it sends to.
///
/// A handler gets a sink only from here, and each sink draws its edge: the
/// picture cannot lie.
#[derive(Clone, Debug)]
pub struct Wire {
    graph: u64,
    from: Origin,
}

impl Wire {
    pub(crate) const fn new(graph: u64, from: Origin) -> Self {
        Self { graph, from }
    }

    /// Draws an edge to `stage` and gives the sink for it.
    ///
    /// [`Sink::overflow`] chooses what happens when the stage is full. A stage
    /// of another graph sees the edge as an inlet.
    pub fn to<E: Send + 'static>(&self, stage: &Stage<E>) -> Sink<E> {
        self.draw(EdgeKind::Flow, stage)
    }

    /// Draws a dashed edge for answers, which go back along an exchange.
    pub fn answers<E: Send + 'static>(&self, stage: &Stage<E>) -> Sink<E> {
        self.draw(EdgeKind::Answer, stage)
    }

    pub(crate) fn failures<E: Send + 'static>(&self, stage: &Stage<E>) -> Sink<E> {
        self.draw(EdgeKind::Failure, stage)
    }

    fn draw<E: Send + 'static>(&self, kind: EdgeKind, stage: &Stage<E>) -> Sink<E> {
        let common = &stage.core.common;
        let edge = if common.at.graph == self.graph {
            common.edge_from(kind, self.from)
        } else {
            common.edge_from(EdgeKind::Inlet, Origin::Outside)
        };
        Sink::new(Arc::clone(&stage.core), edge)
    }
}
