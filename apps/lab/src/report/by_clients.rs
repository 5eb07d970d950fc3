//! What clients of a closed load get: throughput, latency and fairness against their number.

use crate::plot::axis::Axis;
use crate::plot::chart::{Chart, Curve, Dot, Marks, Rule};
use crate::record::Run;
use crate::report::figure::{Drawing, Figure, HALF, Layout, axis_for, curve, seeds, target_name};
use crate::report::measure;
use crate::report::study::{Line, Point, Study};

/// Variants that differ by so many times are apart.
const APART: f64 = 20.0;

/// Draws all that can be seen of closed loads.
pub(crate) fn figures(study: &Study<'_>) -> Vec<Figure> {
    let counts: Vec<f64> = study
        .ats()
        .iter()
        .filter_map(|at| at.clients.map(float))
        .collect();
    let mut figures = Vec::new();
    if counts.len() > 1 {
        figures.push(against(study, &counts));
    }
    figures.extend(each_client(study));
    figures
}

fn against(study: &Study<'_>, counts: &[f64]) -> Figure {
    let plots = Plots { study, counts };
    let jain = |run: &Run| measure::fairness(run, |one| one.jain);
    let slowest = |run: &Run| measure::fairness(run, |one| one.slowest);
    let done = |run: &Run| Some(run.throughput());
    let done = plots.draw(
        "answers per second",
        plots.rates("answers per second"),
        done,
    );
    let rule = Rule {
        name: target_name(study.target_ms),
        value: study.target_ms,
    };
    let late = plots.chart(
        "p99 of answers, ms",
        Axis::log("p99 of answers, ms"),
        measure::p99,
    );
    let late = late.map(|chart| Chart {
        rules: vec![rule],
        ..chart
    });
    let late = late.map(|chart| Drawing::new("clients-p99", chart.draw()));
    let half = Axis::log("p50 of answers, ms");
    let half = plots.draw("p50", half, measure::p50);
    let cpu = Axis::log("CPU time per answer, µs");
    let cpu = plots.draw("cpu", cpu, measure::cpu);
    // A sixth plot stands beside the fifth.
    let half = half.filter(|_| cpu.is_some());
    let even = Axis::linear("Jain's index of answers per client").covering([1.0]);
    let even = plots.draw("jain", even, jain);
    let worst = Axis::linear("mean latency, slowest client / median").covering([1.0]);
    let worst = plots.draw("slowest", worst, slowest);
    let points = study.lines.iter().flat_map(|line| &line.points);
    Figure {
        title: "Throughput and fairness against clients".to_owned(),
        caption: format!(
            "Jain's index is 1 when all clients get as much, and 1/n when one gets all. {}",
            seeds(points)
        ),
        layout: Layout::Pairs,
        drawings: [done, cpu, half, late, even, worst]
            .into_iter()
            .flatten()
            .collect(),
    }
}

/// What plots against the number of clients have in common.
struct Plots<'s, 'r> {
    study: &'s Study<'r>,
    counts: &'s [f64],
}

impl Plots<'_, '_> {
    /// Gives an axis of rates: by ratio where variants differ so much that the
    /// lesser could not be told from nothing.
    fn rates(&self, title: &str) -> Axis {
        let apart = self.study.ats().into_iter().any(|at| {
            let points = self.study.lines.iter().filter_map(|line| line.at(at));
            let rates = points.filter_map(|point| point.middle(|run| Some(run.throughput())));
            let rates = rates.map(|rate| rate.median);
            let (low, high) = rates.fold((f64::INFINITY, 0.0_f64), |(low, high), rate| {
                (low.min(rate), high.max(rate))
            });
            low > 0.0 && high / low >= APART
        });
        if apart {
            Axis::log(title)
        } else {
            Axis::linear(title)
        }
    }

    fn draw(&self, name: &str, y: Axis, of: fn(&Run) -> Option<f64>) -> Option<Drawing> {
        let chart = self.chart(name, y, of)?;
        Some(Drawing::new(format!("clients-{name}"), chart.draw()))
    }

