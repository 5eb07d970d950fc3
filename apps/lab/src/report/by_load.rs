//! What is kept of an open load: goodput, outcomes and percentiles against what is offered.

use crate::plot::axis::Axis;
use crate::plot::chart::{Chart, Curve, Rule};
use crate::plot::ink::Style;
use crate::plot::numeral::brief;
use crate::plot::stacks::{Bar, Stacks};
use crate::record::{Run, Spread};
use crate::report::figure::{
    Drawing, Figure, HALF, Layout, axis_for, curve, seeds, several, target_name,
};
use crate::report::measure;
use crate::report::study::{Line, Point, Study};

const LOAD: &str = "offered load / capacity";
type OfSpread = fn(&Spread) -> f64;
/// The quantiles that are drawn.
const QUANTILES: [(&str, OfSpread); 4] = [
    ("p50", |spread| spread.p50),
    ("p90", |spread| spread.p90),
    ("p99", |spread| spread.p99),
    ("p99.9", |spread| spread.p999),
];
/// From how many times capacity on it is no bound of what can be done.
const BEYOND: f64 = 1.5;
/// From how many requests on average there is something to be seen of batches.
const BATCHES: f64 = 2.0;
/// How finely the ideal line is drawn.
const IDEAL_STEPS: u32 = 60;

/// Draws all that can be seen of open loads.
pub(crate) fn figures(study: &Study<'_>) -> Vec<Figure> {
    let loads = study.loads();
    if loads.is_empty() {
        return Vec::new();
    }
    let mut figures = Vec::new();
    if loads.len() > 1 {
        figures.push(goodput(study, &loads));
        figures.push(p99(study, &loads));
        figures.extend(batches(study, &loads));
    }
    figures.push(outcomes(study));
    if loads.len() > 1 {
        figures.push(percentiles(study, &loads));
    }
    figures
}

fn load(point: &Point<'_>) -> Option<f64> {
    point.at.load
}

fn goodput(study: &Study<'_>, loads: &[f64]) -> Figure {
    let mut loaded = study.valid().filter(|run| run.load.is_some());
    let relative = loaded.all(|run| measure::goodput_part(run).is_some());
    let (y, of): (_, fn(&Run) -> Option<f64>) = if relative {
        ("good answers / capacity", measure::goodput_part)
    } else {
        ("good answers per second", measure::goodput)
    };
    let curves = study
        .lines
        .iter()
        .map(|line| curve(line, load, |point| point.middle(of)));
    // Capacity is of requests one by one; batches can do many times as much.
    let mut parts = study.valid().filter_map(measure::goodput_part);
    let beyond = relative && parts.any(|part| part > BEYOND);
    let relative = relative && !beyond;
    let chart = Chart {
        name: format!("{y} against offered load"),
        heading: String::new(),
        size: HALF,
        x: axis_for(LOAD, loads),
        y: if beyond {
            Axis::log(y)
        } else {
            Axis::linear(y)
        },
        curves: curves.collect(),
        rules: Vec::new(),
        guide: relative.then(|| ("ideal".to_owned(), ideal(loads))),
    };
    let ideal = if relative {
        " The dotted line is all that could be had."
    } else {
        ""
    };
    let points = study.lines.iter().flat_map(|line| &line.points);
    Figure {
        title: "Goodput".to_owned(),
        caption: format!(
            "Answers within {} ms of the moment at which they were due. {}{ideal}",
            brief(study.target_ms),
            seeds(points)
        ),
        layout: Layout::Half,
        drawings: vec![Drawing::new("goodput", chart.draw())],
    }
}

/// Gives the line min(load, 1) from the least load to the largest.
fn ideal(loads: &[f64]) -> Vec<(f64, f64)> {
    let (Some(low), Some(high)) = (loads.first(), loads.last()) else {
        return Vec::new();
    };
    // Even ratios where there are ratios, so that the bend is smooth on both kinds of axis.
    let low = low.max(high * 1e-3);
    let step = |n| low * (high / low).powf(f64::from(n) / f64::from(IDEAL_STEPS));
    let mut xs: Vec<f64> = (0..=IDEAL_STEPS).map(step).collect();
    if low < 1.0 && *high > 1.0 {
        xs.push(1.0);
    }
    xs.sort_by(f64::total_cmp);
    xs.into_iter().map(|x| (x, x.min(1.0))).collect()
}

