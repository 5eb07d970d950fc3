//! What happened when: figures over time, above each other on one axis.

use crate::plot::axis::Axis;
use crate::plot::chart::{Chart, Curve, Dot, Marks, Rule, stacked};
use crate::record::{Column, Series};
use crate::report::figure::{Drawing, Figure, HALF, Layout, NARROW, WIDE, target_name};
use crate::report::middle::Middle;
use crate::report::study::{At, Line, Point, Study};

/// The most places of a curve; longer ones are drawn by the means of stretches.
const PLACES_MAX: usize = 1_500;
/// The same of a panel alone, which is less wide than it has places.
const PLACES_MAX_ALONE: usize = 200;
/// The most panels, each of one figure.
const PANELS_MAX: usize = 24;
/// The height of a panel, without the space for names.
const PANEL: f64 = 165.0;
/// From how many times the target on a panel counts ratios.
const LOG_FROM: f64 = 20.0;
/// The least part of the target that is drawn on such a panel.
const LEAST: f64 = 1e-3;
/// A panel whose figures are so many times less than those of its unit has a
/// scale of its own: it would show a line along the bottom.
const FLAT: f64 = 20.0;
/// Up to how many variants their ranges are drawn.
const BANDS_MAX: usize = 4;
/// What arrives is alike in all variants, so that one line says it.
const OFFERED: &str = "offered";

/// Draws the series at the most load, where there are any.
pub(crate) fn figure(study: &Study<'_>) -> Option<Figure> {
    let with = |at: &At| {
        let points = study.lines.iter().filter_map(|line| line.at(*at));
        let mut runs = points.flat_map(Point::valid);
        runs.any(|run| {
            run.series
                .as_ref()
                .is_some_and(|series| !series.columns.is_empty())
        })
    };
    let at = study.ats().into_iter().rev().find(with)?;
    let lines: Vec<&Line<'_>> = study
        .lines
        .iter()
        .filter(|line| line.at(at).is_some())
        .collect();
    let time = Time {
        study,
        lines,
        at,
        places_max: PLACES_MAX,
    };
    let charts = time.charts();
    let draw = |width| stacked("figures over time", &charts, width);
    let words = at.words();
    let of = if words.is_empty() {
        String::new()
    } else {
        format!(" at {words}")
    };
    Some(Figure {
        title: format!("Over time{of}"),
        caption: "Medians over the seeds at each moment, with their range where there are few \
                  variants. Panels of one unit have the same scale, unless nothing \
                  could be seen on it."
            .to_owned(),
        layout: Layout::Wide,
        drawings: vec![Drawing {
            narrow: Some(draw(NARROW)),
            panels: time.panels_alone(),
            ..Drawing::new("over-time", draw(WIDE))
        }],
    })
}

/// What all panels have in common.
#[derive(Clone)]
struct Time<'s, 'r> {
    study: &'s Study<'r>,
    lines: Vec<&'s Line<'r>>,
    at: At,
    places_max: usize,
}

