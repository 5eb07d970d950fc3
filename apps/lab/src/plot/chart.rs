//! Curves over two axes, with the range around each, lines to compare with, and names at their ends.

use crate::plot::axis::Axis;
use crate::plot::frame::{self, Area, EndName, NAME_GAP};
use crate::plot::ink::Style;
use crate::plot::markup::{Markup, Px};
use crate::plot::scale::Scale;

/// Above the axes: a heading, and what the y axis counts.
const HEADING: f64 = 18.0;
const Y_TITLE: f64 = 22.0;
/// Left of the y axis, for its figures.
const LEFT: f64 = 46.0;
/// Below the x axis, for its figures and title.
const BELOW: f64 = 42.0;
/// What the name of a rule needs, above or below it.
const RULE_NAME: f64 = 13.0;
/// Between two panels that share an axis.
const PANEL_GAP: f64 = 10.0;

/// Is curves over two axes.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// What it shows; read out to who cannot see it.
    pub(crate) name: String,
    /// What stands above it, where there are several beside each other.
    pub(crate) heading: String,
    /// In pixels; it grows where names need more height.
    pub(crate) size: (f64, f64),
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) curves: Vec<Curve>,
    /// Heights to compare with.
    pub(crate) rules: Vec<Rule>,
    /// A curve to compare with: its name and places.
    pub(crate) guide: Option<(String, Vec<(f64, f64)>)>,
}

/// Is a named height.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) value: f64,
}

/// Is one curve.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) style: Style,
    pub(crate) dots: Vec<Dot>,
    pub(crate) marks: Marks,
}

/// Says whether the places of a curve are marked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Marks {
    Each,
    None,
}

/// Is a place of a curve; the curve has a gap where `y` is no number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Dot {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// From where to where it was seen.
    pub(crate) range: Option<(f64, f64)>,
    /// What is shown to who points at it.
    pub(crate) said: String,
}

impl Chart {
    /// Draws it.
    pub(crate) fn draw(&self) -> String {
        let (width, height) = self.room();
        let mut markup = frame::sheet(&self.name, (width, height));
        let area = Area {
            left: LEFT,
            right: width - self.beside(),
            top: self.above(),
            bottom: height - BELOW,
        };
        let x = self.x.scale(self.xs(), (area.left, area.right));
        self.paint(&mut markup, &x, area, Some(&self.x.title));
        markup.finish()
    }

    /// Gives what is needed so that all names have room beside the curves.
    fn room(&self) -> (f64, f64) {
        let (width, height) = self.size;
        let rows = u32::try_from(self.curves.len() + 1).unwrap_or(u32::MAX);
        let names = f64::from(rows) * NAME_GAP;
        (width, height.max(names + self.above() + BELOW))
    }

    fn above(&self) -> f64 {
        let heading = if self.heading.is_empty() {
            0.0
        } else {
            HEADING
        };
        heading + Y_TITLE + 6.0
    }

    fn beside(&self) -> f64 {
        let curves = self.curves.iter().map(|curve| curve.name.as_str());
        let guide = self.guide.iter().map(|(name, _)| name.as_str());
        let names = curves.chain(guide).filter(|name| !name.is_empty());
        frame::room_for(&names.collect::<Vec<_>>())
    }

    fn xs(&self) -> impl Iterator<Item = f64> {
        let guide = self.guide.iter().flat_map(|(_, places)| places);
        let dots = self.curves.iter().flat_map(|curve| &curve.dots);
        dots.map(|dot| dot.x).chain(guide.map(|(x, _)| *x))
    }

    fn ys(&self) -> impl Iterator<Item = f64> {
        let dots = self.curves.iter().flat_map(|curve| &curve.dots);
        let seen = dots.flat_map(|dot| {
            let (low, high) = dot.range.unwrap_or((dot.y, dot.y));
            [low, dot.y, high]
        });
        let guide = self.guide.iter().flat_map(|(_, places)| places);
        let rules = self.rules.iter().map(|rule| rule.value);
        seen.chain(guide.map(|(_, y)| *y)).chain(rules)
    }

