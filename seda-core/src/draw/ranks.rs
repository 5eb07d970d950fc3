//! Which column and band a node is drawn in, and which edges run back.
//!
//! Events flow from left to right: a node stands one column right of the
//! furthest node that leads to it. Edges that close a loop do not count, nor do
//! failures and answers. Stages that only failures reach stand in a band below.

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::draw::picture::{Edge, Picture};
use crate::edge::EdgeKind;

/// Is a part of the sheet; the side band lies below the main one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Band {
    Main,
    Side,
}

/// Says how an edge is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// As a curve to the right.
    Forward,
    /// Along a rail above or below the nodes.
    Rail,
}

/// Is where every node stands and how every edge is drawn.
#[derive(Debug)]
pub(crate) struct Ranks {
    pub(crate) columns: Vec<usize>,
    pub(crate) bands: Vec<Band>,
    pub(crate) ways: Vec<Way>,
}

impl Ranks {
    pub(crate) fn of(picture: &Picture) -> Self {
        let bands = bands(picture);
        let ways = ways(picture, &bands);
        let mut ranks = Self {
            columns: vec![0; picture.nodes.len()],
            bands,
            ways,
        };
        ranks.spread(picture);
        ranks.pull_senders(picture);
        ranks.shift_side();
        ranks
    }

    /// Gives how many columns there are.
    pub(crate) fn width(&self) -> usize {
        self.columns.iter().max().map_or(0, |last| last + 1)
    }

    pub(crate) fn column(&self, node: usize) -> usize {
        self.columns.get(node).copied().unwrap_or(0)
    }

    pub(crate) fn band(&self, node: usize) -> Band {
        self.bands.get(node).copied().unwrap_or(Band::Main)
    }

    /// Gives the ends of all edges that lead forward.
    pub(crate) fn forward(&self, picture: &Picture) -> Vec<(usize, usize)> {
        let edges = picture.edges.iter().zip(&self.ways);
        let forward = edges.filter(|(_, way)| **way == Way::Forward);
        forward.map(|(edge, _)| (edge.from, edge.to)).collect()
    }

    /// Moves every node to the right of all that lead to it: the longest path.
    fn spread(&mut self, picture: &Picture) {
        let forward = self.forward(picture);
        // The longest path has fewer edges than there are nodes.
        for _ in 0..picture.nodes.len() {
            let mut moved = false;
            for (from, to) in &forward {
                let least = self.column(*from) + 1;
                if let Some(column) = self.columns.get_mut(*to)
                    && *column < least
                {
                    *column = least;
                    moved = true;
                }
            }
            if !moved {
                break;
            }
        }
    }

    /// Moves what nothing leads to close to where it sends.
    fn pull_senders(&mut self, picture: &Picture) {
        let forward = self.forward(picture);
        for node in 0..picture.nodes.len() {
            let fed = forward.iter().any(|(_, to)| *to == node);
            let sends = forward.iter().filter(|(from, _)| *from == node);
            let nearest = sends.map(|(_, to)| self.column(*to)).min();
            if let (false, Some(nearest), Some(column)) = (fed, nearest, self.columns.get_mut(node))
            {
                *column = nearest.saturating_sub(1);
            }
        }
    }

    /// Lets the side band end where the main one does.
    fn shift_side(&mut self) {
        let last = |band| {
            let columns = self.columns.iter().zip(&self.bands);
            let of_band = columns.filter(|(_, of)| **of == band);
            of_band.map(|(column, _)| *column).max().unwrap_or(0)
        };
        let shift = last(Band::Main).saturating_sub(last(Band::Side));
        for (column, band) in self.columns.iter_mut().zip(&self.bands) {
            if *band == Band::Side {
                *column += shift;
            }
        }
    }
}

/// Tells whether an edge carries what the graph is for.
const fn is_main(kind: EdgeKind) -> bool {
    matches!(kind, EdgeKind::Flow | EdgeKind::Inlet)
}

