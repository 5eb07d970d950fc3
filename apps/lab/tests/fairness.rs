//! L6: clients of a closed loop get the same, though not all of them can be served.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use seda_lab::scenario::Scenario;
use seda_lab::simulate;

const CLIENTS: &str = r#"
name = "fairness"
title = "1,024 clients"
about = "They ask for a half more than can be done."
target = "25ms"
server = { servers = 16, work = { kind = "exponential", mean = "1ms" } }
load = { kind = "closed", clients = [1024], client = { think = "25ms" } }
times = { warm_up = "500ms", measured = "5s" }
"#;

#[test]
fn a_thousand_clients_get_the_same_under_the_default() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let scenario = Scenario::read("fairness.toml", CLIENTS).unwrap();
    let runs = simulate(&scenario, &[seed], |_, _| {}).unwrap();
    let run = &runs[0];
    let fairness = run.fairness.as_ref().unwrap();
    println!(
        "{:?}, Jain {}, slowest {}",
        run.outcomes, fairness.jain, fairness.slowest
    );
    assert!(
        run.outcomes.is_exact() && run.outcomes.rejected > 0,
        "not all can be served"
    );
    assert!(fairness.jain >= 0.99);
    assert!(fairness.slowest <= 2.0);
    assert_eq!(fairness.p99_ms.len(), 512, "one of two is kept");
    assert!(run.goodput() > 0.9 * run.capacity.unwrap());
}
