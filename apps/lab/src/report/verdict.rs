//! What the figures say, in a sentence or two.

use crate::plot::numeral::{brief, percent};
use crate::report::measure;
use crate::report::middle::Middle;
use crate::report::study::{At, Line, Study};

/// How many names stand in one sentence.
const NAMES_MAX: usize = 4;

/// Says what is to be seen in a study.
pub(crate) fn sentences(study: &Study<'_>) -> Vec<String> {
    let Some(most) = study.ats().last().copied() else {
        return vec!["There are no runs.".to_owned()];
    };
    if study.valid().next().is_none() {
        return vec!["No run is valid: there is nothing to be seen.".to_owned()];
    }
    let mut said = vec![at_the_most(study, most)];
    said.extend(within_target(study));
    said.extend(settled(study, most));
    said
}

/// Compares the best with the worst under the most load.
fn at_the_most(study: &Study<'_>, at: At) -> String {
    let mut seen: Vec<(&Line<'_>, Middle)> = study
        .lines
        .iter()
        .filter_map(|line| Some((line, line.at(at)?.middle(measure::goodput)?)))
        .collect();
    seen.sort_by(|(_, one), (_, other)| other.median.total_cmp(&one.median));
    let words = at.words();
    let place = if words.is_empty() {
        String::new()
    } else {
        format!("At {words}, ")
    };
    let Some((best, goodput)) = seen.first() else {
        return format!("{place}no run is valid.");
    };
    let mut said = format!("{place}{} does {}", best.name, done(study, best, at));
    let equal = |(_, other): &&(&Line<'_>, Middle)| other.overlaps(goodput);
    let equals: Vec<&str> = seen
        .iter()
        .skip(1)
        .filter(equal)
        .map(|(line, _)| line.name.as_str())
        .collect();
    if !equals.is_empty() {
        said.extend([format!(
            "; no difference is to be seen to {}",
            listed(&equals)
        )]);
    }
    if let Some((worst, last)) = seen.last().filter(|(_, last)| !last.overlaps(goodput)) {
        let times = goodput.median / last.median;
        let times = if times.is_finite() && times >= 1.1 {
            format!(", {} times less", brief(times))
        } else {
            String::new()
        };
        said.extend([format!(
            "; {} does {}{times}",
            worst.name,
            done(study, worst, at)
        )]);
    }
    said.push('.');
    said
}

/// Says what a variant does in time, and how long it takes.
fn done(study: &Study<'_>, line: &Line<'_>, at: At) -> String {
    let Some(point) = line.at(at) else {
        return String::new();
    };
    let part = point
        .middle(measure::goodput_part)
        .filter(|_| at.load.is_some());
    let good = if let Some(part) = part {
        format!("{} of capacity in time", percent(part.median))
    } else {
        let rate = point
            .middle(measure::goodput)
            .map_or(0.0, |rate| rate.median);
        format!("{} good answers per second", brief(rate))
    };
    let late = point.middle(measure::p99).map(|p99| {
        let (p99, target) = (brief(p99.median), brief(study.target_ms));
        format!(" with a p99 of {p99} ms (target {target})")
    });
    let jain = point.middle(|run| measure::fairness(run, |one| one.jain));
    let jain = jain.map(|jain| format!(", Jain's index {:.3}", jain.median));
    [Some(good), late, jain].into_iter().flatten().collect()
}

/// Says which variants have their p99 within the target everywhere.
fn within_target(study: &Study<'_>) -> Option<String> {
    if study.ats().len() < 2 || study.target_ms <= 0.0 {
        return None;
    }
    let holds = |line: &&Line<'_>| {
        let mut p99s = line.points.iter().map(|point| point.middle(measure::p99));
        p99s.all(|p99| p99.is_some_and(|p99| p99.median <= study.target_ms))
    };
    let held: Vec<&str> = study
        .lines
        .iter()
        .filter(holds)
        .map(|line| line.name.as_str())
        .collect();
    let all = study.lines.len();
    Some(match held.len() {
        0 => "No variant has its p99 within the target everywhere.".to_owned(),
        count if count == all && all > 1 => {
            "All variants have their p99 within the target everywhere.".to_owned()
        }
        _ => format!(
            "The p99 is within the target everywhere with {}.",
            listed(&held)
        ),
    })
}

/// Says how long variants took to settle after a change, where any did.
fn settled(study: &Study<'_>, at: At) -> Option<String> {
    let after = |line: &Line<'_>| line.at(at)?.middle(|run| run.settled_ms);
    let told = |line: &Line<'_>| match after(line) {
        Some(middle) if middle.median == 0.0 => format!("{} at once", line.name),
        Some(middle) => format!("{} in {} ms", line.name, brief(middle.median)),
        None => format!("{} never", line.name),
    };
    study.lines.iter().find_map(after)?;
    let told: Vec<String> = study.lines.iter().map(told).collect();
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    Some(format!("After the change it settles: {}.", listed(&told)))
}

fn listed(names: &[&str]) -> String {
    if names.len() > NAMES_MAX {
        let shown: Vec<&str> = names.iter().take(NAMES_MAX - 1).copied().collect();
        return format!(
            "{} and {} more",
            shown.join(", "),
            names.len() + 1 - NAMES_MAX
        );
    }
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{listed, sentences};
    use crate::record::Run;
    use crate::report::fixture::{record, run};
    use crate::report::study::{Looks, Study};

    fn said(runs: Vec<Run>) -> String {
        let record = record(runs);
        sentences(&Study::of(&record, &mut Looks::default())).join(" ")
    }

    fn slow(load: f64, seed: u16) -> Run {
        let mut slow = run("slow", load, seed);
        slow.outcomes.late = slow.outcomes.good / 2;
        slow.outcomes.good -= slow.outcomes.late;
        slow.latency.spread.p99 = 99.0;
        slow
    }

    #[test]
    fn the_best_is_compared_with_the_worst() {
        let runs = vec![
            run("fast", 0.5, 1),
            run("fast", 2.0, 1),
            slow(0.5, 1),
            slow(2.0, 1),
        ];
        let expected = "At 2x, fast does 90 % of capacity in time with a p99 of 18 ms (target 25); \
                        slow does 45 % of capacity in time with a p99 of 99 ms (target 25), 2 times less. \
                        The p99 is within the target everywhere with fast.";
        assert_eq!(said(runs), expected);
    }

    #[test]
    fn ranges_that_overlap_are_no_difference() {
        let runs = vec![run("a", 2.0, 1), run("a", 2.0, 4), run("b", 2.0, 2)];
        assert!(said(runs).contains("; no difference is to be seen to "));
    }

    #[test]
    fn nothing_valid_is_said_first() {
        assert_eq!(said(vec![]), "There are no runs.");
        let mut invalid = run("a", 1.0, 1);
        invalid.invalid = Some("why".to_owned());
        assert_eq!(
            said(vec![invalid]),
            "No run is valid: there is nothing to be seen."
        );
    }

    #[test]
    fn a_list_ends() {
        assert_eq!(listed(&["a", "b"]), "a and b");
        assert_eq!(listed(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
