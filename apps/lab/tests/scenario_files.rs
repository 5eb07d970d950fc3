//! A scenario file with a mistake is told where it is, what it is, and what to do next.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use seda_lab::scenario::{Load, Scenario};

const GOOD: &str = r#"name = "mine"
title = "Mine"
about = "What I want to see."
target = "25ms"

[server]
servers = 2
work = { kind = "exponential", mean = "1ms" }

[load]
kind = "open"
loads = [0.5, 2.0]

[times]
measured = "2s"

[[variant]]
name = "codel"
policy = "codel"
"#;

/// Reads the good one with one piece exchanged, and gives what is said.
fn said(good: &str, bad: &str) -> String {
    assert!(GOOD.contains(good), "{good}");
    let text = GOOD.replace(good, bad);
    Scenario::read("mine.toml", &text).unwrap_err().to_string()
}

#[test]
fn a_good_one_is_read() {
    let scenario = Scenario::read("mine.toml", GOOD).unwrap();
    assert_eq!((scenario.seeds, scenario.variant.len()), (5, 1));
    assert!(matches!(scenario.load, Load::Open { loads, .. } if loads == [0.5, 2.0]));
}

#[test]
fn what_is_not_toml_has_a_place() {
    let said = said("servers = 2", "servers =");
    assert!(said.starts_with("mine.toml:7:"), "{said}");
    assert!(said.contains("not TOML"), "{said}");
}

#[test]
fn an_unknown_key_has_a_place_even_where_a_kind_decides() {
    for (good, bad, place, key) in [
        ("servers = 2", "severs = 2", "7:1", "severs"),
        ("loads = [", "laods = [", "12:1", "laods"),
        ("mean = ", "maen = ", "8:32", "maen"),
        ("kind = \"open\"", "kind = \"opne\"", "11:8", "opne"),
    ] {
        let said = said(good, bad);
        assert!(said.starts_with(&format!("mine.toml:{place}: ")), "{said}");
        assert!(said.contains(&format!("`{key}`")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn targets_of_classes_are_read_and_those_without_a_class_are_told() {
    let with = |more: &str| GOOD.replace("loads = [0.5, 2.0]", &format!("loads = [0.5]\n{more}"));
    let two = "classes = [0.2]\nclass_targets = [\"10ms\", \"2s\"]";
    let Load::Open { class_targets, .. } = Scenario::read("mine.toml", &with(two)).unwrap().load
    else {
        panic!("the load is open");
    };
    let ms: Vec<u128> = class_targets
        .iter()
        .map(|target| target.0.as_millis())
        .collect();
    assert_eq!(ms, [10, 2_000]);
    for (more, said) in [
        ("class_targets = [\"10ms\"]", "there are fewer classes"),
        (
            "classes = [0.5, 0.5]\nclass_targets = [\"1s\", \"1s\", \"1s\"]",
            "there are fewer classes",
        ),
        (
            "classes = [0.5]\nclass_targets = [\"0ms\"]",
            "no answer takes no time",
        ),
    ] {
        let error = Scenario::read("mine.toml", &with(more))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(said) && error.starts_with("mine.toml:1"),
            "{error}"
        );
    }
}

#[test]
fn a_missing_key_says_what_to_add() {
    let said = said("target = \"25ms\"\n", "");
    assert!(said.contains("`target` is missing, add it"), "{said}");
}

#[test]
fn a_time_without_a_unit_says_how_to_write_one() {
    for (good, bad, place) in [("\"25ms\"", "\"25\"", "4:10"), ("\"1ms\"", "\"1\"", "8:39")] {
        let said = said(good, bad);
        assert!(said.starts_with(&format!("mine.toml:{place}: ")), "{said}");
        assert!(
            said.contains("is no time: write a number and one of"),
            "{said}"
        );
    }
}

#[test]
fn what_cannot_be_is_told_all_at_once_in_its_place() {
    let text = GOOD
        .replace("[0.5, 2.0]", "[0.5, -2.0]")
        .replace("servers = 2", "servers = 0")
        .replace("policy = \"codel\"", "policy = \"coddel\"");
    let said = Scenario::read("mine.toml", &text).unwrap_err().to_string();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "mine.toml:7:11: give 1 to 1024 servers",
            "mine.toml:12:15: a load is above 0, such as 0.9 of capacity",
            "mine.toml:19:10: unknown policy `coddel`, did you mean `codel`?",
        ]
    );
}

#[test]
fn nothing_that_cannot_be_is_run() {
    for (good, bad, what) in [
        ("loads = [0.5, 2.0]", "loads = []", "at least one"),
        (
            "loads = [0.5, 2.0]",
            "loads = [1.0]\nclasses = [0.7, 0.7]",
            "sum to at most 1",
        ),
        ("loads = [0.5, 2.0]", "loads = [nan]", "above 0"),
        (
            "loads = [0.5, 2.0]",
            "loads = [1.0]\nchanges = [{ at = \"3s\", factor = 2.0 }]",
            "over by then",
        ),
        (
            "loads = [0.5, 2.0]",
            "loads = [1.0]\nretries = { timeout = \"1s\", budget = 1.0 }",
            "a budget is",
        ),
        ("measured = \"2s\"", "measured = \"0s\"", "give more"),
        ("mean = \"1ms\"", "mean = \"0ms\"", "give more"),
        (
            "target = \"25ms\"",
            "target = \"25ms\"\nseeds = 0",
            "at least 1",
        ),
        (
            "kind = \"open\"\nloads = [0.5, 2.0]",
            "kind = \"closed\"\nclients = [0]",
            "clients",
        ),
        (
            "policy = \"codel\"",
            "plan = \"seda-clasic\"",
            "did you mean `seda-classic`?",
        ),
        (
            "policy = \"codel\"",
            "batching = \"none\"",
            "write `adaptive` or `classic`",
        ),
        (
            "policy = \"codel\"",
            "[[variant]]\nname = \"codel\"",
            "another variant has this name",
        ),
    ] {
        let said = said(good, bad);
        assert!(said.contains(what), "{bad}: {said}");
    }
}