    /// Plots a figure, where any run has it.
    fn chart(&self, name: &str, y: Axis, of: fn(&Run) -> Option<f64>) -> Option<Chart> {
        let x = |point: &Point<'_>| point.at.clients.map(float);
        let curve = |line: &Line<'_>| curve(line, x, |point| point.middle(of));
        let curves: Vec<Curve> = self.study.lines.iter().map(curve).collect();
        let seen = curves
            .iter()
            .flat_map(|curve| &curve.dots)
            .any(|dot| dot.y.is_finite());
        seen.then(|| Chart {
            name: format!("{name} against clients"),
            heading: String::new(),
            size: HALF,
            x: axis_for("clients", self.counts),
            y,
            curves,
            rules: Vec::new(),
            guide: None,
        })
    }
}

/// Draws how the p99s of the clients are spread where there are most of them.
fn each_client(study: &Study<'_>) -> Option<Figure> {
    let curves: Vec<Curve> = study.lines.iter().filter_map(spread).collect();
    if curves.is_empty() {
        return None;
    }
    let chart = Chart {
        name: "p99 of each client".to_owned(),
        heading: String::new(),
        size: HALF,
        x: Axis::log("p99 of a client, ms"),
        y: Axis::linear("part of the clients").covering([1.0]),
        curves,
        rules: Vec::new(),
        guide: None,
    };
    Some(Figure {
        title: "What each client had".to_owned(),
        caption: "The p99 latency of every client at the most clients, for the seed whose p99 is \
                  in the middle: the steeper, the more alike they were served."
            .to_owned(),
        layout: Layout::Half,
        drawings: vec![Drawing::new("clients-each-p99", chart.draw())],
    })
}

fn spread(line: &Line<'_>) -> Option<Curve> {
    let run = line.points.last()?.typical()?;
    let p99s = &run.fairness.as_ref()?.p99_ms;
    let whole = u32::try_from(p99s.len()).ok().filter(|count| *count > 1)?;
    let dots = (1..=whole).zip(p99s).map(|(n, p99)| Dot {
        x: *p99,
        y: f64::from(n) / f64::from(whole),
        ..Dot::default()
    });
    Some(Curve {
        name: line.name.clone(),
        style: line.style,
        dots: dots.collect(),
        marks: Marks::None,
    })
}

#[allow(clippy::cast_precision_loss, reason = "numbers of clients")]
const fn float(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::figures;
    use crate::report::fixture::{closed, record, run};
    use crate::report::study::{Looks, Study};

    #[test]
    fn clients_have_throughput_latency_and_fairness() {
        let record = record(vec![
            closed("a", 1, 1),
            closed("a", 64, 1),
            closed("a", 1024, 1),
        ]);
        let figures = figures(&Study::of(&record, &mut Looks::default()));
        let slugs: Vec<_> = figures
            .iter()
            .flat_map(|figure| &figure.drawings)
            .map(|one| one.slug.as_str())
            .collect();
        let expected = [
            "clients-answers-per-second",
            "clients-p99",
            "clients-jain",
            "clients-slowest",
            "clients-each-p99",
        ];
        assert_eq!(slugs, expected);
    }

    #[test]
    fn open_loads_have_no_clients() {
        let record = record(vec![run("a", 1.0, 1), run("a", 2.0, 1)]);
        assert!(figures(&Study::of(&record, &mut Looks::default())).is_empty());
    }
    #[test]
    fn what_differs_by_far_is_drawn_by_ratio_and_with_its_cpu_time() {
        let slow = |clients| {
            let mut slow = closed("slow", clients, 1);
            slow.outcomes.good /= 100;
            slow.outcomes.rejected = slow.outcomes.offered - slow.outcomes.good;
            slow
        };
        let svg = |mut runs: Vec<crate::record::Run>| {
            for run in &mut runs {
                run.cpu_us = Some(1.5);
            }
            let record = record(runs);
            let figures = figures(&Study::of(&record, &mut Looks::default()));
            let slugs = figures[0].drawings.iter().map(|one| one.slug.clone());
            assert_eq!(
                slugs.collect::<Vec<_>>()[1..3],
                ["clients-cpu", "clients-p50"]
            );
            figures[0].drawings[0].svg.clone()
        };
        let fast = || vec![closed("fast", 1, 1), closed("fast", 64, 1)];
        assert!(svg(fast()).contains(">0<"), "a linear axis has a zero");
        let both = svg(fast().into_iter().chain([slow(1), slow(64)]).collect());
        assert!(!both.contains(">0<"), "{both}");
    }
}
