//! The line of every edge: curves to the right, rounded corners along rails.

use std::fmt::Write;

use crate::draw::arrange::{Area, Sheet};
use crate::draw::order::Order;
use crate::draw::picture::Picture;
use crate::draw::rails::Rail;

/// How round the corners along rails are.
const RADIUS: f64 = 7.0;
/// How long the tip of an arrow is.
pub(crate) const TIP: f64 = 8.0;
/// Where on a curve its label stands, from 0 to 1, across and down: close to
/// the end that fewer edges share, and never in the middle, where edges cross.
const LABEL_LATE: (f64, f64) = (0.62, 0.73);
const LABEL_EARLY: (f64, f64) = (0.38, 0.27);
/// How far a label stands from its rail and from the lane to it.
const LABEL_OFF: (f64, f64) = (10.0, 4.0);
/// The part of a node's height above and below its middle where rails begin.
const PORT: f64 = 0.26;

type Point = (f64, f64);

/// Is the line of one edge.
#[derive(Debug, Default)]
pub(crate) struct Route {
    /// In the language of SVG's `path`.
    pub(crate) path: String,
    /// Where the arrow ends; an edge that joins another has no arrow of its own.
    pub(crate) tip: Option<Point>,
    /// Where its label stands.
    pub(crate) label: Point,
    pub(crate) anchor: Anchor,
}

/// Says what of a label stands where it is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// Its middle, on a curve.
    #[default]
    Middle,
    /// Its beginning, right of a lane.
    Start,
    /// Its end, left of a lane.
    End,
}

/// Gives the lines of all edges.
pub(crate) fn routes(picture: &Picture, sheet: &Sheet) -> Vec<Route> {
    let mut routes: Vec<Route> = picture.edges.iter().map(|_| Route::default()).collect();
    for (columns, middles) in &sheet.bands {
        for (edge, chain) in &columns.chains {
            if let Some(route) = routes.get_mut(*edge) {
                *route = curve(sheet, columns, middles, chain);
            }
        }
    }
    for rail in &sheet.rails.rails {
        for (edge, route) in along(rail, picture, sheet) {
            if let Some(place) = routes.get_mut(edge) {
                *place = route;
            }
        }
    }
    routes
}

/// Draws an edge to the right through the columns that it passes.
fn curve(sheet: &Sheet, columns: &Order, middles: &[f64], chain: &[usize]) -> Route {
    let mut route = Route::default();
    let early = is_shared(columns, chain);
    let mut before: Option<Point> = None;
    for item in chain {
        let middle = middles.get(*item).copied().unwrap_or_default();
        let Some(place) = columns.items.get(*item) else {
            continue;
        };
        let area = place.node.map(|node| sheet.area(node));
        let (left, right) = sheet.columns.get(place.column).copied().unwrap_or_default();
        match before {
            None => {
                let from = area.map_or(right, |area| area.right());
                let _ = write!(route.path, "M{from:.1} {middle:.1}");
            }
            Some((x, y)) => {
                let to = sheet.bend_to(place.column).min(left - TIP);
                let half = f64::midpoint(x, to);
                let _ = write!(
                    route.path,
                    " H{x:.1} C{half:.1} {y:.1} {half:.1} {middle:.1} {to:.1} {middle:.1}"
                );
                if !early {
                    route.label = (x + LABEL_LATE.0 * (to - x), y + LABEL_LATE.1 * (middle - y));
                } else if route.label == (0.0, 0.0) {
                    route.label = (
                        x + LABEL_EARLY.0 * (to - x),
                        y + LABEL_EARLY.1 * (middle - y),
                    );
                }
                let end = area.map_or(right, |area| area.x);
                let line = if area.is_some() { end - TIP } else { end };
                let _ = write!(route.path, " H{line:.1}");
                route.tip = area.map(|area| (area.x, middle));
            }
        }
        before = Some((sheet.bend_from(place.column), middle));
    }
    route
}

/// Tells whether an edge shares its end with others, and its beginning with none.
fn is_shared(columns: &Order, chain: &[usize]) -> bool {
    let (first, last) = (chain.first().copied(), chain.last().copied());
    let from = columns
        .links
        .iter()
        .filter(|(left, _)| Some(*left) == first);
    let to = columns
        .links
        .iter()
        .filter(|(_, right)| Some(*right) == last);
    from.count() == 1 && to.count() > 1
}

/// Draws all edges along one rail. Where several share a line, one draws it
/// and the others end where they join it, so that dashes stay dashes.
fn along(rail: &Rail, picture: &Picture, sheet: &Sheet) -> Vec<(usize, Route)> {
    let target = sheet.area(rail.to);
    let height = sheet.rail(rail.track, rail.level);
    let way = Way {
        height,
        entry: sheet.entry_lane(sheet.ranks.column(rail.to), rail.entry),
        to: (target.x, beside_middle(target, height, rail.entry)),
    };
    let edges = rail.edges.iter();
    let starts: Vec<Start> = edges
        .filter_map(|edge| start(*edge, rail, picture, sheet))
        .collect();
    let whole = starts.iter().find(|start| way.leads(start, &starts));
    let whole = whole.map(|start| start.edge);
    let mut routes = Vec::new();
    for start in &starts {
        let joins = if !way.is_furthest(start, &starts) {
            Joins::Lane
        } else if !way.leads(start, &starts) {
            Joins::Rail
        } else if whole != Some(start.edge) {
            Joins::Entry
        } else {
            Joins::Nothing
        };
        let (label, anchor) = way.label(start, joins);
        let route = Route {
            path: rounded(&way.points(start, joins)),
            tip: (joins == Joins::Nothing).then_some(way.to),
            label,
            anchor,
        };
        routes.push((start.edge, route));
    }
    routes
}

