//! `seda lab run` and `seda lab scenarios` as a shell sees them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::{Command, Output};

use seda_lab::record::{FORMAT, Ground, Record};

const SMALL: &str = r#"name = "small"
title = "Twice too much"
about = "What becomes of it."
target = "25ms"
seeds = 2
server = { servers = 2, work = { kind = "exponential", mean = "1ms" } }
load = { kind = "open", loads = [2.0] }
times = { measured = "500ms" }
"#;

fn lab(words: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_seda");
    let mut command = Command::new(program);
    command.arg("lab").args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_scenarios_that_there_are_are_listed_with_their_titles() {
    let output = lab(&["scenarios"]);
    assert_eq!(output.status.code(), Some(0));
    let listed = text(&output.stdout);
    let line = "retry-storm    A burst of 10 s, and clients that ask again\n";
    assert!(listed.contains(line), "{listed}");
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios")).unwrap();
    assert_eq!(listed.lines().count(), files.count());
}

#[test]
fn a_scenario_that_there_is_not_exits_with_4_and_suggests_one() {
    let output = lab(&["run", "retry-strom", "--simulate"]);
    assert_eq!(output.status.code(), Some(4));
    let said = "seda: no scenario `retry-strom`, did you mean `retry-storm`?\n";
    assert_eq!(text(&output.stderr), said);
    let output = lab(&["run", "./none.toml", "--simulate"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("./none.toml: cannot be read"));
}

#[test]
fn a_mistake_in_a_file_exits_with_2_and_points_at_the_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("small.toml");
    fs::write(&file, SMALL.replace("[2.0]", "[0.0]")).unwrap();
    let file = file.to_str().unwrap();
    let output = lab(&["run", file, "--simulate"]);
    assert_eq!(output.status.code(), Some(2));
    let said = format!("seda: {file}:7:34: a load is above 0, such as 0.9 of capacity\n");
    assert_eq!(text(&output.stderr), said);
}

#[test]
fn a_record_can_be_had_again_by_its_command() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("small.toml");
    fs::write(&file, SMALL).unwrap();
    let (file, out) = (file.to_str().unwrap(), dir.path().join("record.json"));
    let output = lab(&[
        "run",
        file,
        "--simulate",
        "--seed",
        "7",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
    let table = text(&output.stdout);
    assert!(table.starts_with("Twice too much\n\nVARIANT"), "{table}");
    let command = format!("seda lab run {file} --simulate --seed 7 --seeds 2");
    assert!(table.ends_with(&format!("\n{command}\n")), "{table}");

    let written: Record = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert_eq!(
        (written.format, &written.ground),
        (FORMAT, &Ground::Simulated)
    );
    assert_eq!(written.provenance.command, command);
    let words: Vec<&str> = command.split(' ').skip(2).chain(["-o", "json"]).collect();
    let again = lab(&words);
    let again: Record = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(again.runs, written.runs);
    let seeds: Vec<u64> = again.runs.iter().map(|run| run.seed).collect();
    assert_eq!(seeds, [7, 8]);
    assert!(again.runs.iter().all(|run| run.outcomes.is_exact()));
}

#[test]
fn a_record_that_cannot_be_written_exits_with_1() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("small.toml");
    fs::write(&file, SMALL).unwrap();
    let out = dir.path().join("no/such/record.json");
    let words = [
        "run",
        file.to_str().unwrap(),
        "--simulate",
        "--out",
        out.to_str().unwrap(),
    ];
    let output = lab(&words);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("name another file"));
}

#[test]
fn a_scenario_for_virtual_time_alone_names_both_choices_and_what_cannot_be_had() {
    for words in [&["run", "overload"][..], &["run", "threads", "-o", "json"]] {
        let output = lab(words);
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stderr);
        let name = words[1];
        let head = format!(
            "seda: `{name}` does not run on this machine's threads, add `--simulate` for \
             virtual time, or `--target URL` for a server\n{name}.toml:"
        );
        assert!(said.starts_with(&head), "{said}");
        assert!(said.contains("write kind = \"closed\""), "{said}");
    }
    let output = lab(&["run", "retrospective", "--simulate"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains(": the wind tunnel has one stage"), "{said}");
}

#[test]
fn a_scenario_runs_on_threads_and_becomes_a_report() {
    let dir = tempfile::tempdir().unwrap();
    let shipped = include_str!("../scenarios/retrospective.toml");
    let short = shipped
        .replace("[1, 4, 16, 64, 256, 1024, 4096]", "[1, 4]")
        .replace("\"200ms\"", "\"0ms\"")
        .replace("\"1s\"", "\"100ms\"");
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (file, out, page) = (path("short.toml"), path("r.json"), path("r.html"));
    fs::write(&file, short).unwrap();
    let output = lab(&["run", &file, "--seeds", "1", "--out", &out]);
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
    let table = text(&output.stdout);
    assert!(table.contains(" µs of CPU each"), "{table}");
    assert!(table.ends_with(&format!("\nseda lab run {file} --seeds 1\n")));

    let written: Record = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert_eq!(
        (written.format, &written.ground),
        (FORMAT, &Ground::Threads)
    );
    assert_eq!(written.runs.len(), 8);
    assert!(written.runs.iter().all(|run| run.outcomes.is_exact()));
    let output = lab(&["report", &out, "--out", &page]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = fs::read_to_string(page).unwrap();
    for plot in [
        "answers per second",
        "CPU time per answer, µs",
        "p50 of answers, ms",
    ] {
        assert!(page.contains(&format!(">{plot}</text>")), "{plot}");
    }
}

#[test]
fn a_mistake_in_a_file_for_threads_is_pointed_at_before_anything_is_run() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("small.toml");
    let shipped = include_str!("../scenarios/retrospective.toml");
    fs::write(&file, shipped.replace("stages = 8", "stages = 800")).unwrap();
    let file = file.to_str().unwrap();
    let output = lab(&["run", file]);
    assert_eq!(output.status.code(), Some(2));
    let said = format!("seda: {file}:10:10: give 1 to 64 stages\n");
    assert_eq!(text(&output.stderr), said);
}
