//! The order of nodes within a column, so that few edges cross (barycentre method).
//!
//! An edge that passes a column without stopping there has a place in it too.

use crate::draw::picture::Picture;
use crate::draw::ranks::{Band, Ranks, Way};

/// How often the order is improved from left to right and back.
const SWEEPS: usize = 8;

/// Is a place in a column: a node, or an edge that passes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) column: usize,
    pub(crate) node: Option<usize>,
}

/// Is one band as columns of items, each from top to bottom.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) items: Vec<Item>,
    pub(crate) columns: Vec<Vec<usize>>,
    /// The items that are joined, the left one first.
    pub(crate) links: Vec<(usize, usize)>,
    /// The items along each edge that is drawn forward in this band, by edge.
    pub(crate) chains: Vec<(usize, Vec<usize>)>,
}

impl Order {
    pub(crate) fn of(picture: &Picture, ranks: &Ranks, band: Band) -> Self {
        let mut columns = Self {
            items: Vec::new(),
            columns: vec![Vec::new(); ranks.width()],
            links: Vec::new(),
            chains: Vec::new(),
        };
        let nodes = 0..picture.nodes.len();
        for node in nodes.filter(|node| ranks.band(*node) == band) {
            columns.add(ranks.column(node), Some(node));
        }
        let edges = picture.edges.iter().zip(&ranks.ways).enumerate();
        for (edge, (ends, way)) in edges {
            if *way == Way::Forward && ranks.band(ends.from) == band {
                columns.join(edge, ends.from, ends.to);
            }
        }
        columns.sort();
        columns
    }

    fn add(&mut self, column: usize, node: Option<usize>) -> usize {
        let item = self.items.len();
        self.items.push(Item { column, node });
        if let Some(column) = self.columns.get_mut(column) {
            column.push(item);
        }
        item
    }

    /// Gives an edge its places in the columns between its ends.
    fn join(&mut self, edge: usize, from: usize, to: usize) {
        let at = |items: &[Item], node| items.iter().position(|item| item.node == Some(node));
        let (Some(from), Some(to)) = (at(&self.items, from), at(&self.items, to)) else {
            return;
        };
        let mut chain = vec![from];
        for column in self.column_of(from) + 1..self.column_of(to) {
            chain.push(self.add(column, None));
        }
        chain.push(to);
        let links = chain.iter().copied().zip(chain.iter().copied().skip(1));
        self.links.extend(links);
        self.chains.push((edge, chain));
    }

    fn column_of(&self, item: usize) -> usize {
        self.items.get(item).map_or(0, |item| item.column)
    }

    /// Sorts columns by their neighbours again and again; keeps the best.
    fn sort(&mut self) {
        let mut best = (self.crossings(), self.columns.clone());
        for sweep in 0..SWEEPS {
            let rightwards = sweep % 2 == 0;
            let count = self.columns.len();
            for step in 1..count {
                let column = if rightwards { step } else { count - 1 - step };
                self.sort_column(column, if rightwards { Side::Left } else { Side::Right });
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.columns.clone());
            }
        }
        self.columns = best.1;
    }

    fn sort_column(&mut self, column: usize, by: Side) {
        let places = self.places();
        let Some(items) = self.columns.get(column) else {
            return;
        };
        let mut weighed: Vec<(f64, usize)> = items
            .iter()
            .enumerate()
            .map(|(place, item)| {
                (
                    self.centre(*item, by, &places).unwrap_or(as_f64(place)),
                    *item,
                )
            })
            .collect();
        weighed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        if let Some(items) = self.columns.get_mut(column) {
            *items = weighed.into_iter().map(|(_, item)| item).collect();
        }
    }

    /// Gives the mean place of an item's neighbours on one side.
    fn centre(&self, item: usize, side: Side, places: &[usize]) -> Option<f64> {
        let neighbours = self.links.iter().filter_map(|(left, right)| match side {
            Side::Left => (*right == item).then_some(*left),
            Side::Right => (*left == item).then_some(*right),
        });
        let found: Vec<f64> = neighbours
            .filter_map(|neighbour| places.get(neighbour).copied().map(as_f64))
            .collect();
        (!found.is_empty()).then(|| found.iter().sum::<f64>() / as_f64(found.len()))
    }

    /// Gives the place of each item in its column.
    fn places(&self) -> Vec<usize> {
        let mut places = vec![0; self.items.len()];
        for column in &self.columns {
            for (place, item) in column.iter().enumerate() {
                if let Some(slot) = places.get_mut(*item) {
                    *slot = place;
                }
            }
        }
        places
    }

    fn crossings(&self) -> usize {
        let places = self.places();
        let at = |item: usize| places.get(item).copied().unwrap_or(0);
        let crosses = |a: &(usize, usize), b: &(usize, usize)| {
            self.column_of(a.0) == self.column_of(b.0) && at(a.0) < at(b.0) && at(a.1) > at(b.1)
        };
        let of_link = |a| self.links.iter().filter(|b| crosses(a, b)).count();
        self.links.iter().map(of_link).sum()
    }
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a graph has at most some hundred nodes"
)]
const fn as_f64(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::{Item, Order};

    #[test]
    fn crossed_pairs_are_uncrossed() {
        let item = |column| Item { column, node: None };
        let mut columns = Order {
            items: vec![item(0), item(0), item(1), item(1)],
            columns: vec![vec![0, 1], vec![2, 3]],
            links: vec![(0, 3), (1, 2)],
            chains: Vec::new(),
        };
        assert_eq!(columns.crossings(), 1);
        columns.sort();
        assert_eq!(columns.crossings(), 0);
    }
}
