//! What a run has shown, for people.

use std::fmt::Write;

use seda_lab::generator::Course;
use seda_lab::record::{Run, Spread};

/// Says what became of one run's load.
pub(super) fn of_run(run: &Run, course: &Course) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_run(&mut text, run, course);
    text
}

fn write_run(text: &mut String, run: &Run, course: &Course) -> std::fmt::Result {
    let outcomes = &run.outcomes;
    writeln!(text, "\noffered    {}", count(outcomes.offered, run))?;
    let slo = course.slo.as_secs_f64() * 1e3;
    for (name, counted, what) in [
        ("good", outcomes.good, format!("within {slo} ms")),
        ("late", outcomes.late, String::new()),
        ("rejected", outcomes.rejected, rejected(run)),
        ("failed", outcomes.failed, failures(run)),
    ] {
        let line = format!("  {name:<8} {}  {what}", count(counted, run));
        writeln!(text, "{}", line.trim_end())?;
    }
    writeln!(text, "\nlatency    {}", quantiles(&run.latency.spread))?;
    if let Some(uncorrected) = &run.uncorrected {
        let p99 = uncorrected.p99;
        writeln!(
            text,
            "           uncorrected p99 {p99:.3} ms, from when requests were sent"
        )?;
    }
    if let Some(lag) = &run.lag {
        let (p99, max) = (lag.spread.p99, lag.spread.max);
        let sent = 100.0 * lag.sent;
        writeln!(
            text,
            "lag        p99 {p99:.3}, max {max:.3} ms; {sent:.2} % of the schedule sent"
        )?;
    }
    write_classes(text, run)?;
    write_generator(text, run)?;
    match &run.invalid {
        None => writeln!(text, "VALID"),
        Some(why) => writeln!(text, "INVALID    {why}"),
    }
}

fn write_classes(text: &mut String, run: &Run) -> std::fmt::Result {
    for class in &run.classes {
        let (number, outcomes) = (class.class, &class.outcomes);
        let (good, p99) = (count(outcomes.good, run), class.latency.p99);
        writeln!(
            text,
            "class {number}    {good}  good of {}, p99 {p99:.3} ms, longest without an answer {:.0} ms",
            outcomes.offered,
            class.starved_ms.unwrap_or(0.0),
        )?;
    }
    Ok(())
}

fn write_generator(text: &mut String, run: &Run) -> std::fmt::Result {
    if let Some(fairness) = &run.fairness {
        let (jain, slowest) = (fairness.jain, fairness.slowest);
        writeln!(
            text,
            "fairness   Jain's index {jain:.4}; slowest client {slowest:.2} x the median"
        )?;
    }
    let counts = [
        (run.queued, "waited for a connection"),
        (run.retried, "retries"),
    ];
    let counts = counts.into_iter();
    let counts = counts.filter_map(|(count, what)| Some((count.filter(|count| *count > 0)?, what)));
    let counts = counts.map(|(count, what)| format!("{count} {what}"));
    let busy = run
        .busy
        .map(|busy| format!("{:.0} % of its core", 100.0 * busy));
    let all: Vec<String> = busy.into_iter().chain(counts).collect();
    if all.is_empty() {
        return Ok(());
    }
    writeln!(text, "generator  {}", all.join(", "))
}

#[allow(clippy::cast_precision_loss, reason = "counts of requests")]
fn count(count: u64, run: &Run) -> String {
    let rate = count as f64 / run.seconds.max(f64::MIN_POSITIVE);
    let percent = 100.0 * count as f64 / (run.outcomes.offered.max(1)) as f64;
    format!("{count:>10}  {rate:>9.1}/s  {percent:>6.2} %")
}

fn rejected(run: &Run) -> String {
    let spread = run.rejection.as_ref();
    spread.map_or_else(String::new, |spread| {
        format!("p50 {:.3}, p99 {:.3} ms", spread.p50, spread.p99)
    })
}

fn failures(run: &Run) -> String {
    let reasons = run.failures.iter();
    let reasons = reasons.map(|(why, count)| format!("{count} {why}"));
    reasons.collect::<Vec<_>>().join(", ")
}

fn quantiles(spread: &Spread) -> String {
    let Spread {
        p50,
        p90,
        p99,
        p999,
        max,
        ..
    } = spread;
    format!("p50 {p50:.3}, p90 {p90:.3}, p99 {p99:.3}, p99.9 {p999:.3}, max {max:.3} ms")
}