    /// Draws everything but the sheet; a title of the x axis stands with its figures.
    fn paint(&self, markup: &mut Markup, x: &Scale, area: Area, x_title: Option<&str>) {
        let y = self.y.scale(self.ys(), (area.bottom, area.top));
        if !self.heading.is_empty() {
            let place = (LEFT - 36.0, area.top - Y_TITLE - 6.0);
            frame::write(
                markup,
                "heading",
                "start",
                place,
                &frame::cut(&self.heading),
            );
        }
        let place = (LEFT - 36.0, area.top - 10.0);
        frame::write(markup, "", "start", place, &self.y.title);
        frame::y_axis(markup, &y, area);
        frame::x_axis(markup, x, area, x_title);
        let on = On { x, y: &y };
        self.rules
            .iter()
            .for_each(|rule| on.rule(markup, rule, area));
        let mut names = Vec::new();
        if let Some((name, places)) = &self.guide {
            names.extend(on.guide(markup, name, places));
        }
        self.curves.iter().for_each(|curve| on.band(markup, curve));
        for curve in &self.curves {
            names.extend(on.curve(markup, curve));
        }
        names.retain(|name| !name.name.is_empty());
        self.rules
            .iter()
            .for_each(|rule| on.rule_name(markup, rule, area));
        frame::names(markup, &names, area);
    }
}

/// Draws charts above each other that share the x axis of the last.
pub(crate) fn stacked(name: &str, charts: &[Chart], width: f64) -> String {
    let heights: Vec<f64> = charts.iter().map(|chart| chart.room().1 - BELOW).collect();
    let gaps = f64::from(u32::try_from(charts.len()).unwrap_or(u32::MAX)) * PANEL_GAP;
    let height = heights.iter().sum::<f64>() + gaps + BELOW;
    let beside = charts.iter().map(Chart::beside).fold(0.0, f64::max);
    let mut markup = frame::sheet(name, (width, height));
    let (left, right) = (LEFT, width - beside);
    let mut top = 0.0;
    for (index, (chart, height)) in charts.iter().zip(heights).enumerate() {
        let all = charts.iter().flat_map(Chart::xs);
        let x = chart.x.scale(all, (left, right));
        let area = Area {
            left,
            right,
            top: top + chart.above(),
            bottom: top + height,
        };
        let last = index + 1 == charts.len();
        chart.paint(
            &mut markup,
            &x,
            area,
            last.then_some(chart.x.title.as_str()),
        );
        top += height + PANEL_GAP;
    }
    markup.finish()
}

/// Draws on two scales.
struct On<'s> {
    x: &'s Scale,
    y: &'s Scale,
}

impl On<'_> {
    fn at(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        Some((self.x.at(x)?, self.y.at(y)?))
    }

    fn rule(&self, markup: &mut Markup, rule: &Rule, area: Area) {
        let Some(y) = self.y.at(rule.value) else {
            return;
        };
        let path = format!("M{} {}H{}", Px(area.left), Px(y), Px(area.right));
        markup.leaf("path", &[("class", &"rule"), ("d", &path)]);
    }

    /// Names a rule, above all curves.
    fn rule_name(&self, markup: &mut Markup, rule: &Rule, area: Area) {
        let Some(y) = self.y.at(rule.value) else {
            return;
        };
        // Above the edge stands what the axis counts.
        let below = y - area.top < RULE_NAME;
        let base = if below { y + RULE_NAME } else { y - 4.0 };
        let place = (area.left + 5.0, base);
        frame::write(markup, "ruled halo", "start", place, &rule.name);
    }

    fn guide(&self, markup: &mut Markup, name: &str, places: &[(f64, f64)]) -> Option<EndName> {
        let places: Vec<_> = places.iter().filter_map(|(x, y)| self.at(*x, *y)).collect();
        markup.leaf("path", &[("class", &"guide"), ("d", &line(&places))]);
        places.last().map(|end| EndName {
            name: name.to_owned(),
            classes: String::new(),
            end: *end,
        })
    }

    fn band(&self, markup: &mut Markup, curve: &Curve) {
        let edge = |dot: &Dot, low: bool| {
            let (least, most) = dot.range?;
            self.at(dot.x, if low { least } else { most })
        };
        markup.open("g", &[("class", &curve.style.classes())]);
        for piece in pieces(&curve.dots, |dot| edge(dot, true).zip(edge(dot, false))) {
            let there = piece.iter().map(|(low, _)| *low);
            let back = piece.iter().rev().map(|(_, high)| *high);
            let path = line(&there.chain(back).collect::<Vec<_>>());
            markup.leaf("path", &[("class", &"band"), ("d", &format!("{path}z"))]);
        }
        markup.close();
    }

    fn curve(&self, markup: &mut Markup, curve: &Curve) -> Option<EndName> {
        let classes = curve.style.classes();
        markup.open("g", &[("class", &classes)]);
        let mut end = None;
        for piece in pieces(&curve.dots, |dot| self.at(dot.x, dot.y)) {
            markup.leaf("path", &[("class", &"curve"), ("d", &line(&piece))]);
            end = piece.last().copied().or(end);
        }
        if curve.marks == Marks::Each {
            for dot in &curve.dots {
                if let Some(place) = self.at(dot.x, dot.y) {
                    curve.style.mark(markup, place, &dot.said);
                }
            }
        }
        markup.close();
        end.map(|end| EndName {
            name: curve.name.clone(),
            classes,
            end,
        })
    }
}

