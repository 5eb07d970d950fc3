//! Two records side by side, point by point.

use serde::Serialize;

use crate::plot::numeral::{brief, percent};
use crate::record::{Record, Run};
use crate::report::measure;
use crate::report::middle::Middle;
use crate::report::study::{At, Line, Looks, Point, Study};

/// From which part on a change of what should be equal is worth a word.
const NOTEWORTHY: f64 = 0.02;

/// Is two records side by side.
#[derive(Clone, Debug)]
pub struct Versus<'r> {
    pub(crate) a: &'r Record,
    pub(crate) b: &'r Record,
    rows: Vec<Row>,
    only: [Vec<String>; 2],
}

/// Is one figure of a variant at a point, in both records.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The variant's name.
    pub variant: String,
    /// Offered load as a part of capacity.
    pub load: Option<f64>,
    /// The number of clients.
    pub clients: Option<u64>,
    /// Good answers per second.
    pub goodput: Pair,
    /// The p99 of the latency, in milliseconds.
    pub p99_ms: Pair,
    /// The part of the offered requests that was rejected.
    pub rejected: Pair,
}

/// Is a figure in both records.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Pair {
    /// In the first; none where no run that counts has it.
    pub a: Option<Seen>,
    /// In the second.
    pub b: Option<Seen>,
    /// How they differ.
    pub difference: Difference,
}

/// Is what several seeds gave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Seen {
    /// The median.
    pub median: f64,
    /// The least.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// How many runs there are.
    pub runs: usize,
}

/// Says how a figure of the second record differs from that of the first.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// The ranges overlap: no difference is to be seen.
    None,
    /// All runs of the second are above all of the first.
    Higher,
    /// All runs of the second are below all of the first.
    Lower,
    /// A range is missing, since there are less than two runs that count.
    Unknown,
}

impl<'r> Versus<'r> {
    /// Puts two records side by side.
    pub fn of(a: &'r Record, b: &'r Record) -> Self {
        let mut looks = Looks::default();
        let studies = [Study::of(a, &mut looks), Study::of(b, &mut looks)];
        let [of_a, of_b] = &studies;
        let rows = pairs(of_a, of_b).map(|(line, one, other)| Row::of(&line.name, one, other));
        Self {
            a,
            b,
            rows: rows.collect(),
            only: [only(of_a, of_b), only(of_b, of_a)],
        }
    }

    /// Gives what is in both, by variant and ascending point.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Says in a sentence how much of it differs.
    pub fn verdict(&self) -> String {
        let pairs = |row: &Row| [row.goodput, row.p99_ms, row.rejected];
        let all: Vec<Difference> = self
            .rows
            .iter()
            .flat_map(pairs)
            .map(|pair| pair.difference)
            .collect();
        let differ = |one: &&Difference| matches!(one, Difference::Higher | Difference::Lower);
        match (all.iter().filter(differ).count(), all.len()) {
            (0, all) => format!("In none of {all} figures is a difference to be seen."),
            (some, all) => format!("{some} of {all} figures differ by more than the seeds do."),
        }
    }

    /// Says what keeps the figures from being compared, one thing each.
    pub fn cautions(&self) -> Vec<String> {
        let mut said = Vec::new();
        let (a, b) = (self.a.target_ms, self.b.target_ms);
        if differ(a, b, 1e-9) {
            said.push(format!(
                "the targets differ, {} and {} ms: what is good in one is not in the other",
                brief(a),
                brief(b)
            ));
        }
        let [of_a, of_b] = [self.a, self.b]
            .map(|record| Middle::of(record.runs.iter().filter_map(|run| run.capacity)));
        if let (Some(a), Some(b)) = (of_a, of_b)
            && differ(a.median, b.median, NOTEWORTHY)
        {
            said.push(format!(
                "the capacities differ, {} and {} per second: the same load is not as much in both",
                brief(a.median),
                brief(b.median)
            ));
        }
        for (only, name) in self.only.iter().zip(["A", "B"]) {
            if !only.is_empty() {
                said.push(format!("only in {name}: {}", only.join("; ")));
            }
        }
        let unknown = self
            .rows
            .iter()
            .filter(|row| row.goodput.difference == Difference::Unknown);
        let unknown = unknown.count();
        if unknown > 0 {
            said.push(format!(
                "{unknown} of {} points have less than two valid runs on a side: nobody knows what chance does there",
                self.rows.len()
            ));
        }
        said
    }