/// Finds the stages that only failures reach, and what only they lead to.
fn bands(picture: &Picture) -> Vec<Band> {
    let nodes = picture.nodes.len();
    let fed = |node: usize, kinds: fn(EdgeKind) -> bool| {
        let mut edges = picture.edges.iter();
        edges.any(|edge| edge.to == node && edge.from != node && kinds(edge.kind))
    };
    let fails = |kind| kind == EdgeKind::Failure;
    let begins = (0..nodes).map(|node| !fed(node, is_main) && !fed(node, fails));
    let main = reached(picture, begins.collect());
    let failed = (0..nodes).map(|node| fed(node, fails) && !main.get(node).is_some_and(|m| *m));
    let side = reached(picture, failed.collect());
    let band = |(main, side): (bool, bool)| {
        if side && !main {
            Band::Side
        } else {
            Band::Main
        }
    };
    main.into_iter().zip(side).map(band).collect()
}

/// Follows the main edges from the nodes that are marked.
fn reached(picture: &Picture, mut marked: Vec<bool>) -> Vec<bool> {
    for _ in 0..picture.nodes.len() {
        let before = marked.iter().filter(|mark| **mark).count();
        for edge in picture.edges.iter().filter(|edge| is_main(edge.kind)) {
            let from = marked.get(edge.from).copied().unwrap_or(false);
            if let Some(to) = marked.get_mut(edge.to) {
                *to |= from;
            }
        }
        if marked.iter().filter(|mark| **mark).count() == before {
            break;
        }
    }
    marked
}

/// Decides for each edge whether it leads forward.
fn ways(picture: &Picture, bands: &[Band]) -> Vec<Way> {
    let order = discovery(picture);
    let rank = |node: usize| order.get(node).copied().unwrap_or(0);
    let way = |edge: &Edge| {
        let same_band = bands.get(edge.from) == bands.get(edge.to);
        if is_main(edge.kind) && same_band && rank(edge.from) < rank(edge.to) {
            Way::Forward
        } else {
            Way::Rail
        }
    };
    picture.edges.iter().map(way).collect()
}

/// Numbers the nodes so that only edges of loops lead from a later one to an
/// earlier one. Next is always a node for which all that lead to it are done;
/// or, in a loop, one to which events have come already, so that the loop is
/// entered where events enter it.
fn discovery(picture: &Picture) -> Vec<usize> {
    let nodes = picture.nodes.len();
    let loops = loops(picture);
    let loop_of = |node: usize| loops.iter().position(|group| group.contains(&node));
    let mut numbers: Vec<Option<usize>> = vec![None; nodes];
    let is_done =
        |numbers: &[Option<usize>], node: usize| numbers.get(node).is_some_and(Option::is_some);
    for number in 0..nodes {
        let left = (0..nodes).filter(|node| !is_done(&numbers, *node));
        let next = left.min_by_key(|node| {
            let edges = picture.edges.iter();
            let into =
                edges.filter(|edge| edge.to == *node && edge.from != *node && is_main(edge.kind));
            let (done, open): (Vec<&Edge>, Vec<&Edge>) =
                into.partition(|edge| is_done(&numbers, edge.from));
            // Among nodes that wait, those that events have come to already.
            let waits = open.iter().any(|edge| loop_of(edge.from) != loop_of(*node));
            (
                waits,
                !open.is_empty() && done.is_empty(),
                open.len(),
                *node,
            )
        });
        if let Some(place) = next.and_then(|next| numbers.get_mut(next)) {
            *place = Some(number);
        }
    }
    numbers.into_iter().map(Option::unwrap_or_default).collect()
}

