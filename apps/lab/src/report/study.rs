//! The runs of a record in order: by variant, then by point, then by seed.

use std::cmp::Ordering;

use crate::plot::ink::Style;
use crate::plot::numeral::brief;
use crate::record::{Record, Run};
use crate::report::middle::Middle;

/// Is the runs that are shown together.
#[derive(Clone, Debug)]
pub(crate) struct Study<'r> {
    /// The latency that is wanted, in milliseconds.
    pub(crate) target_ms: f64,
    pub(crate) lines: Vec<Line<'r>>,
}

/// Is what one variant did at all points.
#[derive(Clone, Debug)]
pub(crate) struct Line<'r> {
    pub(crate) name: String,
    pub(crate) style: Style,
    /// Ascending.
    pub(crate) points: Vec<Point<'r>>,
}

/// Is the runs of one variant under one load: they differ in their seeds.
#[derive(Clone, Debug)]
pub(crate) struct Point<'r> {
    pub(crate) at: At,
    pub(crate) runs: Vec<&'r Run>,
}

/// Says under what load runs were made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct At {
    pub(crate) load: Option<f64>,
    pub(crate) clients: Option<u64>,
}

/// Gives a look to each name, the same in all plots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Looks(Vec<String>);

impl Looks {
    /// Gives the look of a name, a new one for a new name.
    pub(crate) fn of(&mut self, name: &str) -> Style {
        let known = self.0.iter().position(|one| one == name);
        let index = known.unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        Style::nth(index)
    }
}

impl<'r> Study<'r> {
    /// Puts the runs of a record in order.
    pub(crate) fn of(record: &'r Record, looks: &mut Looks) -> Self {
        let mut lines: Vec<Line<'r>> = Vec::new();
        for run in &record.runs {
            match lines.iter_mut().find(|line| line.name == run.variant) {
                Some(line) => line.add(run),
                None => lines.push(Line::starting(run, looks.of(&run.variant))),
            }
        }
        for line in &mut lines {
            line.points.sort_by(|one, other| one.at.order(&other.at));
        }
        Self {
            target_ms: record.target_ms,
            lines,
        }
    }

    /// Leaves out all variants but these; none when there are no names.
    pub(crate) fn only(mut self, names: &[String]) -> Self {
        if !names.is_empty() {
            self.lines.retain(|line| names.contains(&line.name));
        }
        self
    }

    /// Gives all loads, ascending, each once.
    pub(crate) fn loads(&self) -> Vec<f64> {
        let points = self.lines.iter().flat_map(|line| &line.points);
        let mut loads: Vec<f64> = points.filter_map(|point| point.at.load).collect();
        loads.sort_by(f64::total_cmp);
        loads.dedup();
        loads
    }

    /// Gives all points at which something ran, ascending, each once.
    pub(crate) fn ats(&self) -> Vec<At> {
        let points = self.lines.iter().flat_map(|line| &line.points);
        let mut ats: Vec<At> = points.map(|point| point.at).collect();
        ats.sort_by(At::order);
        ats.dedup();
        ats
    }

    /// Gives all runs that count.
    pub(crate) fn valid(&self) -> impl Iterator<Item = &'r Run> {
        let points = self.lines.iter().flat_map(|line| &line.points);
        points.flat_map(Point::valid)
    }
}

impl<'r> Line<'r> {
    fn starting(run: &'r Run, style: Style) -> Self {
        let mut line = Self {
            name: run.variant.clone(),
            style,
            points: Vec::new(),
        };
        line.add(run);
        line
    }

    fn add(&mut self, run: &'r Run) {
        let at = At {
            load: run.load,
            clients: run.clients,
        };
        match self.points.iter_mut().find(|point| point.at == at) {
            Some(point) => point.runs.push(run),
            None => self.points.push(Point {
                at,
                runs: vec![run],
            }),
        }
    }

    /// Gives what ran at a point.
    pub(crate) fn at(&self, at: At) -> Option<&Point<'r>> {
        self.points.iter().find(|point| point.at == at)
    }
}

