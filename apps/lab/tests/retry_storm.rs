//! L12: clients that ask again do not keep the default down once a burst is
//! over, and do keep down what takes everything.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use seda_lab::record::Run;
use seda_lab::scenario::Scenario;
use seda_lab::simulate;

const STORM: &str = r#"
name = "storm"
title = "A burst, and clients that ask again"
about = "10 s at three times capacity over 0.8 of it."
target = "25ms"
server = { servers = 2, work = { kind = "exponential", mean = "1ms" }, arrival_cost = "20us" }
times = { warm_up = "1s", measured = "17s" }
[load]
kind = "open"
loads = [0.8]
changes = [{ at = "1s", factor = 3.75 }, { at = "11s", factor = 1.0 }]
retries = { timeout = "100ms", times = 3 }
[[variant]]
name = "the default"
[[variant]]
name = "unbounded"
policy = "unbounded"
"#;

/// Gives the part of what was offered from two seconds after the burst on that was good.
fn good_after(run: &Run) -> f64 {
    let series = run.series.as_ref().unwrap();
    let sum = |name| {
        let values = &series.column(name).unwrap().values;
        values.iter().skip(130).flatten().sum::<f64>()
    };
    sum("good") / sum("offered")
}

#[test]
fn a_retry_storm_ends_with_the_burst_under_the_default_and_never_without_bound() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let scenario = Scenario::read("storm.toml", STORM).unwrap();
    let runs = simulate(&scenario, &[seed], |_, _| {}).unwrap();
    let [default, unbounded] = &runs[..] else {
        panic!("{} runs", runs.len());
    };
    let (kept, lost) = (good_after(default), good_after(unbounded));
    println!("good: {kept:.3} under the default, {lost:.3} without bound");
    for run in &runs {
        assert!(run.outcomes.is_exact(), "{:?}", run.outcomes);
        assert!(
            run.attempts.unwrap() > run.outcomes.offered,
            "nobody asks again"
        );
    }
    assert!(kept >= 0.95);
    assert!(default.settled_ms.is_some_and(|after| after <= 2_000.0));
    assert!(lost <= 0.05);
    assert_eq!(unbounded.settled_ms, None);
}
