//! The graph as nodes and edges: what is downstream of what, and where it loops.

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::edge::{EdgeKind, Origin};
use crate::graph::spec::Spec;

/// Is the stages of a graph and the edges along which events flow.
#[derive(Debug)]
pub(crate) struct Topology {
    graph: DiGraph<usize, ()>,
}

impl Topology {
    pub(crate) fn of(specs: &[Spec]) -> Self {
        let mut graph = DiGraph::new();
        for index in 0..specs.len() {
            graph.add_node(index);
        }
        for (to, spec) in specs.iter().enumerate() {
            for edge in spec.control.common().edges() {
                if let (Origin::Stage(from), EdgeKind::Flow) = (edge.from, edge.kind) {
                    graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
                }
            }
        }
        Self { graph }
    }

    /// Gives the stages in groups that loop among themselves, the most
    /// downstream group first.
    pub(crate) fn groups(&self) -> Vec<Vec<usize>> {
        let groups = tarjan_scc(&self.graph);
        groups
            .into_iter()
            .map(|group| group.into_iter().map(NodeIndex::index).collect())
            .collect()
    }

    /// Gives the stages by rank, the most downstream first.
    pub(crate) fn by_rank(&self) -> Vec<usize> {
        self.groups().into_iter().flatten().collect()
    }
}
