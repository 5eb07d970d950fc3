//! Where everything stands on the sheet, in pixels of the drawing.

use crate::draw::label::{lines, marks, shortened};
use crate::draw::order::Order;
use crate::draw::picture::{Node, NodeKind, Picture};
use crate::draw::rails::{Network, Track};
use crate::draw::ranks::{Band, Ranks};

/// The space around the drawing.
const MARGIN: f64 = 20.0;
/// The line above everything, for the graph's name.
const TITLE: f64 = 26.0;
/// The line below everything, for the legend.
const LEGEND: f64 = 26.0;
/// The space between two nodes of a column.
const SPACE: f64 = 26.0;
/// The space that an edge needs as it passes a column.
const PASSING: f64 = 20.0;
/// The space between columns where edges bend, without and with figures.
const BEND: [f64; 2] = [58.0, 112.0];
/// The space between two lanes.
const LANE: f64 = 11.0;
/// The space between the last lane and the node that it leads to.
const ENTRY: f64 = 16.0;
/// The space between two rails, and between a band and its first rail.
const LEVEL: f64 = 15.0;
const FIRST_LEVEL: f64 = 18.0;
/// How wide a letter of a name is, how wide one of a smaller text, at most.
const NAME_LETTER: f64 = 8.0;
const SMALL_LETTER: f64 = 6.2;
/// The space left and right of a text in a node, together.
const PADDING: f64 = 28.0;
/// How often heights are evened out.
const SWEEPS: usize = 12;

/// Is a rectangle, from its upper left corner.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Area {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Area {
    pub(crate) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(crate) fn middle(&self) -> f64 {
        self.y + self.height / 2.0
    }
}

/// Is a sheet on which every node has its area.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// By node.
    pub(crate) areas: Vec<Area>,
    /// Left and right edge of each column.
    pub(crate) columns: Vec<(f64, f64)>,
    /// The items of both bands, and the heights of their middles.
    pub(crate) bands: Vec<(Order, Vec<f64>)>,
    pub(crate) ranks: Ranks,
    pub(crate) rails: Network,
    main: (f64, f64),
}

impl Sheet {
    pub(crate) fn of(picture: &Picture) -> Self {
        let ranks = Ranks::of(picture);
        let rails = Network::of(picture, &ranks);
        let sizes: Vec<_> = picture.nodes.iter().map(size).collect();
        let columns = columns(&sizes, &ranks, &rails, bend(picture));
        let right = columns.last().map_or(MARGIN, |(_, right)| *right);
        let lanes = as_f64(rails.exits.last().copied().unwrap_or(0));
        let mut sheet = Self {
            width: right + lanes * LANE + MARGIN,
            height: 0.0,
            areas: vec![Area::default(); sizes.len()],
            columns,
            bands: Vec::new(),
            ranks,
            rails,
            main: (0.0, 0.0),
        };
        sheet.place_bands(picture, &sizes);
        sheet.place_nodes(picture, &sizes);
        sheet
    }

    /// Gives the height of a rail.
    pub(crate) fn rail(&self, track: Track, level: usize) -> f64 {
        let (top, bottom) = self.main;
        let away = FIRST_LEVEL + as_f64(level) * LEVEL;
        match track {
            Track::Above => top - away,
            Track::Below => bottom + away,
        }
    }

    /// Gives where a lane runs that leaves a column to the right.
    pub(crate) fn exit_lane(&self, column: usize, lane: usize) -> f64 {
        let right = self.columns.get(column).map_or(0.0, |(_, right)| *right);
        right + (as_f64(lane) + 1.0) * LANE
    }

    /// Gives where a lane runs that enters a column from the left.
    pub(crate) fn entry_lane(&self, column: usize, lane: usize) -> f64 {
        let left = self.columns.get(column).map_or(0.0, |(left, _)| *left);
        left - ENTRY - as_f64(lane) * LANE
    }

    /// Gives where edges begin to bend right of a column, past its lanes.
    pub(crate) fn bend_from(&self, column: usize) -> f64 {
        let lanes = self.rails.exits.get(column).copied().unwrap_or(0);
        self.exit_lane(column, lanes) - LANE
    }

