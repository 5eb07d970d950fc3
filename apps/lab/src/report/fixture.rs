//! Records for tests, made by rule.

use crate::record::{
    ClassRun, Column, Distribution, FORMAT, Fairness, Ground, Lag, Outcomes, Provenance, Record,
    Run, Series, Spread,
};

/// Makes a record of these runs.
pub(crate) fn record(runs: Vec<Run>) -> Record {
    Record {
        format: FORMAT,
        scenario: "sweep".to_owned(),
        title: "A sweep".to_owned(),
        about: "shows what is kept of the capacity".to_owned(),
        ground: Ground::Simulated,
        provenance: Provenance {
            command: "seda lab run sweep.toml".to_owned(),
            commit: Some("0123abc".to_owned()),
            machine: "2 cores".to_owned(),
            load_average: Some(0.5),
            began: 1_790_000_000,
            took_s: 12.0,
        },
        target_ms: 25.0,
        runs,
    }
}

/// Makes a run of 10 s at a load of 1,000/s, of which each seed does a little more.
pub(crate) fn run(variant: &str, load: f64, seed: u16) -> Run {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small"
    )]
    let offered = (load * 10_000.0) as u64;
    let good = offered.min(9_000 + u64::from(seed));
    let median = 5.0 + f64::from(seed);
    let spread = Spread {
        count: good,
        mean: median,
        p50: median,
        p90: median * 2.0,
        p99: median * 3.0,
        p999: median * 4.0,
        max: median * 5.0,
    };
    Run {
        variant: variant.to_owned(),
        seed: u64::from(seed),
        load: Some(load),
        capacity: Some(1_000.0),
        seconds: 10.0,
        outcomes: Outcomes {
            offered,
            good,
            rejected: offered - good,
            ..Outcomes::default()
        },
        latency: Distribution {
            spread,
            curve: (1..=50_u8)
                .map(|n| (f64::from(n) / 2.0, f64::from(n) / 50.0))
                .collect(),
        },
        ..Run::default()
    }
}

/// Makes a run that has everything a run can have.
pub(crate) fn full(variant: &str, load: f64, seed: u16) -> Run {
    let run = run(variant, load, seed);
    let class = |class| ClassRun {
        class,
        outcomes: run.outcomes,
        latency: run.latency.spread,
        target_ms: Some(25.0),
        starved_ms: Some(1_000.0),
    };
    let column = |name: &str, unit: &str| Column {
        name: name.to_owned(),
        unit: unit.to_owned(),
        values: (0..60_u8)
            .map(|n| (n != 7).then(|| f64::from(n % 10)))
            .collect(),
    };
    let columns = [
        ("offered", "/s"),
        ("good", "/s"),
        ("queue time", "ms"),
        ("threads", "threads"),
    ];
    Run {
        clients: None,
        uncorrected: Some(run.latency.spread),
        rejection: Some(run.latency.spread),
        lag: Some(Lag {
            spread: run.latency.spread,
            sent: 1.0,
        }),
        fairness: Some(Fairness {
            jain: 0.99,
            slowest: 1.5,
            p99_ms: vec![1.0, 2.0, 3.0],
        }),
        classes: vec![class(0), class(1)],
        settled_ms: Some(100.0),
        series: Some(Series {
            step_ms: 100.0,
            columns: columns.map(|(name, unit)| column(name, unit)).into(),
        }),
        ..run
    }
}

/// Makes the same with clients in place of a load.
pub(crate) fn closed(variant: &str, clients: u32, seed: u16) -> Run {
    Run {
        load: None,
        clients: Some(u64::from(clients)),
        capacity: None,
        ..full(variant, f64::from(clients) / 10.0, seed)
    }
}