    /// Gives a study of both, in which A is drawn plain and B dashed.
    pub(crate) fn study(&self) -> Study<'r> {
        let mut looks = Looks::default();
        let mut of_a = Study::of(self.a, &mut looks);
        let mut of_b = Study::of(self.b, &mut looks);
        let names: Vec<String> = of_a.lines.iter().map(|line| line.name.clone()).collect();
        of_a.lines
            .retain(|line| of_b.lines.iter().any(|other| other.name == line.name));
        of_b.lines.retain(|line| names.contains(&line.name));
        let alone = of_a.lines.len() == 1;
        let mut lines = Vec::new();
        for mut line in of_a.lines {
            let other = of_b.lines.iter().position(|other| other.name == line.name);
            line.style = line.style.plain();
            let name = std::mem::take(&mut line.name);
            line.name = format!("A {name}");
            lines.push(line);
            if let Some(other) = other {
                let mut line = of_b.lines.swap_remove(other);
                // Where there are only two curves, colour tells them apart as well.
                let style = if alone { looks.of("\u{0}") } else { line.style };
                line.style = style.counterpart();
                line.name = format!("B {name}");
                lines.push(line);
            }
        }
        Study {
            target_ms: of_a.target_ms,
            lines,
        }
    }
}

impl Row {
    fn of(variant: &str, a: &Point<'_>, b: &Point<'_>) -> Self {
        let pair = |of: fn(&Run) -> Option<f64>| Pair::of(a.middle(of), b.middle(of));
        Self {
            variant: variant.to_owned(),
            load: a.at.load,
            clients: a.at.clients,
            goodput: pair(measure::goodput),
            p99_ms: pair(measure::p99),
            rejected: pair(measure::rejected),
        }
    }

    /// Writes the point in a few words.
    pub fn point(&self) -> String {
        let (load, clients) = (self.load, self.clients);
        At { load, clients }.words()
    }

    /// Writes the figures: what each is, in A, in B, and how they differ.
    pub fn written(&self) -> [[String; 4]; 3] {
        [
            self.goodput.written("good /s", brief),
            self.p99_ms.written("p99 ms", brief),
            self.rejected.written("rejected", percent),
        ]
    }
}

impl Pair {
    fn of(a: Option<Middle>, b: Option<Middle>) -> Self {
        let difference = match (&a, &b) {
            (Some(a), Some(b)) if a.count > 1 && b.count > 1 => {
                if a.overlaps(b) {
                    Difference::None
                } else if b.low > a.high {
                    Difference::Higher
                } else {
                    Difference::Lower
                }
            }
            _ => Difference::Unknown,
        };
        Self {
            a: a.map(Seen::from),
            b: b.map(Seen::from),
            difference,
        }
    }

    fn written(&self, name: &str, show: fn(f64) -> String) -> [String; 4] {
        let side = |seen: Option<Seen>| {
            seen.map_or_else(|| "–".to_owned(), |seen| Middle::from(seen).written(show))
        };
        [name.to_owned(), side(self.a), side(self.b), self.verdict()]
    }

    /// Says how B differs from A.
    fn verdict(&self) -> String {
        let change = match (self.a, self.b) {
            (Some(a), Some(b)) if a.median != 0.0 => {
                format!(" by {:.1} %", (b.median / a.median - 1.0).abs() * 100.0)
            }
            _ => String::new(),
        };
        match self.difference {
            Difference::None => "no difference to be seen".to_owned(),
            Difference::Higher => format!("B higher{change}"),
            Difference::Lower => format!("B lower{change}"),
            Difference::Unknown => "too few runs".to_owned(),
        }
    }
}

impl From<Middle> for Seen {
    fn from(middle: Middle) -> Self {
        Self {
            median: middle.median,
            low: middle.low,
            high: middle.high,
            runs: middle.count,
        }
    }
}