    /// Gives where edges end to bend left of a column, before its lanes.
    pub(crate) fn bend_to(&self, column: usize) -> f64 {
        let lanes = self.rails.entries.get(column).copied().unwrap_or(0);
        self.entry_lane(column, lanes) + LANE.min(as_f64(lanes) * LANE)
    }

    pub(crate) fn area(&self, node: usize) -> Area {
        self.areas.get(node).copied().unwrap_or_default()
    }

    /// Sets the heights of both bands, one below the other.
    fn place_bands(&mut self, picture: &Picture, sizes: &[(f64, f64)]) {
        let room = |levels: usize| match levels {
            0 => 0.0,
            levels => FIRST_LEVEL + as_f64(levels - 1) * LEVEL,
        };
        let top = MARGIN + TITLE + room(self.rails.levels(Track::Above));
        let mut bottom = top;
        for band in [Band::Main, Band::Side] {
            let columns = Order::of(picture, &self.ranks, band);
            let (mut middles, height) = heights(&columns, sizes);
            for middle in &mut middles {
                *middle += bottom;
            }
            self.bands.push((columns, middles));
            bottom += height;
            if band == Band::Main {
                self.main = (top, bottom);
                let below = room(self.rails.levels(Track::Below));
                bottom += below;
                let has_side = self.ranks.bands.contains(&Band::Side);
                bottom += if has_side { FIRST_LEVEL } else { 0.0 };
            }
        }
        self.height = bottom + LEGEND + MARGIN;
    }

    /// Gives every node its area; stages are as wide as their column.
    fn place_nodes(&mut self, picture: &Picture, sizes: &[(f64, f64)]) {
        for (columns, middles) in &self.bands {
            for (item, middle) in columns.items.iter().zip(middles) {
                let Some(node) = item.node else { continue };
                let (width, height) = sizes.get(node).copied().unwrap_or_default();
                let (left, right) = self.columns.get(item.column).copied().unwrap_or_default();
                let stage = picture
                    .nodes
                    .get(node)
                    .is_some_and(|node| node.kind == NodeKind::Stage);
                let width = if stage { right - left } else { width };
                if let Some(area) = self.areas.get_mut(node) {
                    *area = Area {
                        x: right - width,
                        y: middle - height / 2.0,
                        width,
                        height,
                    };
                }
            }
        }
    }
}

/// Gives the width and height of a node.
fn size(node: &Node) -> (f64, f64) {
    let letters = |text: &str| as_f64(text.chars().count());
    let name = letters(&shortened(&node.name)) * NAME_LETTER + PADDING;
    match (node.kind, &node.live) {
        (NodeKind::Stage, Some(_)) => {
            let marks =
                marks(node).map_or(0.0, |marks| letters(&marks) * SMALL_LETTER + PADDING / 2.0);
            ((name + marks).max(178.0), 74.0)
        }
        (NodeKind::Stage, None) => {
            let below = letters(&lines(node).join(", ")) * SMALL_LETTER + PADDING;
            (name.max(below).max(128.0), 46.0)
        }
        (_, _) => (name, 34.0),
    }
}

fn bend(picture: &Picture) -> f64 {
    let live = picture
        .edges
        .iter()
        .any(|edge| edge.live.is_some() || edge.overflow.is_some());
    let [plain, figures] = BEND;
    if live { figures } else { plain }
}

/// Gives the left and right edges of the columns.
fn columns(sizes: &[(f64, f64)], ranks: &Ranks, rails: &Network, bend: f64) -> Vec<(f64, f64)> {
    let mut columns = Vec::new();
    let mut x = MARGIN;
    for column in 0..ranks.width() {
        let entries = rails.entries.get(column).copied().unwrap_or(0);
        if entries > 0 {
            x += ENTRY + as_f64(entries) * LANE;
        }
        let inside = sizes
            .iter()
            .zip(&ranks.columns)
            .filter(|(_, of)| **of == column);
        let width = inside.map(|((width, _), _)| *width).fold(0.0, f64::max);
        columns.push((x, x + width));
        x += width + as_f64(rails.exits.get(column).copied().unwrap_or(0)) * LANE + bend;
    }
    columns
}

