//! `seda lab report` and `seda lab compare`, as a shell sees them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use seda_lab::record::{Distribution, FORMAT, Ground, Outcomes, Provenance, Record, Run, Spread};

fn seda(dir: &Path, words: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_seda"));
    program.current_dir(dir).args(["lab"]).args(words);
    program.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A run of 10 s, of which each seed takes a millisecond longer.
fn run(variant: &str, load: f64, seed: u16, p99: f64) -> Run {
    let spread = Spread {
        count: 9_000,
        p50: 5.0,
        p99: p99 + f64::from(seed),
        ..Spread::default()
    };
    Run {
        variant: variant.to_owned(),
        seed: u64::from(seed),
        load: Some(load),
        capacity: Some(1_000.0),
        seconds: 10.0,
        outcomes: Outcomes {
            offered: 10_000,
            good: 9_000,
            rejected: 1_000,
            ..Outcomes::default()
        },
        latency: Distribution {
            spread,
            curve: vec![(1.0, 0.1), (5.0, 0.5), (20.0, 1.0)],
        },
        ..Run::default()
    }
}

fn record(p99: f64) -> Record {
    let seeds = [1, 2, 3];
    let runs = [0.5, 2.0]
        .into_iter()
        .flat_map(|load| seeds.map(|seed| run("drain <rate>", load, seed, p99)));
    Record {
        format: FORMAT,
        scenario: "sweep".to_owned(),
        title: "A sweep & more".to_owned(),
        about: "</style><script>alert(1)</script>".to_owned(),
        ground: Ground::Server("http://localhost:8080".to_owned()),
        provenance: Provenance::default(),
        target_ms: 25.0,
        runs: runs.collect(),
    }
}

fn saved(dir: &Path, name: &str, record: &Record) {
    fs::write(
        dir.join(name),
        serde_json::to_string_pretty(record).unwrap(),
    )
    .unwrap();
}

#[test]
fn a_report_is_one_page_that_needs_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    saved(dir.path(), "a.json", &record(10.0));
    let output = seda(dir.path(), &["report", "a.json", "--out", "a.html"]);
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(0), String::new())
    );
    let page = fs::read_to_string(dir.path().join("a.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("A sweep &amp; more"));
    assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("src="));
    let printed = seda(dir.path(), &["report", "a.json"]);
    assert_eq!(text(&printed.stdout), page);
}

#[test]
fn plots_and_tables_come_alone() {
    let dir = tempfile::tempdir().unwrap();
    saved(dir.path(), "a.json", &record(10.0));
    let output = seda(
        dir.path(),
        &["report", "a.json", "--svg", "plots/new", "--csv", "a.csv"],
    );
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(0), String::new())
    );
    let svg = fs::read_to_string(dir.path().join("plots/new/goodput.svg")).unwrap();
    assert!(
        svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.contains("<style>")
    );
    let csv = fs::read_to_string(dir.path().join("a.csv")).unwrap();
    assert_eq!(csv.lines().count(), 7);
}

#[test]
fn plots_show_the_variants_that_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut both = record(10.0);
    let other = record(20.0).runs.into_iter();
    both.runs.extend(other.map(|run| Run {
        variant: "codel".to_owned(),
        ..run
    }));
    saved(dir.path(), "a.json", &both);
    let plotted = |variant: &str| {
        let words = ["report", "a.json", "--svg", "plots", "--variant", variant];
        seda(dir.path(), &words)
    };
    assert_eq!(plotted("codel").status.code(), Some(0));
    let svg = fs::read_to_string(dir.path().join("plots/goodput.svg")).unwrap();
    assert!(svg.contains(">codel</text>") && !svg.contains("drain"));
    let output = plotted("codell");
    assert_eq!(output.status.code(), Some(4));
    let said = "seda: no variant `codell` was recorded, did you mean `codel`?\n";
    assert_eq!(text(&output.stderr), said);
    assert!(text(&plotted("x").stderr).contains("there are: codel; drain <rate>"));
}

