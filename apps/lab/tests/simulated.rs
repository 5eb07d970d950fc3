//! Scenarios in virtual time: exact, the same for the same seed, and true to what they say.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use seda_lab::record::Run;
use seda_lab::scenario::Scenario;
use seda_lab::simulate;

fn run(text: &str, seeds: &[u64]) -> Vec<Run> {
    println!("seeds {seeds:?}");
    let scenario = Scenario::read("test.toml", text).unwrap();
    simulate(&scenario, seeds, |_, _| {}).unwrap()
}

fn scenario(server: &str, load: &str, rest: &str) -> String {
    format!(
        "name = \"t\"\ntitle = \"T\"\nabout = \"A.\"\ntarget = \"25ms\"\n\
         server = {server}\nload = {load}\n{rest}"
    )
}

const TWO: &str = r#"{ servers = 2, work = { kind = "exponential", mean = "1ms" } }"#;
const SHORT: &str = r#"times = { warm_up = "500ms", measured = "1s" }"#;

#[test]
fn one_seed_has_one_record_and_another_has_another() {
    let load = r#"{ kind = "open", loads = [0.5, 3.0], classes = [0.2], retries = { timeout = "30ms", times = 2, backoff = "5ms" } }"#;
    let text = scenario(TWO, load, SHORT);
    let seed = fastrand::u64(..u64::MAX);
    let first = run(&text, &[seed]);
    assert_eq!(first, run(&text, &[seed]));
    // Counts may agree by chance; a whole distribution does not.
    assert_ne!(first[0].latency, run(&text, &[seed + 1])[0].latency);
    assert_eq!(first[1].classes.len(), 2);
    for run in &first {
        assert!(run.outcomes.is_exact() && run.outcomes.offered > 0);
        let offered: u64 = run.classes.iter().map(|class| class.outcomes.offered).sum();
        assert_eq!(offered, run.outcomes.offered);
    }
}

#[test]
fn the_series_has_what_the_outcomes_have() {
    let text = scenario(TWO, r#"{ kind = "open", loads = [2.0] }"#, SHORT);
    let runs = run(&text, &[fastrand::u64(..)]);
    let series = runs[0].series.as_ref().unwrap();
    let sum = |name: &str| -> f64 {
        let values = &series.column(name).unwrap().values;
        assert_eq!(values.len(), 10);
        values.iter().flatten().sum::<f64>() / 10.0
    };
    assert!((sum("offered") - runs[0].offered()).abs() < 1e-6);
    // What is answered in a step may have been asked before the first.
    assert!((sum("good") - runs[0].goodput()).abs() < 100.0);
    let columns = [
        "late",
        "rejected",
        "failed",
        "queue time",
        "p99",
        "threads",
        "batch",
        "in flight",
    ];
    assert!(columns.iter().all(|name| series.column(name).is_some()));
}

#[test]
fn a_pause_makes_those_wait_who_came_during_it() {
    let server = r#"{ servers = 1, work = { kind = "constant", each = "100us" }, pauses = [{ at = "200ms", lasts = "200ms" }] }"#;
    let rest = format!("{SHORT}\n[[variant]]\nname = \"all\"\npolicy = \"unbounded\"");
    let text = scenario(
        server,
        r#"{ kind = "open", arrivals = "uniform", loads = [0.1] }"#,
        &rest,
    );
    let runs = run(&text, &[fastrand::u64(..)]);
    let latency = &runs[0].latency.spread;
    assert!((199.0..=201.0).contains(&latency.max), "{latency:?}");
    assert!((190.0..=200.0).contains(&latency.p99), "{latency:?}");
    assert!(latency.p50 <= 0.101, "{latency:?}");
}

#[test]
fn the_classic_plan_begins_with_one_thread_and_ours_with_all() {
    let closed = r#"{ kind = "closed", clients = [64], client = { think = "1ms" } }"#;
    let rest = format!(
        "{SHORT}\n[[variant]]\nname = \"classic\"\nplan = \"seda-classic\"\n\
         [[variant]]\nname = \"all\"\npolicy = \"unbounded\""
    );
    let runs = run(&scenario(TWO, closed, &rest), &[fastrand::u64(..)]);
    let threads = |run: &Run| {
        let series = run.series.as_ref().unwrap();
        series.column("threads").unwrap().values[9]
    };
    assert_eq!(
        (threads(&runs[0]), threads(&runs[1])),
        (Some(1.0), Some(2.0))
    );
    assert!(runs[1].throughput() > 1.7 * runs[0].throughput());
}

#[test]
fn clients_that_join_are_there_for_as_long_as_it_says() {
    let load = r#"{ kind = "closed", clients = [1], client = { think = "10ms" }, joined = [{ at = "300ms", lasts = "300ms", clients = 9 }] }"#;
    let runs = run(&scenario(TWO, load, SHORT), &[fastrand::u64(..)]);
    let series = runs[0].series.as_ref().unwrap();
    let offered = &series.column("offered").unwrap().values;
    let of = |steps: std::ops::Range<usize>| offered[steps].iter().flatten().sum::<f64>();
    assert!(of(0..3) < 350.0, "{offered:?}");
    assert!(of(3..6) > 1_500.0, "{offered:?}");
    assert!(of(7..10) < 350.0, "{offered:?}");
    let clients = &series.column("clients").unwrap().values;
    let of = [1, 1, 1, 10, 10, 10, 1, 1, 1, 1].map(|n| Some(f64::from(n)));
    assert_eq!(*clients, of);
}