/// Says what became of each load, a line for each with the median of its seeds.
pub(super) fn of_sweep(runs: &[Run]) -> String {
    let mut loads: Vec<f64> = runs.iter().filter_map(|run| run.load).collect();
    loads.sort_by(f64::total_cmp);
    loads.dedup();
    let mut text = String::from(
        "\n    load  offered/s     good/s    (least..most)   late  reject  failed      p99 ms  invalid\n",
    );
    for load in loads {
        let of_load = |run: &&Run| run.load == Some(load);
        let some: Vec<&Run> = runs.iter().filter(of_load).collect();
        text.push_str(&line(load, &some));
    }
    text
}

#[allow(clippy::cast_precision_loss, reason = "counts of requests")]
fn line(load: f64, runs: &[&Run]) -> String {
    let [least, good, most] = range(runs, Run::goodput);
    let middle = |of: fn(&Run) -> f64| range(runs, of)[1];
    let percent = |of: fn(&Run) -> u64| {
        let part = |run: &Run| 100.0 * of(run) as f64 / run.outcomes.offered.max(1) as f64;
        range(runs, part)[1]
    };
    let invalid = runs.iter().filter(|run| run.invalid.is_some()).count();
    let line = format!(
        "{load:>7.3}x {:>10.1} {good:>10.1} {:>16} {:>5.1}% {:>6.1}% {:>6.1}% {:>11.3}  {}",
        middle(Run::offered),
        format!("({least:.0}..{most:.0})"),
        percent(|run| run.outcomes.late),
        percent(|run| run.outcomes.rejected),
        percent(|run| run.outcomes.failed),
        middle(|run| run.latency.spread.p99),
        if invalid == 0 {
            String::new()
        } else {
            format!("{invalid} of {}", runs.len())
        },
    );
    format!("{}\n", line.trim_end())
}

/// Gives the least, the median and the greatest.
fn range(runs: &[&Run], of: impl Fn(&Run) -> f64) -> [f64; 3] {
    let mut values: Vec<f64> = runs.iter().map(|run| of(run)).collect();
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(0.0);
    [
        at(0),
        at(values.len() / 2),
        at(values.len().saturating_sub(1)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use seda_lab::generator::{Aim, Flood, Traffic};
    use seda_lab::record::{Lag, Outcomes};

    use super::*;

    fn run(load: f64, good: u64) -> Run {
        Run {
            load: Some(load),
            seconds: 10.0,
            outcomes: Outcomes {
                offered: 1_000,
                good,
                late: 0,
                rejected: 0,
                failed: 1_000 - good,
            },
            failures: BTreeMap::from([("timed out".to_owned(), 1_000 - good)]),
            lag: Some(Lag {
                sent: 1.0,
                ..Lag::default()
            }),
            busy: Some(0.25),
            ..Run::default()
        }
    }

    #[test]
    fn a_run_says_its_outcomes_and_whether_it_is_valid() {
        let flow = Flood::poisson(100.0);
        let traffic = Traffic::Open {
            flow,
            retries: None,
        };
        let course = Course::new(Aim::get("http://127.0.0.1/").unwrap(), traffic);
        let text = of_run(&run(1.0, 990), &course);
        assert!(
            text.contains("  good            990       99.0/s   99.00 %  within 25 ms\n"),
            "{text}"
        );
        assert!(
            text.contains("  failed           10        1.0/s    1.00 %  10 timed out\n"),
            "{text}"
        );
        assert!(
            text.ends_with("generator  25 % of its core\nVALID\n"),
            "{text}"
        );
        let invalid = Run {
            invalid: Some("late".to_owned()),
            ..run(1.0, 0)
        };
        assert!(of_run(&invalid, &course).ends_with("INVALID    late\n"));
    }

    #[test]
    fn a_sweep_has_a_line_for_each_load_with_the_median_and_the_range() {
        let runs = [run(2.0, 500), run(1.0, 900), run(1.0, 1_000), run(1.0, 950)];
        let text = of_sweep(&runs);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(
            lines[2].contains("1.000x") && lines[2].contains("95.0 "),
            "{text}"
        );
        assert!(lines[2].contains("(90..100)"), "{text}");
    }
}
