//! Rails: shared tracks above and below the nodes, for loops, answers and failures.
//!
//! Edges of one kind to one node share a rail. Each leaves its node to the
//! right, takes a lane up or down to the rail, and the rail leads to a lane
//! left of where it goes.

use crate::draw::picture::Picture;
use crate::draw::ranks::{Band, Ranks, Way};
use crate::edge::EdgeKind;

/// Says on which side of the main band a rail runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Track {
    Above,
    /// Between the main band and the side band.
    Below,
}

/// Is one rail.
#[derive(Debug)]
pub(crate) struct Rail {
    pub(crate) kind: EdgeKind,
    pub(crate) to: usize,
    pub(crate) track: Track,
    pub(crate) edges: Vec<usize>,
    /// How far it runs from the main band, 0 for the nearest.
    pub(crate) level: usize,
    /// The lane beside each column that it is reached from.
    pub(crate) exits: Vec<(usize, usize)>,
    /// The lane left of the column where it goes.
    pub(crate) entry: usize,
}

/// Is all rails of a drawing.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) rails: Vec<Rail>,
    /// How many lanes there are right of each column.
    pub(crate) exits: Vec<usize>,
    /// How many lanes there are left of each column.
    pub(crate) entries: Vec<usize>,
}

impl Network {
    pub(crate) fn of(picture: &Picture, ranks: &Ranks) -> Self {
        let mut rails = Self {
            rails: Vec::new(),
            exits: vec![0; ranks.width()],
            entries: vec![0; ranks.width()],
        };
        for (place, way) in ranks.ways.iter().enumerate() {
            if *way == Way::Rail {
                rails.join(place, picture, ranks);
            }
        }
        rails.assign_levels(picture, ranks);
        rails.assign_lanes(picture, ranks);
        rails
    }

    /// Gives how many rails run beside each other on a track.
    pub(crate) fn levels(&self, track: Track) -> usize {
        let on_track = self.rails.iter().filter(|rail| rail.track == track);
        on_track.map(|rail| rail.level + 1).max().unwrap_or(0)
    }

    fn join(&mut self, place: usize, picture: &Picture, ranks: &Ranks) {
        let Some(edge) = picture.edges.get(place) else {
            return;
        };
        let side = [edge.from, edge.to]
            .map(|node| ranks.band(node))
            .contains(&Band::Side);
        let track = if side || edge.kind == EdgeKind::Failure {
            Track::Below
        } else {
            Track::Above
        };
        let same =
            |rail: &&mut Rail| (rail.kind, rail.to, rail.track) == (edge.kind, edge.to, track);
        match self.rails.iter_mut().find(same) {
            Some(rail) => rail.edges.push(place),
            None => self.rails.push(Rail {
                kind: edge.kind,
                to: edge.to,
                track,
                edges: vec![place],
                level: 0,
                exits: Vec::new(),
                entry: 0,
            }),
        }
    }

    /// Lets rails that overlap run beside each other, short ones inside.
    fn assign_levels(&mut self, picture: &Picture, ranks: &Ranks) {
        let spans: Vec<_> = self
            .rails
            .iter()
            .map(|rail| rail.span(picture, ranks))
            .collect();
        let length = |rail: usize| spans.get(rail).map_or(0, |(first, last)| last - first);
        let mut order: Vec<usize> = (0..self.rails.len()).collect();
        order.sort_by_key(|rail| (length(*rail), *rail));
        let mut taken: Vec<(Track, usize, (usize, usize))> = Vec::new();
        for rail in order {
            let (Some(rail), Some(span)) = (self.rails.get_mut(rail), spans.get(rail)) else {
                continue;
            };
            let is_free = |level: usize| {
                let meets = |(track, on, other): &(Track, usize, (usize, usize))| {
                    (*track, *on) == (rail.track, level) && other.0 <= span.1 && span.0 <= other.1
                };
                !taken.iter().any(meets)
            };
            rail.level = (0..spans.len()).find(|level| is_free(*level)).unwrap_or(0);
            taken.push((rail.track, rail.level, *span));
        }
    }

    fn assign_lanes(&mut self, picture: &Picture, ranks: &Ranks) {
        for rail in &mut self.rails {
            let from = |edge: &usize| picture.edges.get(*edge).map(|edge| ranks.column(edge.from));
            let mut columns: Vec<usize> = rail.edges.iter().filter_map(from).collect();
            columns.sort_unstable();
            columns.dedup();
            rail.exits = columns
                .into_iter()
                .map(|column| (column, next(&mut self.exits, column)))
                .collect();
            rail.entry = next(&mut self.entries, ranks.column(rail.to));
        }
    }
}

impl Rail {
    /// Gives the gaps between which it runs; gap 0 is left of the first column.
    fn span(&self, picture: &Picture, ranks: &Ranks) -> (usize, usize) {
        let exits = self
            .edges
            .iter()
            .filter_map(|edge| picture.edges.get(*edge));
        let gaps = exits.map(|edge| ranks.column(edge.from) + 1);
        let entry = ranks.column(self.to);
        gaps.fold((entry, entry), |(first, last), gap| {
            (first.min(gap), last.max(gap))
        })
    }

    /// Gives its lane beside a column.
    pub(crate) fn exit(&self, column: usize) -> usize {
        let found = self.exits.iter().find(|(of, _)| *of == column);
        found.map_or(0, |(_, lane)| *lane)
    }
}

fn next(lanes: &mut [usize], column: usize) -> usize {
    lanes.get_mut(column).map_or(0, |lanes| {
        *lanes += 1;
        *lanes - 1
    })
}
