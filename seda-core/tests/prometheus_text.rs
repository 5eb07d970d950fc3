//! Each line of the metrics keeps the grammar of Prometheus' text format 0.0.4.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use seda_core::{Figure, Graph, Next, Plan, Snapshot, Source, Tick};

const NASTY: &str = "a\"b\\c\nd{e}";

fn snapshot() -> Snapshot {
    let mut graph = Graph::new(NASTY);
    let print = graph
        .stage("print")
        .queue(8)
        .target(Duration::from_secs(1))
        .each(|_: u64| Ok(()));
    let square = graph.stage(NASTY).queue(4).each_with(|wire| {
        let print = wire.to(&print);
        move |n: u64| {
            if n == 2 {
                Err("unlucky".into())
            } else {
                Ok(print.enqueue(n * n)?)
            }
        }
    });
    let inlet = graph.inlet(&square);
    let refused = (0..6).filter(|n| inlet.enqueue(*n).is_err()).count();
    assert_eq!(refused, 2);
    let running = graph.start(Plan::default().workers(1)).unwrap();
    running.drain(Duration::from_secs(20)).unwrap();
    running.snapshot()
}

/// One sample: its metric, its labels with their values unescaped, its value.
#[derive(Debug)]
struct Line {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == ':')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

/// Reads `name{label="value",…} number`.
fn sample(line: &str) -> Line {
    let (name, rest) = line.split_once('{').unwrap();
    assert!(is_name(name), "{line}");
    let mut labels = Vec::new();
    let mut rest = rest;
    loop {
        let (label, after) = rest.split_once("=\"").unwrap();
        assert!(is_name(label) && !label.contains(':'), "{line}");
        let (value, length) = unescaped(after);
        labels.push((label.to_owned(), value));
        rest = &after[length..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    let value = rest.strip_prefix("} ").unwrap_or_else(|| panic!("{line}"));
    Line {
        name: name.to_owned(),
        labels,
        value: value.parse().unwrap(),
    }
}

/// Reads up to the closing quote; gives the text and the length read.
fn unescaped(text: &str) -> (String, usize) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    loop {
        match letters.next().unwrap() {
            (at, '"') => return (value, at + 1),
            (_, '\\') => value.push(match letters.next().unwrap().1 {
                '\\' => '\\',
                '"' => '"',
                'n' => '\n',
                other => panic!("no escape: \\{other}"),
            }),
            (_, c) => value.push(c),
        }
    }
}

/// Checks the grammar of every line; gives the samples.
fn read(text: &str) -> Vec<Line> {
    assert!(text.ends_with('\n') && !text.contains('\r'));
    let (mut families, mut series, mut samples) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let (mut family, mut kind) = (String::new(), String::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(
                is_name(name) && !words.is_empty() && families.insert(name.to_owned()),
                "{line}"
            );
            let types = lines.next().unwrap().strip_prefix("# TYPE ").unwrap();
            let (same, of) = types.split_once(' ').unwrap();
            assert!(
                same == name && ["counter", "gauge", "summary"].contains(&of),
                "{types}"
            );
            assert_eq!(of == "counter", name.ends_with("_total"), "{types}");
            (family, kind) = (name.to_owned(), of.to_owned());
            continue;
        }
        let sample = sample(line);
        let quantile = sample.labels.iter().any(|(label, _)| label == "quantile");
        let of_family = match sample
            .name
            .strip_prefix(&family)
            .unwrap_or_else(|| panic!("{line} in {family}"))
        {
            "" => quantile == (kind == "summary"),
            "_sum" | "_count" => kind == "summary" && !quantile,
            _ => false,
        };
        assert!(of_family, "{line} in {family}");
        assert!(sample.value.is_finite() && sample.value >= 0.0, "{line}");
        assert_eq!(sample.labels[0], ("graph".to_owned(), NASTY.to_owned()));
        let (of, _) = line.rsplit_once(' ').unwrap();
        assert!(series.insert(of.to_owned()), "twice: {line}");
        samples.push(sample);
    }
    samples
}

fn value(samples: &[Line], name: &str, labels: &[(&str, &str)]) -> f64 {
    let has = |sample: &Line| {
        let has = |(label, value): &(&str, &str)| {
            sample
                .labels
                .iter()
                .any(|(of, is)| of == label && is == value)
        };
        sample.name == name && labels.iter().all(has)
    };
    let found: Vec<_> = samples.iter().filter(|sample| has(sample)).collect();
    assert_eq!(found.len(), 1, "{name} {labels:?}");
    found[0].value
}