impl Time<'_, '_> {
    /// Gives the units and names of what has a panel, in order.
    fn names(&self) -> Vec<(String, String)> {
        let mut names: Vec<(String, String)> = Vec::new();
        for column in self.series().flat_map(|series| &series.columns) {
            let name = (column.unit.clone(), column.name.clone());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let units: Vec<String> = names.iter().map(|(unit, _)| unit.clone()).collect();
        // Where only arrivals are counted so, they have a panel of their own.
        let alone = |unit: &str| units.iter().filter(|one| *one == unit).count() == 1;
        names.retain(|(unit, name)| name != OFFERED || alone(unit));
        // Panels of one unit stand together, in the order in which units come first.
        names.sort_by_key(|(unit, _)| units.iter().position(|one| one == unit));
        names.truncate(PANELS_MAX);
        names
    }

    fn charts(&self) -> Vec<Chart> {
        let names = self.names();
        let curves: Vec<Vec<Curve>> = names.iter().map(|name| self.curves(name)).collect();
        let offered = |unit: &str| {
            let places = self
                .arrivals(unit, "")
                .map_or_else(Vec::new, |(_, places)| places);
            places.into_iter().map(|(_, y)| y)
        };
        let of_unit = |unit: &str| {
            let same = names
                .iter()
                .zip(&curves)
                .filter(|((one, _), _)| one == unit);
            let most = same.map(|(_, curves)| most_of(curves));
            most.chain(offered(unit)).fold(0.0, f64::max)
        };
        let panels = names.iter().zip(&curves);
        let mut shown: Vec<String> = Vec::new();
        let panel = |(name, curves): (&(String, String), &Vec<Curve>)| {
            let (all, own) = (of_unit(&name.0), most_of(curves));
            let flat = own > 0.0 && own * FLAT < all && name.0 != "ms";
            let mut chart = self.panel(name, curves.clone(), if flat { own } else { all });
            // What arrives stands in the first panel that has the scale of its unit.
            let first = !flat && !shown.contains(&name.0);
            if first {
                shown.push(name.0.clone());
            }
            chart.guide = chart.guide.filter(|_| first);
            chart
        };
        panels.map(panel).collect()
    }

    /// Draws each panel by itself, with a scale of its own.
    fn panels_alone(&self) -> Vec<Drawing> {
        let alone = Time {
            places_max: PLACES_MAX_ALONE,
            ..self.clone()
        };
        let drawing = |name: &(String, String)| {
            let curves = alone.curves(name);
            let most = most_of(&curves);
            let chart = Chart {
                size: HALF,
                ..alone.panel(name, curves, most)
            };
            Drawing::new(format!("over-time-{}", name.1), chart.draw())
        };
        self.names().iter().map(drawing).collect()
    }

    fn series(&self) -> impl Iterator<Item = &Series> {
        let points = self.lines.iter().filter_map(|line| line.at(self.at));
        points
            .flat_map(Point::valid)
            .filter_map(|run| run.series.as_ref())
    }

    fn panel(&self, (unit, name): &(String, String), curves: Vec<Curve>, most: f64) -> Chart {
        let target = self.study.target_ms;
        let times = unit == "ms" && target > 0.0;
        let log = times && most > LOG_FROM * target;
        let title = if name == unit {
            name.clone()
        } else {
            format!("{name}, {unit}")
        };
        let y = if log {
            Axis::log(title)
        } else {
            Axis::linear(title)
        };
        let raised = |curve: Curve| {
            if log {
                above(curve, target * LEAST)
            } else {
                curve
            }
        };
        let rule = Rule {
            name: target_name(target),
            value: target,
        };
        Chart {
            name: format!("{name} over time"),
            heading: String::new(),
            size: (WIDE, PANEL),
            x: Axis::linear("seconds since the run began")
                .tight()
                .covering([self.seconds()]),
            y: y.covering([most]),
            curves: curves.into_iter().map(raised).collect(),
            rules: if times { vec![rule] } else { Vec::new() },
            guide: self.arrivals(unit, name),
        }
    }

    /// Gives how long the longest series is.
    fn seconds(&self) -> f64 {
        let length = |series: &Series| {
            let longest = series
                .columns
                .iter()
                .map(|column| column.values.len())
                .max();
            float(longest.unwrap_or(0)) * series.step_ms / 1e3
        };
        self.series().map(length).fold(0.0, f64::max)
    }

    /// Gives what arrived, as seen in the first variant, behind what became of it.
    fn arrivals(&self, unit: &str, name: &str) -> Option<(String, Vec<(f64, f64)>)> {
        if name == OFFERED {
            return None;
        }
        let column = (unit.to_owned(), OFFERED.to_owned());
        let curve = self
            .lines
            .first()
            .and_then(|line| self.curve(line, &column))?;
        let places = curve.dots.iter().map(|dot| (dot.x, dot.y));
        Some((OFFERED.to_owned(), places.collect()))
    }

    fn curves(&self, column: &(String, String)) -> Vec<Curve> {
        let curves = self
            .lines
            .iter()
            .filter_map(|line| self.curve(line, column));
        curves.collect()
    }

    fn curve(&self, line: &Line<'_>, (unit, name): &(String, String)) -> Option<Curve> {
        let runs = line.at(self.at)?.valid();
        let series: Vec<&Series> = runs.filter_map(|run| run.series.as_ref()).collect();
        let wanted = |column: &&Column| column.unit == *unit && column.name == *name;
        let find = |series: &&'_ Series| series.columns.iter().position(|column| wanted(&column));
        let columns: Vec<&Column> = series
            .iter()
            .filter_map(|series| series.columns.get(find(series)?))
            .collect();
        let step_s = series.first()?.step_ms / 1e3;
        let mut dots = means(&columns, step_s, self.places_max);
        if self.lines.len() > BANDS_MAX {
            for dot in &mut dots {
                dot.range = None;
            }
        }
        (!columns.is_empty()).then(|| Curve {
            name: line.name.clone(),
            style: line.style,
            dots,
            marks: Marks::None,
        })
    }
}

/// Gives the largest figure of some curves.
fn most_of(curves: &[Curve]) -> f64 {
    let dots = curves.iter().flat_map(|curve| &curve.dots);
    dots.map(|dot| dot.y).fold(0.0, f64::max)
}

/// Gives the medians of columns at each step, by stretches where there are many.
fn means(columns: &[&Column], step_s: f64, places_max: usize) -> Vec<Dot> {
    let longest = columns.iter().map(|column| column.values.len()).max();
    let stretch = longest.unwrap_or(0).div_ceil(places_max).max(1);
    let stretches = longest.unwrap_or(0).div_ceil(stretch);
    let mean = |column: &Column, index: usize| {
        let values = column.values.iter().skip(index * stretch).take(stretch);
        let known: Vec<f64> = values.copied().flatten().collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / float(known.len()))
    };
    let dot = |index: usize| {
        let middle = Middle::of(columns.iter().filter_map(|column| mean(column, index)));
        let x = (float(index) + 0.5) * float(stretch) * step_s;
        let several = middle.filter(|middle| middle.count > 1);
        Dot {
            x,
            y: middle.map_or(f64::NAN, |middle| middle.median),
            range: several.map(|middle| (middle.low, middle.high)),
            said: String::new(),
        }
    };
    (0..stretches).map(dot).collect()
}

