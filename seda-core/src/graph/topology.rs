//! The graph as nodes and edges: what is downstream of what, and where it loops.

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::edge::{EdgeKind, Origin};
use crate::stage::core::StageControl;

/// Is the stages of a graph and the edges along which events flow.
#[derive(Debug)]
pub(crate) struct Topology {
    graph: DiGraph<usize, ()>,
}

impl Topology {
    pub(crate) fn of<'s>(stages: impl Iterator<Item = &'s dyn StageControl>) -> Self {
        let stages: Vec<_> = stages.collect();
        let mut graph = DiGraph::new();
        for index in 0..stages.len() {
            graph.add_node(index);
        }
        for (to, stage) in stages.iter().enumerate() {
            for edge in stage.common().edges() {
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

    /// Gives each stage's rank: 0 for the most downstream.
    pub(crate) fn ranks(&self) -> Vec<usize> {
        let mut ranks = vec![0; self.graph.node_count()];
        for (rank, stage) in self.groups().into_iter().flatten().enumerate() {
            if let Some(place) = ranks.get_mut(stage) {
                *place = rank;
            }
        }
        ranks
    }
}
