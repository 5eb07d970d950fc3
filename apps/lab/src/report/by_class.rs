//! What each class of requests gets.

use std::collections::BTreeSet;

use crate::plot::axis::Axis;
use crate::plot::chart::{Chart, Curve};
use crate::plot::ink::Style;
use crate::plot::stacks::{Bar, Stacks};
use crate::record::{ClassRun, Outcomes, Run};
use crate::report::figure::{Drawing, Figure, HALF, Layout, axis_for, curve, several};
use crate::report::measure;
use crate::report::study::{Line, Point, Study};

/// Draws what each class gets, where requests have classes.
pub(crate) fn figures(study: &Study<'_>) -> Vec<Figure> {
    let classes = study.valid().flat_map(|run| &run.classes);
    let classes: BTreeSet<u8> = classes.map(|class| class.class).collect();
    if classes.len() < 2 {
        return Vec::new();
    }
    let loads = study.loads();
    if loads.len() < 2 {
        return vec![at_once(study, &classes)];
    }
    let parts = Axis::linear("good / offered of the class").covering([1.0]);
    let shown = Shown {
        study,
        classes,
        loads,
    };
    vec![
        shown.figure(
            "Goodput by class",
            &Axis::linear("good answers per second"),
            goodput,
        ),
        shown.figure("Done in time by class", &parts, good_share),
    ]
}

/// What is shown, and against which loads.
struct Shown<'s, 'r> {
    study: &'s Study<'r>,
    classes: BTreeSet<u8>,
    loads: Vec<f64>,
}

type OfClass = fn(&Run, &ClassRun) -> Option<f64>;

#[allow(clippy::unnecessary_wraps, reason = "as the other figures")]
fn goodput(run: &Run, class: &ClassRun) -> Option<f64> {
    let alone = Run {
        outcomes: class.outcomes,
        seconds: run.seconds,
        ..Run::default()
    };
    Some(alone.goodput())
}

fn good_share(_: &Run, class: &ClassRun) -> Option<f64> {
    measure::share(class.outcomes.good, class.outcomes.offered)
}

impl Shown<'_, '_> {
    fn figure(&self, title: &str, y: &Axis, of: OfClass) -> Figure {
        let lines = self.study.lines.iter().enumerate();
        let drawings = lines.map(|(index, line)| {
            let chart = Chart {
                name: format!("{title}: {}", line.name),
                heading: line.name.clone(),
                size: HALF,
                x: axis_for("offered load / capacity", &self.loads),
                y: y.clone(),
                curves: self
                    .classes
                    .iter()
                    .map(|class| of_class(line, *class, of))
                    .collect(),
                rules: Vec::new(),
                guide: None,
            };
            Drawing::new(format!("{title}-{}-{}", index + 1, line.name), chart.draw())
        });
        Figure {
            title: title.to_owned(),
            caption: "Class 0 is the most urgent. Medians over the seeds, with their range."
                .to_owned(),
            layout: Layout::Pairs,
            drawings: drawings.collect(),
        }
    }
}

fn of_class(line: &Line<'_>, class: u8, of: OfClass) -> Curve {
    let at = |point: &Point<'_>| {
        point.middle(|run| {
            let class = run.classes.iter().find(|one| one.class == class)?;
            of(run, class)
        })
    };
    Curve {
        name: format!("class {class}"),
        style: Style::nth(usize::from(class)),
        ..curve(line, |point| point.at.load, at)
    }
}

/// Draws the classes beside each other under the one load that there is.
fn at_once(study: &Study<'_>, classes: &BTreeSet<u8>) -> Figure {
    let (layout, size) = several(study.lines.len());
    let drawings = study.lines.iter().enumerate().map(|(index, line)| {
        let bars = classes.iter().filter_map(|class| bar(line, *class));
        let stacks = Stacks {
            name: format!("what became of each class: {}", line.name),
            heading: line.name.clone(),
            size,
            x_title: "class".to_owned(),
            parts: ["good", "late", "rejected", "failed"],
            bars: bars.collect(),
        };
        Drawing::new(
            format!("classes-{}-{}", index + 1, line.name),
            stacks.draw(),
        )
    });
    Figure {
        title: "What became of each class".to_owned(),
        caption: format!(
            "Class 0 is the most urgent. All seeds together.{}",
            promises(study, classes)
        ),
        layout,
        drawings: drawings.collect(),
    }
}

/// Says within what an answer to each class is good, where that is known, and
/// for how long at most a class had none, by variant.
fn promises(study: &Study<'_>, classes: &BTreeSet<u8>) -> String {
    let of_class = |class: u8| move |one: &&ClassRun| one.class == class;
    let all = || study.valid().flat_map(|run| &run.classes);
    let target = |class: &u8| {
        let target = all()
            .filter(of_class(*class))
            .find_map(|one| one.target_ms)?;
        Some(format!("{class}: {target} ms"))
    };
    let targets: Vec<String> = classes.iter().filter_map(target).collect();
    let mut words = String::new();
    if !targets.is_empty() {
        words = format!(
            " Good is within the class's target ({}).",
            targets.join(", ")
        );
    }
    for line in &study.lines {
        let runs = || line.points.iter().flat_map(Point::valid);
        let longest = |class: &u8| {
            let of_class = runs().flat_map(|run| &run.classes).filter(of_class(*class));
            let longest = of_class.filter_map(|one| one.starved_ms).reduce(f64::max)?;
            Some(format!("{class}: {:.1} s", longest / 1e3))
        };
        let longest: Vec<String> = classes.iter().filter_map(longest).collect();
        if !longest.is_empty() {
            let all = longest.join(", ");
            let of = &line.name;
            words = format!("{words} Longest without an answer, {of}: {all}.");
        }
    }
    words
}

fn bar(line: &Line<'_>, class: u8) -> Option<Bar> {
    let mut sum = Outcomes::default();
    let runs = line.points.iter().flat_map(Point::valid);
    for one in runs
        .flat_map(|run| &run.classes)
        .filter(|one| one.class == class)
    {
        sum.add(&one.outcomes);
    }
    let part = |part| measure::share(part, sum.offered);
    let (good, late) = (part(sum.good)?, part(sum.late)?);
    Some(Bar {
        label: class.to_string(),
        shares: [good, late, part(sum.rejected)?, part(sum.failed)?],
    })
}

#[cfg(test)]
mod tests {
    use super::figures;
    use crate::report::fixture::{full, record, run};
    use crate::report::study::{Looks, Study};

    fn titles(runs: Vec<crate::record::Run>) -> Vec<String> {
        let record = record(runs);
        let figures = figures(&Study::of(&record, &mut Looks::default()));
        figures.into_iter().map(|figure| figure.title).collect()
    }

    #[test]
    fn classes_are_drawn_where_there_are_several() {
        assert_eq!(titles(vec![run("a", 1.0, 1)]), [""; 0]);
        assert_eq!(
            titles(vec![full("a", 1.0, 1)]),
            ["What became of each class"]
        );
        let both = vec![full("a", 1.0, 1), full("a", 2.0, 1)];
        assert_eq!(titles(both), ["Goodput by class", "Done in time by class"]);
    }
}
