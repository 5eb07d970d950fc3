//! Scenarios on real threads: every event is accounted for, under either plan.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use seda_lab::record::Run;
use seda_lab::run_on_threads;
use seda_lab::scenario::{Scenario, Site};

/// So long that no machine is too busy for an answer within it.
const HEAD: &str = "name = \"t\"\ntitle = \"T\"\nabout = \"A.\"\ntarget = \"30s\"\n";
const BOTH: &str = r#"
[[variant]]
name = "default plan"
policy = "unbounded"
[[variant]]
name = "classic"
plan = "seda-classic"
[[variant]]
name = "classic, in batches"
plan = "seda-classic"
batching = "adaptive"
"#;

fn text(server: &str, clients: &str, rest: &str) -> String {
    let client = r#"client = { think = "0ms", jitter = "0ms" }"#;
    format!(
        "{HEAD}server = {server}\nload = {{ kind = \"closed\", clients = {clients}, {client} }}\n\
         times = {{ measured = \"100ms\" }}\n{rest}"
    )
}

fn run(text: &str, rounds: &[u64]) -> Vec<Run> {
    let scenario = Scenario::read_for(Site::Threads, "t.toml", text).unwrap();
    run_on_threads(&scenario, rounds, |_, _| {}).unwrap()
}

#[test]
fn each_variant_goes_round_with_each_number_of_clients_and_loses_nobody() {
    let idle = r#"{ servers = 2, stages = 3, work = { kind = "constant", each = "0us" } }"#;
    let runs = run(&text(idle, "[1, 5]", BOTH), &[1, 2]);
    let order: Vec<_> = runs
        .iter()
        .map(|run| (run.variant.as_str(), run.clients.unwrap(), run.seed))
        .collect();
    assert_eq!(order.len(), 12);
    assert!(order.is_sorted_by_key(|(variant, clients, seed)| {
        let place = ["default plan", "classic", "classic, in batches"];
        (place.iter().position(|one| one == variant), *clients, *seed)
    }));
    for run in &runs {
        let outcomes = run.outcomes;
        assert!(outcomes.is_exact(), "{run:?}");
        assert_eq!((outcomes.rejected, outcomes.failed), (0, 0), "{run:?}");
        assert_eq!(run.latency.spread.count, outcomes.good + outcomes.late);
    }
    // A machine busy with other tests may leave one run without an answer, not all.
    let seen = |run: &&Run| run.outcomes.good > 0 && run.cpu_us.is_some_and(|cpu| cpu > 0.0);
    assert!(runs.iter().filter(seen).count() > 6, "{runs:?}");
}

#[test]
fn as_many_clients_as_a_queue_has_by_default_are_all_let_in() {
    let idle = r#"{ servers = 2, stages = 2, work = { kind = "constant", each = "0us" } }"#;
    for run in run(&text(idle, "[1024]", BOTH), &[1]) {
        assert_eq!((run.outcomes.rejected, run.outcomes.failed), (0, 0));
    }
}

#[test]
fn work_is_done_at_every_stage() {
    let each = Duration::from_millis(1);
    for (threads, what) in [("", "burnt"), ("threads = [1, 1], ", "waited")] {
        let server = format!(
            "{{ servers = 1, stages = 3, {threads}work = {{ kind = \"constant\", each = \"1ms\" }} }}"
        );
        // Long enough for some answers on a machine that is busy with other tests.
        let text = text(&server, "[1]", BOTH).replace("100ms", "1s");
        for run in run(&text, &[1]) {
            let fastest = run.latency.curve.first().unwrap().0;
            let least = 3.0 * each.as_secs_f64() * 1e3;
            assert!(
                fastest >= 0.99 * least,
                "{what}: {fastest} ms, {}",
                run.variant
            );
            let cpu = run.cpu_us.unwrap();
            assert!(what == "waited" || cpu >= 500.0 * least, "{cpu} µs of CPU");
        }
    }
}

#[test]
fn what_cannot_be_had_on_threads_is_told_all_at_once_in_its_place() {
    let text = format!(
        "{HEAD}[server]\nservers = 1\nwork = {{ kind = \"exponential\", mean = \"1ms\" }}\n\
         arrival_cost = \"5us\"\n\
         [load]\nkind = \"closed\"\nclients = [1, 100000]\n\
         joined = [{{ at = \"0s\", lasts = \"1s\", clients = 2 }}]\n\
         client = {{ think = \"1ms\", timeout = \"1s\" }}\n\
         [times]\nmeasured = \"1s\"\n\
         [[variant]]\nname = \"a\"\npolicy = \"codel\"\n\
         [[variant]]\nname = \"b\"\nplan = \"seda-classic\"\n"
    );
    let said = Scenario::read_for(Site::Threads, "t.toml", &text).unwrap_err();
    let said = said.to_string();
    let lines: Vec<_> = said
        .lines()
        .map(|line| line.split(": ").collect())
        .collect();
    let places: Vec<&str> = lines.iter().map(|line: &Vec<&str>| line[0]).collect();
    let expected = [
        "t.toml:7:8",
        "t.toml:8:16",
        "t.toml:11:15",
        "t.toml:13:20",
        "t.toml:13:10",
        "t.toml:13:37",
        "t.toml:12:10",
        "t.toml:18:10",
    ];
    assert_eq!(places, expected, "{said}");
    assert!(
        lines.iter().all(|line| line[1].starts_with("on threads ")),
        "{said}"
    );
}

#[test]
fn an_open_load_and_no_variant_are_told() {
    let text = format!(
        "{HEAD}server = {{ servers = 1, work = {{ kind = \"constant\", each = \"1ms\" }} }}\n\
         load = {{ kind = \"open\", loads = [0.5] }}\ntimes = {{ measured = \"1s\" }}\n"
    );
    let said = Scenario::read_for(Site::Threads, "t.toml", &text).unwrap_err();
    let said = said.to_string();
    let first = "t.toml:6:17: on threads clients wait for their answers, write kind = \"closed\"";
    assert!(said.starts_with(first), "{said}");
    assert!(
        said.contains("add one with policy = \"unbounded\""),
        "{said}"
    );
}

#[test]
fn stages_in_a_row_and_work_that_takes_no_time_are_not_for_the_wind_tunnel() {
    let idle = r#"{ servers = 2, stages = 3, work = { kind = "constant", each = "0us" } }"#;
    let text = text(idle, "[1]", "");
    let said = Scenario::read_for(Site::WindTunnel, "t.toml", &text).unwrap_err();
    let said = said.to_string();
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines[0].starts_with("t.toml:5:34: the wind tunnel has one stage"),
        "{said}"
    );
    assert!(
        lines[1].starts_with("t.toml:5:44: in virtual time work"),
        "{said}"
    );
    for stages in ["0", "65"] {
        let text = text.replace("stages = 3", &format!("stages = {stages}"));
        let said = Scenario::read("t.toml", &text).unwrap_err().to_string();
        assert_eq!(said, "t.toml:5:34: give 1 to 64 stages");
    }
}