/// Gives the nodes in groups that loop among themselves.
fn loops(picture: &Picture) -> Vec<Vec<usize>> {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let nodes: Vec<_> = picture.nodes.iter().map(|_| graph.add_node(())).collect();
    for edge in picture.edges.iter().filter(|edge| is_main(edge.kind)) {
        if let (Some(from), Some(to)) = (nodes.get(edge.from), nodes.get(edge.to)) {
            graph.add_edge(*from, *to, ());
        }
    }
    let groups = tarjan_scc(&graph).into_iter();
    groups
        .map(|group| group.into_iter().map(NodeIndex::index).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Band, Ranks, Way};
    use crate::draw::picture::Picture;
    use crate::edge::Overflow;
    use crate::graph::Graph;

    /// Gives the columns of all nodes but the outside, by name.
    fn columns(picture: &Picture) -> Vec<(String, usize)> {
        let ranks = Ranks::of(picture);
        let nodes = picture.nodes.iter().zip(ranks.columns);
        nodes
            .map(|(node, column)| (node.name.to_string(), column))
            .collect()
    }

    fn column(picture: &Picture, name: &str) -> usize {
        let columns = columns(picture);
        columns.iter().find(|(of, _)| of == name).unwrap().1
    }

    #[test]
    fn a_loop_is_entered_where_events_enter_it() {
        let mut graph = Graph::new("loop");
        let check = graph.declare::<u64>("check", 8);
        let repair = graph.stage("repair").each_with(|wire| {
            let check = wire.to(&check).overflow(Overflow::Reject);
            move |n: u64| Ok(check.enqueue(n)?)
        });
        graph.define(&check).each_with(|wire| {
            let repair = wire.to(&repair).overflow(Overflow::Reject);
            move |n: u64| Ok(repair.enqueue(n)?)
        });
        let _inlet = graph.inlet(&check);
        let picture = graph.picture();
        let of = |name| column(&picture, name);
        assert_eq!([of("inlet"), of("check"), of("repair")], [0, 1, 2]);
        let rails = Ranks::of(&picture)
            .ways
            .iter()
            .filter(|way| **way == Way::Rail)
            .count();
        assert_eq!(rails, 1);
    }

    #[test]
    fn what_a_loop_leads_to_is_not_drawn_back() {
        let mut graph = Graph::new("loop");
        let store = graph.stage("store").each(|_: u64| Ok(()));
        let check = graph.declare::<u64>("check", 8);
        graph.define(&check).each_with(|wire| {
            let (again, store) = (wire.to(&check).overflow(Overflow::Reject), wire.to(&store));
            move |n: u64| {
                match n {
                    0..10 => again.enqueue(n + 1)?,
                    _ => store.enqueue(n)?,
                }
                Ok(())
            }
        });
        let (_check, _store) = (graph.inlet(&check), graph.inlet(&store));
        let picture = graph.picture();
        assert_eq!(
            (column(&picture, "check"), column(&picture, "store")),
            (1, 2)
        );
        let edges = picture.edges.iter().zip(Ranks::of(&picture).ways);
        let back: Vec<_> = edges
            .filter(|(_, way)| *way == Way::Rail)
            .map(|(edge, _)| edge)
            .collect();
        assert!(back.len() == 1 && back[0].from == back[0].to, "{back:?}");
    }

    #[test]
    fn what_only_failures_reach_stands_below_at_the_end() {
        let mut graph = Graph::new("failures");
        let notify = graph.stage("notify").each(|_: String| Ok(()));
        let failures = graph.stage("failures").each_with(|wire| {
            let notify = wire.to(&notify);
            move |failure: crate::failure::Failure| Ok(notify.enqueue(failure.to_string())?)
        });
        graph.failures_to(&failures);
        let last = graph.stage("last").each(|_: u64| Ok(()));
        let middle = graph.stage("middle").each_with(|wire| {
            let last = wire.to(&last);
            move |n: u64| Ok(last.enqueue(n)?)
        });
        let _inlet = graph.inlet(&middle);
        let picture = graph.picture();
        let ranks = Ranks::of(&picture);
        let below = picture
            .nodes
            .iter()
            .zip(&ranks.bands)
            .filter(|(_, band)| **band == Band::Side);
        let below: Vec<_> = below.map(|(node, _)| node.name.to_string()).collect();
        assert_eq!(below, ["notify", "failures"]);
        assert_eq!(
            (column(&picture, "failures"), column(&picture, "notify")),
            (1, 2)
        );
    }
}