#[test]
#[allow(clippy::float_cmp, reason = "small whole numbers are exact")]
fn every_line_keeps_the_grammar_and_says_what_the_snapshot_does() {
    let snapshot = snapshot();
    let samples = read(&snapshot.to_prometheus());
    let of = |name: &str, labels: &[(&str, &str)]| value(&samples, name, labels);
    let stage = ("stage", NASTY);
    assert_eq!(of("seda_stage_offered_total", &[stage]), 6.0);
    assert_eq!(
        of("seda_stage_rejected_total", &[stage, ("reason", "full")]),
        2.0
    );
    assert_eq!(of("seda_stage_failed_total", &[stage]), 1.0);
    assert_eq!(of("seda_stage_handled_total", &[("stage", "print")]), 3.0);
    assert_eq!(of("seda_stage_target_seconds", &[("stage", "print")]), 1.0);
    assert_eq!(
        of(
            "seda_edge_accepted_total",
            &[("from", NASTY), ("to", "print"), ("kind", "flow")]
        ),
        3.0
    );
    assert_eq!(
        of(
            "seda_edge_rejected_total",
            &[("from", ""), ("kind", "inlet"), ("reason", "full")]
        ),
        2.0
    );
    // The first batch is always among those that the histograms take.
    let counted = snapshot.stage(NASTY).unwrap().wait.count;
    assert!(counted > 0);
    assert_eq!(
        of("seda_stage_wait_seconds_count", &[stage]),
        f64::from(u32::try_from(counted).unwrap())
    );
    let waited = snapshot.stage(NASTY).unwrap().wait.p99.as_secs_f64();
    assert_eq!(
        of("seda_stage_wait_seconds", &[stage, ("quantile", "0.99")]),
        waited
    );
    assert_eq!(
        of("seda_domain_threads", &[("domain", "cores")]),
        0.0,
        "it has drained"
    );
}

/// A source that does nothing but publish.
struct Quiet;

impl Source for Quiet {
    fn poll(&mut self, _: Tick) -> Next {
        Next::Ended
    }
}

#[test]
#[allow(clippy::float_cmp, reason = "small whole numbers are exact")]
fn what_sources_publish_is_one_metric_for_each_name() {
    let mut graph = Graph::new(NASTY);
    for (name, open) in [("first", 3), (NASTY, 4)] {
        let figures = move || {
            vec![
                Figure::counter("connections", "Connections so far.", 10 * open),
                Figure::gauge("connections_open", "Connections now.", open),
            ]
        };
        graph.source(name).figures(figures).solo(|_| Quiet);
    }
    graph.source("silent").solo(|_| Quiet);
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let snapshot = running.snapshot();
    let text = snapshot.to_prometheus();
    assert!(text.contains("# TYPE seda_source_connections_total counter\n"));
    assert!(text.contains("# HELP seda_source_connections_open Connections now.\n"));
    let samples = read(&text);
    for (source, open) in [("first", 3.0), (NASTY, 4.0)] {
        let of = |name| value(&samples, name, &[("source", source)]);
        assert_eq!(of("seda_source_connections_open"), open);
        assert_eq!(of("seda_source_connections_total"), 10.0 * open);
    }
    let silent = snapshot.source("silent").unwrap();
    assert!(silent.figures.is_empty());
    let json = snapshot.picture().to_json();
    assert!(json.contains("\"connections_open\""), "{json}");
    assert!(snapshot.picture().to_svg().contains("3 connections open"));
}

#[test]
fn what_is_unknown_has_no_sample() {
    let mut graph = Graph::new(NASTY);
    graph.stage("work").each(|_: u64| Ok(()));
    let running = graph
        .start(Plan::default().workers(1).without_statistics())
        .unwrap();
    let samples = read(&running.snapshot().to_prometheus());
    for name in [
        "seda_stage_busy_seconds_total",
        "seda_stage_queue_seconds",
        "seda_stage_target_seconds",
    ] {
        assert!(!samples.iter().any(|sample| sample.name == name), "{name}");
    }
    assert!(
        !samples
            .iter()
            .any(|sample| sample.labels.iter().any(|(label, _)| label == "quantile"))
    );
}