impl<'r> Point<'r> {
    /// Gives the runs that count.
    pub(crate) fn valid(&self) -> impl Iterator<Item = &'r Run> {
        let runs = self.runs.iter().copied();
        runs.filter(|run| run.invalid.is_none())
    }

    /// Gives the middle of a figure over the runs that count and have it.
    pub(crate) fn middle(&self, of: impl Fn(&Run) -> Option<f64>) -> Option<Middle> {
        Middle::of(self.valid().filter_map(of))
    }

    /// Gives the run whose p99 is in the middle, the lower of two.
    pub(crate) fn typical(&self) -> Option<&'r Run> {
        let mut runs: Vec<&Run> = self.valid().collect();
        let p99 = |run: &Run| run.latency.spread.p99;
        runs.sort_by(|one, other| p99(one).total_cmp(&p99(other)));
        runs.get(runs.len().saturating_sub(1) / 2).copied()
    }
}

impl At {
    fn order(&self, other: &Self) -> Ordering {
        let load = |at: &Self| at.load.unwrap_or(f64::NEG_INFINITY);
        let loads = load(self).total_cmp(&load(other));
        loads.then(self.clients.cmp(&other.clients))
    }

    /// Writes it in a few words; none where there is nothing to say.
    pub(crate) fn words(&self) -> String {
        let load = self.load.map(|load| format!("{}x", brief(load)));
        let clients = self.clients.map(|clients| match clients {
            1 => "1 client".to_owned(),
            clients => format!("{clients} clients"),
        });
        let words: Vec<String> = [load, clients].into_iter().flatten().collect();
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::{At, Looks, Study};
    use crate::report::fixture::{record, run};

    #[test]
    fn runs_are_in_order_of_variant_point_and_seed() {
        let record = record(vec![
            run("b", 2.0, 1),
            run("a", 2.0, 1),
            run("b", 0.5, 1),
            run("b", 2.0, 2),
        ]);
        let study = Study::of(&record, &mut Looks::default());
        let names: Vec<_> = study.lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["b", "a"], "as in the record");
        assert_eq!(study.loads(), [0.5, 2.0]);
        let runs: Vec<_> = study.lines[0]
            .points
            .iter()
            .map(|point| point.runs.len())
            .collect();
        assert_eq!(runs, [1, 2]);
    }

    #[test]
    fn a_run_that_is_invalid_is_not_in_the_median() {
        let mut runs = vec![run("a", 1.0, 1), run("a", 1.0, 2), run("a", 1.0, 3)];
        for (run, p99) in runs.iter_mut().zip([1.0, 2.0, 100.0]) {
            run.latency.spread.p99 = p99;
        }
        runs[2].invalid = Some("late".to_owned());
        let record = record(runs);
        let study = Study::of(&record, &mut Looks::default());
        let middle = study.lines[0].points[0]
            .middle(|run| Some(run.latency.spread.p99))
            .unwrap();
        assert_eq!((middle.median, middle.high, middle.count), (1.5, 2.0, 2));
    }

    #[test]
    fn a_point_is_said_in_words() {
        let at = |load, clients| At { load, clients }.words();
        assert_eq!(at(Some(0.5), None), "0.5x");
        assert_eq!(at(None, Some(1)), "1 client");
        assert_eq!(at(Some(2.0), Some(1024)), "2x, 1024 clients");
        assert_eq!(at(None, None), "");
    }

    #[test]
    fn a_variant_looks_the_same_without_the_others() {
        let record = record(vec![run("a", 1.0, 1), run("b", 1.0, 1)]);
        let study = Study::of(&record, &mut Looks::default());
        let all = study.clone().only(&[]);
        assert_eq!(all.lines.len(), 2);
        let only = study.only(&["b".to_owned()]);
        assert_eq!(only.lines.len(), 1);
        assert_eq!(only.lines[0].style, all.lines[1].style);
    }

    #[test]
    fn a_name_looks_the_same_in_all_records() {
        let mut looks = Looks::default();
        let (a, b) = (looks.of("a"), looks.of("b"));
        assert_ne!(a, b);
        assert_eq!((looks.of("a"), looks.of("b")), (a, b));
    }
}
