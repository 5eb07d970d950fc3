//! The runs of a record as a table for people: the median over seeds, line by line.

use std::fmt;
use std::io::{self, Write};

use seda_lab::record::{Record, Run};

use crate::table::{Align, Table};

/// How exactly it is known after what time something is settled.
const STEP_MS: f64 = 100.0;

/// Writes the title, the table, and the command that gives it again.
///
/// # Errors
///
/// Those of `out`.
pub fn write(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n", record.title)?;
    write!(out, "{}", table(record))?;
    writeln!(out, "\n{}", record.provenance.command)
}

/// Makes a table with a line for each variant and load.
pub fn table(record: &Record) -> impl fmt::Display {
    let mut table = Table::new([
        ("VARIANT", Align::Left),
        ("LOAD", Align::Right),
        ("GOODPUT", Align::Right),
        ("OF CAPACITY", Align::Right),
        ("GOOD %", Align::Right),
        ("LATE %", Align::Right),
        ("REJECTED %", Align::Right),
        ("FAILED %", Align::Right),
        ("P50 MS", Align::Right),
        ("P99 MS", Align::Right),
        ("MAX MS", Align::Right),
        ("MORE", Align::Left),
    ]);
    let mut runs = record.runs.as_slice();
    while let Some(first) = runs.first() {
        let same = |run: &&Run| {
            run.variant == first.variant && run.load == first.load && run.clients == first.clients
        };
        let (group, rest) = runs.split_at(runs.iter().take_while(same).count());
        table.row(row(first, group));
        for class in 0..first.classes.len() {
            table.row(row_of_class(group, class));
        }
        runs = rest;
    }
    table
}

fn row(first: &Run, group: &[Run]) -> [String; 12] {
    let of = |figure: fn(&Run) -> f64| median(group.iter().map(figure));
    let part = |count: fn(&Run) -> u64| {
        let parts = group
            .iter()
            .map(|run| share(count(run), run.outcomes.offered));
        format!("{:.2}", median(parts))
    };
    let load = match (first.load, first.clients) {
        (Some(load), _) => format!("{load:.1}x"),
        (None, clients) => format!("{} clients", clients.unwrap_or(0)),
    };
    [
        first.variant.clone(),
        load,
        format!("{:.0}/s", of(Run::goodput)),
        if first.capacity.is_some() {
            let part = of(|run| run.goodput() / run.capacity.unwrap_or(f64::NAN));
            format!("{part:.3}")
        } else {
            String::new()
        },
        part(|run| run.outcomes.good),
        part(|run| run.outcomes.late),
        part(|run| run.outcomes.rejected),
        part(|run| run.outcomes.failed),
        millis(of(|run| run.latency.spread.p50)),
        millis(of(|run| run.latency.spread.p99)),
        millis(of(|run| run.latency.spread.max)),
        more(group),
    ]
}

/// Writes a latency: on threads, a few microseconds are what it is about.
fn millis(latency: f64) -> String {
    if latency < 0.1 {
        format!("{latency:.4}")
    } else {
        format!("{latency:.1}")
    }
}

fn row_of_class(group: &[Run], class: usize) -> [String; 12] {
    let classes = || {
        group
            .iter()
            .filter_map(|run| Some((run, run.classes.get(class)?)))
    };
    let part = |count: fn(&seda_lab::record::Outcomes) -> u64| {
        let parts = classes().map(|(_, of)| share(count(&of.outcomes), of.outcomes.offered));
        format!("{:.2}", median(parts))
    };
    let goodput = median(classes().map(|(run, of)| float(of.outcomes.good) / run.seconds));
    let capacity =
        median(classes().map(|(run, of)| {
            float(of.outcomes.good) / run.seconds / run.capacity.unwrap_or(f64::NAN)
        }));
    let starved = median(classes().map(|(_, of)| of.starved_ms.unwrap_or(f64::NAN)));
    [
        format!("  class {class}"),
        String::new(),
        format!("{goodput:.0}/s"),
        format!("{capacity:.3}"),
        part(|outcomes| outcomes.good),
        part(|outcomes| outcomes.late),
        part(|outcomes| outcomes.rejected),
        part(|outcomes| outcomes.failed),
        format!("{:.1}", median(classes().map(|(_, of)| of.latency.p50))),
        format!("{:.1}", median(classes().map(|(_, of)| of.latency.p99))),
        format!("{:.1}", median(classes().map(|(_, of)| of.latency.max))),
        match classes().find_map(|(_, of)| of.target_ms) {
            Some(target) => {
                format!("target {target} ms, longest without an answer {starved:.0} ms")
            }
            None => format!("longest without an answer {starved:.0} ms"),
        },
    ]
}

/// Says what only some scenarios have.
fn more(group: &[Run]) -> String {
    let mut more = Vec::new();
    let settled: Vec<f64> = group.iter().filter_map(|run| run.settled_ms).collect();
    if settled.len() * 2 > group.len() {
        let after = median(settled.into_iter());
        more.push(if after < STEP_MS {
            format!("settled in < {STEP_MS:.0} ms")
        } else {
            format!("settled after {after:.0} ms")
        });
    }
    let fair = || group.iter().filter_map(|run| run.fairness.as_ref());
    if fair().next().is_some() {
        let jain = median(fair().map(|fair| fair.jain));
        let slowest = median(fair().map(|fair| fair.slowest));
        more.push(format!("Jain {jain:.4}, slowest {slowest:.2} x median"));
    }
    let cpu: Vec<f64> = group.iter().filter_map(|run| run.cpu_us).collect();
    if !cpu.is_empty() {
        more.push(format!("{:.2} µs of CPU each", median(cpu.into_iter())));
    }
    let asked = group
        .iter()
        .filter_map(|run| Some(share(run.attempts?, run.outcomes.offered)));
    let asked: Vec<f64> = asked.collect();
    if !asked.is_empty() {
        more.push(format!(
            "{:.2} attempts each",
            median(asked.into_iter()) / 100.0
        ));
    }
    more.join(", ")
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Gives a part in per cent.
fn share(count: u64, of: u64) -> f64 {
    100.0 * float(count) / float(of.max(1))
}

#[allow(clippy::cast_precision_loss, reason = "counts of requests")]
fn float(count: u64) -> f64 {
    count as f64
}
