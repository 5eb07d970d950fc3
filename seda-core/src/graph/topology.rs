//! The graph as nodes and edges: what is downstream of what, and where it loops.

use std::collections::BTreeSet;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::Dfs;

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

    /// Gives the stages that events of `entry` can reach, the most downstream
    /// first and `entry` last, and the edges down between them, by their places.
    pub(crate) fn way_from(&self, entry: usize) -> (Vec<usize>, Vec<(usize, usize)>) {
        let mut reached = BTreeSet::new();
        let mut search = Dfs::new(&self.graph, NodeIndex::new(entry));
        while let Some(node) = search.next(&self.graph) {
            reached.insert(node.index());
        }
        reached.remove(&entry);
        let ranks = self.by_rank().into_iter();
        let mut stages: Vec<usize> = ranks.filter(|stage| reached.contains(stage)).collect();
        stages.push(entry);
        let place = |stage: usize| stages.iter().position(|known| *known == stage);
        let edges = self.graph.edge_indices().filter_map(|edge| {
            let (from, to) = self.graph.edge_endpoints(edge)?;
            let (from, to) = (place(from.index())?, place(to.index())?);
            // What leads back up closes a loop, and is not counted again.
            (to < from).then_some((from, to))
        });
        let edges = edges.collect();
        (stages, edges)
    }

    /// Gives the stages by rank, the most downstream first.
    pub(crate) fn by_rank(&self) -> Vec<usize> {
        self.groups().into_iter().flatten().collect()
    }
}
