//! How latencies are spread: the part that took at most so long.

use crate::plot::axis::Axis;
use crate::plot::chart::{Chart, Curve, Dot, Marks};
use crate::report::figure::{Drawing, Figure, HALF, Layout};
use crate::report::study::{At, Line, Study};

/// The load at which most of what matters happens.
const FULL: f64 = 1.0;

/// Draws the spread of latencies about capacity and at the most load.
pub(crate) fn figure(study: &Study<'_>) -> Option<Figure> {
    let drawings: Vec<Drawing> = chosen(study)
        .into_iter()
        .filter_map(|at| plot(study, at))
        .collect();
    if drawings.is_empty() {
        return None;
    }
    Some(Figure {
        title: "How latencies are spread".to_owned(),
        caption: "The part of the answers that took at most so long, for the seed whose p99 is \
                  in the middle."
            .to_owned(),
        layout: if drawings.len() > 1 {
            Layout::Pairs
        } else {
            Layout::Half
        },
        drawings,
    })
}

/// Gives the points to look at: the load next to capacity, and the most.
fn chosen(study: &Study<'_>) -> Vec<At> {
    let ats = study.ats();
    let far = |at: &At| {
        at.load
            .map_or(f64::INFINITY, |load| (load / FULL).ln().abs())
    };
    let full = ats
        .iter()
        .min_by(|one, other| far(one).total_cmp(&far(other)));
    let full = full.filter(|at| at.load.is_some());
    let mut chosen: Vec<At> = full.into_iter().chain(ats.last()).copied().collect();
    chosen.dedup();
    chosen
}

fn plot(study: &Study<'_>, at: At) -> Option<Drawing> {
    let curves: Vec<Curve> = study
        .lines
        .iter()
        .filter_map(|line| curve(line, at))
        .collect();
    if curves.is_empty() {
        return None;
    }
    let words = at.words();
    let chart = Chart {
        name: format!("latencies at {words}"),
        heading: words.clone(),
        size: HALF,
        x: Axis::log("latency, ms").covering([study.target_ms]),
        y: Axis::linear("part of the answers").covering([1.0]),
        curves,
        rules: Vec::new(),
        guide: Some((
            String::new(),
            vec![(study.target_ms, 0.0), (study.target_ms, 1.0)],
        )),
    };
    Some(Drawing::new(format!("cdf {words}"), chart.draw()))
}

fn curve(line: &Line<'_>, at: At) -> Option<Curve> {
    let run = line.at(at)?.typical()?;
    let dots: Vec<Dot> = run.latency.curve.iter().map(place).collect();
    (!dots.is_empty()).then(|| Curve {
        name: line.name.clone(),
        style: line.style,
        dots,
        marks: Marks::None,
    })
}

fn place((latency, part): &(f64, f64)) -> Dot {
    Dot {
        x: *latency,
        y: *part,
        ..Dot::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{chosen, figure};
    use crate::report::fixture::{closed, record, run};
    use crate::report::study::{Looks, Study};

    #[test]
    fn capacity_and_the_most_load_are_looked_at() {
        let loads = [0.5, 0.9, 1.2, 2.0, 10.0];
        let record = record(loads.map(|load| run("a", load, 1)).into());
        let study = Study::of(&record, &mut Looks::default());
        let loads: Vec<_> = chosen(&study).iter().map(|at| at.load.unwrap()).collect();
        assert_eq!(loads, [0.9, 10.0]);
        assert_eq!(figure(&study).unwrap().drawings.len(), 2);
    }

    #[test]
    fn the_most_clients_are_looked_at() {
        let record = record(vec![closed("a", 1, 1), closed("a", 64, 1)]);
        let study = Study::of(&record, &mut Looks::default());
        let clients: Vec<_> = chosen(&study)
            .iter()
            .map(|at| at.clients.unwrap())
            .collect();
        assert_eq!(clients, [64]);
    }
}