#[test]
fn a_record_that_is_wrong_is_pointed_at() {
    let dir = tempfile::tempdir().unwrap();
    let good = serde_json::to_string_pretty(&record(10.0)).unwrap();
    let cases = [
        (
            "{\n\"format\": 2, \"x\": 1}",
            "a.json:2:",
            "this is a record of format 2",
        ),
        ("no record", "a.json:1:", "measure again"),
        (
            &good.replacen("\"seed\"", "\"sead\"", 1),
            "a.json:",
            "unknown field `sead`",
        ),
        (
            &good.replacen("\"good\": 9000", "\"good\": 9001", 1),
            "a.json:",
            "10000 were offered, but 10001 became",
        ),
    ];
    for (text_of_record, place, what) in cases {
        fs::write(dir.path().join("a.json"), text_of_record).unwrap();
        let output = seda(dir.path(), &["report", "a.json"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with(place) && said.contains(what), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    fs::write(dir.path().join("a.json"), [0xff, 0xfe]).unwrap();
    assert_eq!(
        seda(dir.path(), &["report", "a.json"]).status.code(),
        Some(2)
    );
}

#[test]
fn a_record_that_is_not_there_is_not_found() {
    let dir = tempfile::tempdir().unwrap();
    let output = seda(dir.path(), &["report", "none.json"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("there is no file none.json"));
}

#[test]
fn a_comparison_says_what_is_more_than_chance() {
    let dir = tempfile::tempdir().unwrap();
    saved(dir.path(), "a.json", &record(10.0));
    saved(dir.path(), "b.json", &record(15.0));
    let output = seda(
        dir.path(),
        &["compare", "a.json", "b.json", "--out", "c.html"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    let expected = "\
VARIANT       LOAD  FIGURE             A           B  B AGAINST A
drain <rate>  0.5x  good /s          900         900  no difference to be seen
drain <rate>  0.5x  p99 ms    12 (11–13)  17 (16–18)  B higher by 41.7 %
drain <rate>  0.5x  rejected        10 %        10 %  no difference to be seen
";
    assert!(table.starts_with(expected), "{table}");
    let page = fs::read_to_string(dir.path().join("c.html")).unwrap();
    assert!(
        page.contains(">A drain &lt;rate&gt;</text>")
            && page.contains(">B drain &lt;rate&gt;</text>")
    );
}

#[test]
fn a_comparison_for_programs_is_an_object_a_line() {
    let dir = tempfile::tempdir().unwrap();
    saved(dir.path(), "a.json", &record(10.0));
    saved(dir.path(), "b.json", &record(15.0));
    let output = seda(dir.path(), &["compare", "a.json", "b.json", "-o", "json"]);
    let lines: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert_eq!(line.pointer("/p99_ms/difference").unwrap(), "higher");
        assert_eq!(line.pointer("/goodput/difference").unwrap(), "none");
        assert_eq!(line.pointer("/p99_ms/b/median").unwrap(), 17.0);
    }
}

#[test]
fn records_without_anything_in_common_cannot_be_compared() {
    let dir = tempfile::tempdir().unwrap();
    let mut other = record(10.0);
    other
        .runs
        .iter_mut()
        .for_each(|run| run.variant = "other".to_owned());
    saved(dir.path(), "a.json", &record(10.0));
    saved(dir.path(), "b.json", &other);
    let output = seda(dir.path(), &["compare", "a.json", "b.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("in common"));
}

#[test]
fn a_wrong_command_line_says_what_to_write() {
    let dir = tempfile::tempdir().unwrap();
    for (words, said) in [
        (&["report"][..], "needs a record"),
        (&["compare", "a.json"], "needs two records, not 1"),
        (&["report", "--outt", "x"], "did you mean `--out`?"),
    ] {
        let output = seda(dir.path(), words);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            text(&output.stderr).contains(said),
            "{}",
            text(&output.stderr)
        );
    }
}