/// Raises what would be below the end of an axis that has no zero.
fn above(mut curve: Curve, least: f64) -> Curve {
    for dot in &mut curve.dots {
        // Not `max`, which would make a number of what is none.
        if dot.y < least {
            dot.y = least;
        }
        dot.range = dot
            .range
            .map(|(low, high)| (low.max(least), high.max(least)));
    }
    curve
}

#[allow(clippy::cast_precision_loss, reason = "steps of a run")]
const fn float(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::{PLACES_MAX, figure, means};
    use crate::record::Column;
    use crate::report::fixture::{full, record, run};
    use crate::report::study::{Looks, Study};

    #[test]
    fn figures_over_time_are_panels_and_arrivals_are_a_line_behind_them() {
        let record = record(vec![full("a", 1.0, 1), full("b", 1.0, 1)]);
        let figure = figure(&Study::of(&record, &mut Looks::default())).unwrap();
        let svg = &figure.drawings[0].svg;
        for title in [">good, /s<", ">queue time, ms<", ">threads<"] {
            assert_eq!(svg.matches(title).count(), 1, "{title}");
        }
        assert!(!svg.contains(">offered, /s<") && svg.contains(">offered<"));
        // Step 7 is unknown, so that each of the 2 x 3 curves is in two pieces.
        assert_eq!(svg.matches("class=\"curve\"").count(), 12);
    }

    #[test]
    fn a_panel_that_would_be_flat_has_its_own_scale() {
        let svg = |times: f64| {
            let mut run = full("a", 1.0, 1);
            for column in &mut run.series.as_mut().unwrap().columns {
                if column.name == "offered" {
                    let raised = |value: &mut Option<f64>| *value = value.map(|one| one * times);
                    column.values.iter_mut().for_each(raised);
                }
            }
            let record = record(vec![run]);
            let figure = figure(&Study::of(&record, &mut Looks::default())).unwrap();
            figure.drawings[0].svg.clone()
        };
        assert!(svg(5.0).contains(">offered<"), "both are on one scale");
        assert!(!svg(1_000.0).contains(">9k<") && !svg(1_000.0).contains(">offered<"));
    }

    #[test]
    fn each_panel_can_leave_the_page_alone() {
        let record = record(vec![full("a", 1.0, 1), full("b", 1.0, 1)]);
        let figure = figure(&Study::of(&record, &mut Looks::default())).unwrap();
        let panels = &figure.drawings[0].panels;
        let slugs: Vec<_> = panels.iter().map(|panel| panel.slug.as_str()).collect();
        let expected = [
            "over-time-good",
            "over-time-queue-time",
            "over-time-threads",
        ];
        assert_eq!(slugs, expected);
        assert!(panels[0].svg.contains(">good, /s<") && panels[0].svg.contains(">offered<"));
        assert!(!panels[0].svg.contains(">queue time, ms<"));
    }

    #[test]
    fn no_series_is_no_figure() {
        let record = record(vec![run("a", 1.0, 1)]);
        assert!(figure(&Study::of(&record, &mut Looks::default())).is_none());
    }

    #[test]
    fn a_long_series_is_drawn_by_its_means() {
        let column = Column {
            values: (0..100_000_u32).map(|n| Some(f64::from(n % 2))).collect(),
            ..Column::default()
        };
        let dots = means(&[&column], 0.1, PLACES_MAX);
        assert!(dots.len() <= PLACES_MAX && dots.len() > PLACES_MAX / 2);
        assert!(dots.iter().all(|dot| (dot.y - 0.5).abs() < 0.02));
        assert!((dots.last().unwrap().x - 10_000.0).abs() < 10.0);
    }
}
