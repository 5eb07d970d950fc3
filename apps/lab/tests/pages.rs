//! Pages and plots as text: well-formed whatever a record says, and true to it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use seda_lab::record::{
    ClassRun, Column, Distribution, FORMAT, Fairness, Ground, Lag, Outcomes, Provenance, Record,
    Run, Series, Spread,
};
use seda_lab::{Report, Versus};

/// Tells what is wrong with a text as XML: elements that do not close, and
/// attributes or words that could be markup.
fn fault(text: &str) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let words = &rest[..start];
        let in_style = open.last() == Some(&"style");
        if words.contains('>') && !in_style {
            return Some(format!("a bare > in {words:?}"));
        }
        if !in_style && words.split('&').skip(1).any(|after| !entity(after)) {
            return Some(format!("a bare & in {words:?}"));
        }
        let end = start + rest[start..].find('>')?;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Some(format!("</{name}> ends nothing"));
            }
        } else if !tag.ends_with('/') && !tag.starts_with("!DOCTYPE") && !tag.starts_with("meta") {
            open.push(tag.split(' ').next()?);
        }
        if tag.matches('"').count() % 2 == 1 {
            return Some(format!("a quote too much in <{tag}>"));
        }
    }
    (!open.is_empty()).then(|| format!("not closed: {open:?}"))
}

fn entity(after: &str) -> bool {
    ["amp;", "lt;", "gt;", "quot;", "#39;"]
        .iter()
        .any(|entity| after.starts_with(entity))
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("drain rate".to_owned()),
        Just("</title><script>alert('1')</script>".to_owned()),
        Just("\" onload=\"x\u{1}\u{ffff}\u{202e}".to_owned()),
        any::<String>(),
    ]
}

fn figure() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..100.0_f64,
        1 => Just(0.0),
        1 => Just(-1.0),
        1 => Just(f64::MAX),
        1 => Just(f64::MIN_POSITIVE),
    ]
}

prop_compose! {
    fn spread()(count in 0..100_u64, p50 in figure(), p99 in figure(), max in figure()) -> Spread {
        Spread { count, mean: p50, p50, p90: p99, p99, p999: max, max }
    }
}

prop_compose! {
    fn outcomes()(parts in proptest::array::uniform4(prop_oneof![0..1_000_u64, Just(u64::MAX / 8)])) -> Outcomes {
        let [good, late, rejected, failed] = parts;
        Outcomes { offered: good + late + rejected + failed, good, late, rejected, failed }
    }
}

prop_compose! {
    fn run()(
        variant in words(),
        load in proptest::option::of(figure()),
        clients in proptest::option::of(any::<u64>()),
        capacity in proptest::option::of(figure()),
        seconds in figure(),
        outcomes in outcomes(),
        spread in spread(),
        curve in proptest::collection::vec((figure(), figure()), 0..4),
        values in proptest::collection::vec(proptest::option::of(figure()), 0..5),
        invalid in proptest::option::weighted(0.2, words()),
        more in any::<bool>(),
    ) -> Run {
        Run {
            outcomes,
            uncorrected: more.then_some(spread),
            rejection: more.then_some(spread),
            lag: more.then_some(Lag { spread, sent: 1.0 }),
            fairness: more.then(|| Fairness { jain: seconds, slowest: spread.max, p99_ms: vec![spread.p50, spread.p99] }),
            classes: (0..2).map(|class| ClassRun { class, outcomes, latency: spread, target_ms: capacity, starved_ms: capacity }).collect(),
            settled_ms: capacity,
            series: more.then(|| Series {
                step_ms: spread.mean,
                columns: vec![Column { name: variant.clone(), unit: "ms".to_owned(), values }],
            }),
            latency: Distribution { spread, curve },
            variant, seed: 1, load, clients, capacity, seconds, invalid,
            ..Run::default()
        }
    }
}

prop_compose! {
    fn record()(title in words(), target_ms in figure(), runs in proptest::collection::vec(run(), 0..6)) -> Record {
        Record {
            format: FORMAT,
            scenario: title.clone(),
            about: title.clone(),
            ground: Ground::Server(title.clone()),
            provenance: Provenance { command: title.clone(), machine: title.clone(), began: u64::MAX, ..Provenance::default() },
            title,
            target_ms,
            runs,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_is_recorded_gives_well_formed_pages_and_plots(a in record(), b in record()) {
        let records = [a, b];
        let report = Report::of(&records);
        let versus = Versus::of(&records[0], &records[1]);
        let comparison = Report::comparing(&versus);
        for page in [report.page(), comparison.page()] {
            prop_assert_eq!(fault(page), None);
            prop_assert!(!page.contains("<script") && !page.contains(" onload=\""));
        }
        for plot in report.plots().iter().chain(comparison.plots()) {
            prop_assert_eq!(fault(&plot.svg), None, "{}", plot.name);
            prop_assert!(!plot.svg.contains("NaN") && !plot.svg.contains("inf"), "{}", plot.svg);
            prop_assert!(plot.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        }
    }
}

#[test]
fn the_checker_of_this_test_finds_faults() {
    for faulty in ["<a>", "<a></b>", "<a>&</a>", "<a>></a>", "<a b=\"></a>"] {
        assert!(fault(faulty).is_some(), "{faulty}");
    }
    assert_eq!(fault("<a b=\"&lt;\">&amp;<c/></a>"), None);
}