/// Says which line of another edge takes an edge the rest of its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joins {
    /// That of one further from the rail, out of the same column.
    Lane,
    /// That of one from a column further away.
    Rail,
    /// That of one from the other side.
    Entry,
    /// None: it goes all the way.
    Nothing,
}

/// Is a rail on the sheet: its height, the lane where it ends, where that leads.
struct Way {
    height: f64,
    entry: f64,
    to: Point,
}

impl Way {
    /// Tells whether no edge of its column begins further from the rail.
    fn is_furthest(&self, start: &Start, starts: &[Start]) -> bool {
        let reach = |start: &Start| (start.from.1 - self.height).abs();
        let same = starts.iter().filter(|other| other.column == start.column);
        let most = same.max_by(|a, b| reach(a).total_cmp(&reach(b)));
        most.is_some_and(|most| most.edge == start.edge)
    }

    /// Tells whether no edge comes to the rail from further away on its side.
    fn leads(&self, start: &Start, starts: &[Start]) -> bool {
        let beyond = |other: &Start| {
            (other.lane < start.lane && start.lane < self.entry)
                || (other.lane > start.lane && start.lane > self.entry)
        };
        self.is_furthest(start, starts) && !starts.iter().any(beyond)
    }

    fn points(&self, start: &Start, joins: Joins) -> Vec<Point> {
        let Self { height, entry, to } = *self;
        let lane = start.lane;
        let mut points = vec![start.from, (lane, start.from.1)];
        match joins {
            Joins::Lane => points.push(toward_by(lane, (start.from.1, height))),
            Joins::Rail => {
                let on = lane + RADIUS * (entry - lane).signum();
                points.extend([(lane, height), (on, height)]);
            }
            Joins::Entry => {
                let down = toward_by(entry, (height, to.1));
                points.extend([(lane, height), (entry, height), down]);
            }
            Joins::Nothing => points.extend([
                (lane, height),
                (entry, height),
                (entry, to.1),
                (to.0 - TIP, to.1),
            ]),
        }
        points
    }

    /// Gives where a label stands: on the rail, beside its lane, or at its
    /// node when another edge leads its lane to the rail.
    fn label(&self, start: &Start, joins: Joins) -> (Point, Anchor) {
        let (across, up) = LABEL_OFF;
        let above = self.height - up;
        match joins {
            Joins::Lane => ((start.from.0 + up, start.from.1 - up), Anchor::Start),
            _ if self.entry < start.lane => ((start.lane - across, above), Anchor::End),
            _ => ((start.lane + across, above), Anchor::Start),
        }
    }
}

/// Is where one edge begins, and the lane that it takes.
struct Start {
    edge: usize,
    column: usize,
    from: Point,
    lane: f64,
}

fn start(edge: usize, rail: &Rail, picture: &Picture, sheet: &Sheet) -> Option<Start> {
    let from = picture.edges.get(edge)?.from;
    let column = sheet.ranks.column(from);
    let area = sheet.area(from);
    let exit = rail.exit(column);
    let height = sheet.rail(rail.track, rail.level);
    Some(Start {
        edge,
        column,
        from: (area.right(), beside_middle(area, height, exit)),
        lane: sheet.exit_lane(column, exit),
    })
}

/// Gives the height at which the lane of a rail begins or ends at a node: off
/// its middle, on the side of the rail.
fn beside_middle(area: Area, rail: f64, lane: usize) -> f64 {
    let middle = area.middle();
    middle + (rail - middle).signum() * port(area.height, lane)
}

/// Gives how far from a node's middle the rail of a lane begins or ends.
#[allow(
    clippy::cast_precision_loss,
    reason = "a graph has at most some hundred lanes"
)]
fn port(height: f64, lane: usize) -> f64 {
    (PORT * height + 5.0 * lane as f64).min(0.42 * height)
}

/// Gives the point a corner's length from one height toward another.
fn toward_by(x: f64, (from, to): (f64, f64)) -> Point {
    (x, from + RADIUS * (to - from).signum())
}

/// Draws a line through points with rounded corners.
fn rounded(points: &[Point]) -> String {
    let mut path = String::new();
    for (place, (x, y)) in points.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| points.get(before));
        match (before, points.get(place + 1)) {
            (None, _) => {
                let _ = write!(path, "M{x:.1} {y:.1}");
            }
            (Some(_), None) => {
                let _ = write!(path, " L{x:.1} {y:.1}");
            }
            (Some(before), Some(after)) => {
                let (ax, ay) = near((*x, *y), *before);
                let (bx, by) = near((*x, *y), *after);
                let _ = write!(path, " L{ax:.1} {ay:.1} Q{x:.1} {y:.1} {bx:.1} {by:.1}");
            }
        }
    }
    path
}

/// Gives the point a corner's length from one point toward another, or half way.
fn near((x, y): Point, (to_x, to_y): Point) -> Point {
    let length = (to_x - x).hypot(to_y - y);
    if length <= 0.0 {
        return (x, y);
    }
    let part = RADIUS.min(length / 2.0) / length;
    (x + (to_x - x) * part, y + (to_y - y) * part)
}