/// Draws how large batches are, where there are any.
fn batches(study: &Study<'_>, loads: &[f64]) -> Option<Figure> {
    let some = |run: &Run| measure::batch(run).is_some_and(|batch| batch >= BATCHES);
    if !study.valid().any(some) {
        return None;
    }
    let curves = study.lines.iter();
    let curves = curves.map(|line| curve(line, load, |point| point.middle(measure::batch)));
    let chart = Chart {
        name: "requests per batch against offered load".to_owned(),
        heading: String::new(),
        size: HALF,
        x: axis_for(LOAD, loads),
        y: Axis::log("requests per batch"),
        curves: curves.collect(),
        rules: Vec::new(),
        guide: None,
    };
    Some(Figure {
        title: "Batches".to_owned(),
        caption: "How many requests a batch had, on average over the run.".to_owned(),
        layout: Layout::Half,
        drawings: vec![Drawing::new("batches", chart.draw())],
    })
}

/// Draws the p99, and beside it what a careless generator would show.
fn p99(study: &Study<'_>, loads: &[f64]) -> Figure {
    let both = study.valid().any(|run| measure::uncorrected(run).is_some());
    let styled = |line: &Line<'_>, name: String, style: Style, of: fn(&Run) -> Option<f64>| Curve {
        name,
        style,
        ..curve(line, load, |point| point.middle(of))
    };
    let mut curves = Vec::new();
    for line in &study.lines {
        let style = if both { line.style.plain() } else { line.style };
        curves.push(styled(line, line.name.clone(), style, measure::p99));
        let uncorrected = styled(
            line,
            String::new(),
            line.style.counterpart(),
            measure::uncorrected,
        );
        if uncorrected.dots.iter().any(|dot| dot.y.is_finite()) {
            curves.push(uncorrected);
        }
    }
    let chart = Chart {
        name: "p99 latency against offered load".to_owned(),
        heading: String::new(),
        size: HALF,
        x: axis_for(LOAD, loads),
        y: Axis::log("p99 of answers, ms"),
        curves,
        rules: target(study),
        guide: None,
    };
    let beside = if both {
        " Dashed with hollow marks: counted from when it was sent instead, which hides what the \
          generator itself had to wait for."
    } else {
        ""
    };
    Figure {
        title: "Latency under load".to_owned(),
        caption: format!(
            "The p99 of what was answered, in time or not, from the moment at which it was due.{beside}"
        ),
        layout: Layout::Half,
        drawings: vec![Drawing::new("p99", chart.draw())],
    }
}

fn target(study: &Study<'_>) -> Vec<Rule> {
    vec![Rule {
        name: target_name(study.target_ms),
        value: study.target_ms,
    }]
}

fn percentiles(study: &Study<'_>, loads: &[f64]) -> Figure {
    let quantile = |run: &Run, of: OfSpread| measure::quantile(run, of(&run.latency.spread));
    // All panels have one axis, so that heights can be compared.
    let all: Vec<f64> = study
        .valid()
        .flat_map(|run| QUANTILES.map(|(_, of)| quantile(run, of).unwrap_or(f64::NAN)))
        .collect();
    let panel = |(name, of): (&str, OfSpread)| {
        let at = |point: &Point<'_>| point.middle(|run| quantile(run, of));
        let chart = Chart {
            name: format!("{name} latency against offered load"),
            heading: name.to_owned(),
            size: HALF,
            x: axis_for(LOAD, loads),
            y: Axis::log("ms").covering(all.iter().copied()),
            curves: study
                .lines
                .iter()
                .map(|line| curve(line, load, at))
                .collect(),
            rules: target(study),
            guide: None,
        };
        Drawing::new(format!("latency-{name}"), chart.draw())
    };
    Figure {
        title: "Percentiles against load".to_owned(),
        caption: "All four on the same axis; medians over the seeds, with their range.".to_owned(),
        layout: Layout::Pairs,
        drawings: QUANTILES.into_iter().map(panel).collect(),
    }
}