/// Cuts what is drawn where there is no place for a dot.
fn pieces<P>(dots: &[Dot], place: impl Fn(&Dot) -> Option<P>) -> Vec<Vec<P>> {
    let mut pieces = vec![Vec::new()];
    for dot in dots {
        match (place(dot), pieces.last_mut()) {
            (Some(place), Some(piece)) => piece.push(place),
            _ => pieces.push(Vec::new()),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn line(places: &[(f64, f64)]) -> String {
    let step = |(index, (x, y)): (usize, &(f64, f64))| {
        let letter = if index == 0 { 'M' } else { 'L' };
        format!("{letter}{} {}", Px(*x), Px(*y))
    };
    places.iter().enumerate().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::{Chart, Curve, Dot, Marks, Rule, stacked};
    use crate::plot::axis::Axis;
    use crate::plot::ink::Style;

    fn chart(ys: &[f64]) -> Chart {
        let dot = |(n, y): (u32, &f64)| Dot {
            x: f64::from(n),
            y: *y,
            range: Some((y * 0.9, y * 1.1)),
            said: format!("{y} <there>"),
        };
        Chart {
            name: "a & b".to_owned(),
            heading: "<one>".to_owned(),
            size: (300.0, 200.0),
            x: Axis::log("x").tight(),
            y: Axis::linear("y"),
            curves: vec![Curve {
                name: "\"curve\"".to_owned(),
                style: Style::nth(0),
                dots: (1..).zip(ys).map(dot).collect(),
                marks: Marks::Each,
            }],
            rules: vec![Rule {
                name: "target".to_owned(),
                value: 3.0,
            }],
            guide: Some(("ideal".to_owned(), vec![(1.0, 1.0), (3.0, 3.0)])),
        }
    }

    #[test]
    fn a_gap_divides_a_curve() {
        let svg = chart(&[1.0, 2.0, f64::NAN, 3.0]).draw();
        assert_eq!(svg.matches("class=\"curve\"").count(), 2);
        assert_eq!(svg.matches("class=\"band\"").count(), 2);
        assert_eq!(svg.matches("class=\"mark\"").count(), 3);
        assert!(!svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn what_is_said_cannot_be_markup() {
        let svg = chart(&[1.0]).draw();
        assert!(svg.contains(">&lt;one&gt;</text>") && svg.contains("aria-label=\"a &amp; b\""));
        assert!(!svg.contains("<there>") && !svg.contains("<one>"));
    }

    #[test]
    fn panels_share_one_axis() {
        let charts = [chart(&[1.0, 2.0]), chart(&[5.0, 6.0, 7.0])];
        let svg = stacked("both", &charts, 400.0);
        assert_eq!(svg.matches(">x</text>").count(), 1, "one title of the axis");
        assert_eq!(svg.matches(">y</text>").count(), 2);
    }
}