impl From<Seen> for Middle {
    fn from(seen: Seen) -> Self {
        Self {
            median: seen.median,
            low: seen.low,
            high: seen.high,
            count: seen.runs,
        }
    }
}

/// Gives the points that are in both studies.
fn pairs<'s, 'r>(
    a: &'s Study<'r>,
    b: &'s Study<'r>,
) -> impl Iterator<Item = (&'s Line<'r>, &'s Point<'r>, &'s Point<'r>)> {
    a.lines.iter().flat_map(move |line| {
        let other = b.lines.iter().find(|other| other.name == line.name);
        let points = line.points.iter();
        points.filter_map(move |point| Some((line, point, other?.at(point.at)?)))
    })
}

/// Names the points of one study that another one does not have.
fn only(study: &Study<'_>, other: &Study<'_>) -> Vec<String> {
    let mut only = Vec::new();
    for line in &study.lines {
        let Some(counterpart) = other.lines.iter().find(|one| one.name == line.name) else {
            only.push(line.name.clone());
            continue;
        };
        let missing = line
            .points
            .iter()
            .filter(|point| counterpart.at(point.at).is_none());
        let words: Vec<String> = missing.map(|point| point.at.words()).collect();
        if !words.is_empty() {
            only.push(format!("{} at {}", line.name, words.join(", ")));
        }
    }
    only
}

fn differ(one: f64, other: f64, part: f64) -> bool {
    (one - other).abs() > part * one.abs().max(other.abs())
}

#[cfg(test)]
mod tests {
    use super::{Difference, Versus};
    use crate::record::Run;
    use crate::report::fixture::{record, run};

    fn slower(mut run: Run) -> Run {
        run.latency.spread.p99 += 100.0;
        run
    }

    fn both(load: f64) -> Vec<Run> {
        vec![run("a", load, 1), run("a", load, 2)]
    }

    #[test]
    fn ranges_that_overlap_are_no_difference_and_others_are_one() {
        let (a, b) = (
            record(both(2.0)),
            record(both(2.0).into_iter().map(slower).collect()),
        );
        let versus = Versus::of(&a, &b);
        let [row] = versus.rows() else {
            panic!("one point is in both")
        };
        assert_eq!(row.goodput.difference, Difference::None);
        assert_eq!(row.p99_ms.difference, Difference::Higher);
        assert_eq!(
            versus.verdict(),
            "1 of 3 figures differ by more than the seeds do."
        );
        assert_eq!(row.written()[1][3], "B higher by 512.8 %");
        assert_eq!(
            Versus::of(&b, &a).rows()[0].p99_ms.difference,
            Difference::Lower
        );
        assert!(versus.cautions().is_empty(), "{:?}", versus.cautions());
    }

    #[test]
    fn one_run_shows_no_difference_whatever_it_gave() {
        let (a, b) = (record(both(2.0)), record(vec![slower(run("a", 2.0, 1))]));
        let versus = Versus::of(&a, &b);
        assert_eq!(versus.rows()[0].p99_ms.difference, Difference::Unknown);
        assert!(versus.cautions()[0].starts_with("1 of 1 points have less than two valid runs"));
    }

    #[test]
    fn what_is_in_one_only_is_named() {
        let (a, mut b) = (record(both(2.0)), record(both(2.0)));
        b.runs.push(run("a", 5.0, 1));
        b.runs.push(run("b", 2.0, 1));
        b.target_ms = 50.0;
        let cautions = Versus::of(&a, &b).cautions();
        assert!(cautions[0].starts_with("the targets differ, 25 and 50 ms"));
        assert_eq!(cautions[1], "only in B: a at 5x; b");
    }

    #[test]
    fn the_curves_of_both_differ() {
        let (a, b) = (record(both(2.0)), record(both(2.0)));
        let versus = Versus::of(&a, &b);
        let study = versus.study();
        let names: Vec<_> = study.lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["A a", "B a"]);
        assert_ne!(study.lines[0].style, study.lines[1].style);
    }
}