fn outcomes(study: &Study<'_>) -> Figure {
    let (layout, size) = several(study.lines.len());
    let drawings = study.lines.iter().enumerate().map(|(index, line)| {
        let bars = line.points.iter().filter(|point| point.at.load.is_some());
        let stacks = Stacks {
            name: format!("what became of what was offered: {}", line.name),
            heading: line.name.clone(),
            size,
            x_title: LOAD.to_owned(),
            parts: ["good", "late", "rejected", "failed"],
            bars: bars.filter_map(bar).collect(),
        };
        Drawing::new(
            format!("outcomes-{}-{}", index + 1, line.name),
            stacks.draw(),
        )
    });
    Figure {
        title: "What became of what was offered".to_owned(),
        caption: "All seeds together. Good is within the target, late is not; rejected was told \
                  so; failed has no answer."
            .to_owned(),
        layout,
        drawings: drawings.collect(),
    }
}

fn bar(point: &Point<'_>) -> Option<Bar> {
    let mut sum = crate::record::Outcomes::default();
    point.valid().for_each(|run| sum.add(&run.outcomes));
    let part = |part| measure::share(part, sum.offered);
    let (good, late) = (part(sum.good)?, part(sum.late)?);
    Some(Bar {
        label: brief(point.at.load?),
        shares: [good, late, part(sum.rejected)?, part(sum.failed)?],
    })
}

#[cfg(test)]
mod tests {
    use super::{figures, ideal};
    use crate::record::Column;
    use crate::report::fixture::{full, record, run};
    use crate::report::study::{Looks, Study};

    #[test]
    fn the_ideal_bends_at_capacity() {
        let line = ideal(&[0.5, 10.0]);
        assert!(line.contains(&(1.0, 1.0)));
        assert!(line.iter().all(|(x, y)| (y - x.min(1.0)).abs() < 1e-12));
        assert_eq!(line.first(), Some(&(0.5, 0.5)));
    }

    #[test]
    fn one_load_is_no_curve() {
        let record = record(vec![run("a", 1.0, 1)]);
        let titles: Vec<_> = figures(&Study::of(&record, &mut Looks::default()))
            .into_iter()
            .map(|figure| figure.title)
            .collect();
        assert_eq!(titles, ["What became of what was offered"]);
    }

    #[test]
    fn what_batches_do_beyond_capacity_has_no_ideal() {
        let drawn = |capacity: f64| {
            let mut runs = vec![full("a", 1.0, 1), full("a", 2.0, 1)];
            for run in &mut runs {
                run.capacity = Some(capacity);
            }
            let record = record(runs);
            let figures = figures(&Study::of(&record, &mut Looks::default()));
            figures[0].drawings[0].svg.contains(">ideal<")
        };
        assert!(drawn(1_000.0) && !drawn(100.0));
    }

    #[test]
    fn the_size_of_batches_is_drawn_where_there_are_any() {
        let titles = |size: f64| {
            let mut runs = vec![full("a", 1.0, 1), full("a", 2.0, 1)];
            for run in &mut runs {
                run.series.as_mut().unwrap().columns.push(Column {
                    name: "batch".to_owned(),
                    unit: "requests a batch".to_owned(),
                    values: vec![Some(size), None, Some(1.0)],
                });
            }
            let record = record(runs);
            let figures = figures(&Study::of(&record, &mut Looks::default()));
            figures.iter().any(|figure| figure.title == "Batches")
        };
        assert!(titles(9.0) && !titles(1.0));
    }

    #[test]
    fn the_uncorrected_p99_stands_beside_the_other_where_it_is_known() {
        let count = |runs| {
            let record = record(runs);
            let figures = figures(&Study::of(&record, &mut Looks::default()));
            figures[1].drawings[0]
                .svg
                .matches("class=\"curve\"")
                .count()
        };
        assert_eq!(count(vec![run("a", 1.0, 1), run("a", 2.0, 1)]), 1);
        assert_eq!(count(vec![full("a", 1.0, 1), full("a", 2.0, 1)]), 2);
    }

    #[test]
    fn outcomes_that_overflow_when_added_are_not_possible_in_a_bar() {
        let record = record(vec![run("a", 1.0, 1), run("a", 1.0, 2)]);
        let figures = figures(&Study::of(&record, &mut Looks::default()));
        assert!(figures[0].drawings[0].svg.contains("<title>good 90"));
    }
}
