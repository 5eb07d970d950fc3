//! What was seen, and what should have been.

use std::time::Duration;

use crate::abuse::guests::{Book, KINDS};
use crate::abuse::run::{Findings, Spell};
use crate::goal::{Figure, Wanted};
use crate::http::reading::median;

/// The goal that all figures belong to.
const GOAL: &str = "abuse";
/// Times the memory of the first third of the time, in the last.
const FLAT: f64 = 1.1;
/// Times the 99th percentile of the undisturbed guests.
const SERVED: f64 = 2.0;
/// How many times of the memory are shown.
const TIMES: usize = 10;

/// Gives all figures, those without a goal first.
pub fn figures(findings: &Findings) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (name, spell) in [
        ("calm", &findings.calm),
        ("busy", &findings.busy),
        ("abuse", &findings.abuse),
    ] {
        figures.extend(spell_figures(name, spell));
    }
    figures.extend(memory_figures(&findings.memory));
    let crowd = [
        (
            "abusers connected, at least",
            float(findings.connected_min as u64),
        ),
        ("connections of abusers", float(findings.connections)),
        ("of these, never connected", float(findings.refused)),
    ];
    figures.extend(crowd.map(|(what, value)| Figure::shown(what, value, "")));
    figures.extend(against(&findings.busy, &findings.abuse, "busy"));
    figures.extend(goals(findings));
    figures
}

/// Tells whether the server has done what it must, however fast it was.
pub fn is_sound(findings: &Findings) -> bool {
    findings.exact && failed(findings) == 0 && answered(findings) > 0
}

fn goals(findings: &Findings) -> Vec<Figure> {
    let mut goals = Vec::new();
    if let Some(growth) = growth(&findings.memory) {
        let what = "memory of the server, last third / first third";
        goals.push(Figure::shown(what, growth, "x").wanted(GOAL, Wanted::AtMost, FLAT));
    }
    let exact = Figure::shown(
        "ledger and counters exact after the drain",
        f64::from(u8::from(findings.exact)),
        "",
    );
    goals.push(exact.wanted(GOAL, Wanted::AtLeast, 1.0));
    let failed = Figure::shown(
        "requests of guests that failed",
        float(failed(findings)),
        "",
    );
    goals.push(failed.wanted(GOAL, Wanted::AtMost, 0.0));
    let served = against(&findings.calm, &findings.abuse, "calm");
    goals.extend(served.map(|figure| figure.wanted(GOAL, Wanted::AtMost, SERVED)));
    goals
}

/// Compares how long guests have waited while abused, and before.
fn against(before: &Spell, abuse: &Spell, name: &str) -> impl Iterator<Item = Figure> {
    let books = before.books.iter().zip(&abuse.books);
    KINDS.iter().zip(books).map(move |(kind, (before, abuse))| {
        let what = format!("guests, {}: p99, abused / {name}", kind.name);
        Figure::shown(what, quantile(abuse, 0.99) / quantile(before, 0.99), "x")
    })
}

fn spell_figures(name: &str, spell: &Spell) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (kind, book) in KINDS.iter().zip(&spell.books) {
        let what = |what: &str| format!("{name}: guests, {}: {what}", kind.name);
        let rate = float(book.latency.len()) / spell.wall.as_secs_f64();
        figures.push(Figure::shown(what("answers"), rate, "1/s"));
        for (named, q) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
            figures.push(Figure::shown(what(named), quantile(book, q), "µs"));
        }
        let overslept = float(book.overslept.value_at_quantile(0.99)) / 1e3;
        figures.push(Figure::shown(what("p99 of oversleeping"), overslept, "µs"));
    }
    let share = |time: Duration| time.as_secs_f64() / spell.wall.as_secs_f64() * 100.0;
    let shares = [
        ("CPU of the server", spell.server),
        ("CPU of guests and abusers", spell.load),
        ("CPU of others", spell.others),
    ];
    let shares =
        shares.map(|(what, time)| Figure::shown(format!("{name}: {what}"), share(time), "%"));
    figures.extend(shares);
    figures
}

fn memory_figures(memory: &[u64]) -> Vec<Figure> {
    let step = memory.len().div_ceil(TIMES).max(1);
    let shown = memory
        .chunks(step)
        .enumerate()
        .filter_map(|(index, chunk)| {
            let middle = median(chunk.iter().map(|bytes| float(*bytes)))?;
            let what = format!("memory of the server, part {} of {TIMES}", index + 1);
            Some(Figure::shown(what, middle / 1e6, "MB"))
        });
    shown.collect()
}

/// Compares the medians of the last and the first third.
fn growth(memory: &[u64]) -> Option<f64> {
    let third = memory.len() / 3;
    let middle = |part: Option<&[u64]>| median(part?.iter().map(|bytes| float(*bytes)));
    Some(middle(memory.get(memory.len() - third..))? / middle(memory.get(..third))?)
}

fn failed(findings: &Findings) -> u64 {
    let spells = [&findings.calm, &findings.busy, &findings.abuse];
    let books = spells.into_iter().flat_map(|spell| &spell.books);
    books.map(|book| book.failed).sum()
}

fn answered(findings: &Findings) -> u64 {
    let books = findings.abuse.books.iter();
    books.map(|book| book.latency.len()).min().unwrap_or(0)
}

/// Gives microseconds.
fn quantile(book: &Book, quantile: f64) -> f64 {
    float(book.latency.value_at_quantile(quantile)) / 1e3
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a figure needs no more than 52 bits"
)]
const fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::growth;

    #[test]
    fn memory_is_flat_when_its_last_third_is_like_its_first() {
        assert_eq!(growth(&[10, 10, 900, 10, 10, 11, 11, 11, 11]), Some(1.1));
        assert_eq!(growth(&[10, 20]), None);
    }
}