/// Gives the middle of each item of a band, from 0, and the band's height.
fn heights(columns: &Order, sizes: &[(f64, f64)]) -> (Vec<f64>, f64) {
    let height = |item: usize| {
        let node = columns.items.get(item).and_then(|item| item.node);
        node.and_then(|node| sizes.get(node))
            .map(|(_, height)| *height)
    };
    // Half the height of an item and of the space around it.
    let half = |item: usize| height(item).map_or(PASSING, |height| height + SPACE) / 2.0;
    let mut middles = vec![0.0; columns.items.len()];
    for sweep in 0..SWEEPS {
        // From left to right and back, so that the first column is last and
        // its senders stand straight before their stages.
        let count = columns.columns.len();
        let order = (0..count).map(|at| if sweep % 2 == 0 { at } else { count - 1 - at });
        for column in order.filter_map(|at| columns.columns.get(at)) {
            let wishes = column
                .iter()
                .map(|item| wish(columns, *item, &middles, sweep));
            let rows: Vec<_> = wishes.zip(column.iter().map(|item| half(*item))).collect();
            for (item, middle) in column.iter().zip(stacked(&rows)) {
                if let Some(slot) = middles.get_mut(*item) {
                    *slot = middle;
                }
            }
        }
    }
    let edges = |sign: f64| {
        let items = middles.iter().enumerate();
        items.map(move |(item, middle)| middle + sign * (half(item) - SPACE / 2.0).max(0.0))
    };
    let top = edges(-1.0).fold(f64::INFINITY, f64::min);
    let bottom = edges(1.0).fold(f64::NEG_INFINITY, f64::max);
    if middles.is_empty() {
        return (middles, 0.0);
    }
    (
        middles.iter().map(|middle| middle - top).collect(),
        bottom - top,
    )
}

/// Gives where an item would like to be: amid its neighbours.
fn wish(columns: &Order, item: usize, middles: &[f64], sweep: usize) -> f64 {
    let neighbour = |(left, right): &(usize, usize)| {
        if *right == item {
            Some(*left)
        } else if *left == item && sweep > 0 {
            Some(*right)
        } else {
            None
        }
    };
    let at = |item: usize| middles.get(item).copied().unwrap_or(0.0);
    let found: Vec<f64> = columns.links.iter().filter_map(neighbour).map(at).collect();
    if found.is_empty() {
        at(item)
    } else {
        found.iter().sum::<f64>() / as_f64(found.len())
    }
}

/// Gives middles as close to the wishes as they can be without overlap: the
/// least squares, by pooling neighbours that would overlap. Each row is a wish
/// and half the height that it needs.
fn stacked(rows: &[(f64, f64)]) -> Vec<f64> {
    let mut offset = 0.0;
    let mut offsets = Vec::new();
    // Pools of rows that touch: the sum of their wishes, and how many they are.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (wish, half) in rows {
        offset += half;
        offsets.push(offset);
        let mut pool = (wish - offset, 1);
        offset += half;
        while let Some((sum, count)) = pools.pop_if(|last| mean(*last) >= mean(pool)) {
            pool = (pool.0 + sum, pool.1 + count);
        }
        pools.push(pool);
    }
    let starts = pools
        .into_iter()
        .flat_map(|pool| std::iter::repeat_n(mean(pool), pool.1));
    starts
        .zip(offsets)
        .map(|(start, offset)| start + offset)
        .collect()
}

fn mean((sum, count): (f64, usize)) -> f64 {
    sum / as_f64(count)
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
    use super::stacked;

    #[test]
    fn rows_stay_where_they_wish_until_they_touch() {
        assert_eq!(stacked(&[(0.0, 5.0), (100.0, 5.0)]), [0.0, 100.0]);
        assert_eq!(stacked(&[(0.0, 5.0), (0.0, 5.0)]), [-5.0, 5.0]);
        assert_eq!(
            stacked(&[(0.0, 5.0), (0.0, 5.0), (90.0, 5.0)]),
            [-5.0, 5.0, 90.0]
        );
    }
}
