//! Contract 9: stages do not know their plan; it changes figures, not results.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

mod rig;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rig::{account, drained};
use seda_core::{
    Batch, BoxError, DeadLetter, DomainKind, Failure, Graph, Handler, Intensity, Ledger, Overflow,
    Plan, Running, Sink, Stage,
};

const EVENTS: u64 = 3_000;

/// What a run has led to: sums by word, failures, and the sum that the solo stage kept.
#[derive(Debug, Default, PartialEq)]
struct Results {
    sums: BTreeMap<&'static str, u64>,
    failures: Vec<String>,
    last_total: u64,
}

type Shared = Arc<Mutex<Results>>;

/// Sends even numbers one way and odd ones another, one step further each.
#[derive(Clone)]
struct Sort {
    even: Sink<u64>,
    odd: Sink<u64>,
}

impl Handler for Sort {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(n) = batch.next() {
            if n % 100 == 7 {
                return Err(format!("no {n}").into());
            }
            assert!(n % 100 != 8, "not {n}");
            let sink = if n % 2 == 0 { &self.even } else { &self.odd };
            if let Err(back) = sink.enqueue(n) {
                batch.defer(back.event);
            }
        }
        Ok(())
    }
}

/// Passes the running total on, which only one handler for all can know.
struct Total {
    results: Shared,
    total: u64,
}

impl Handler for Total {
    type Event = (&'static str, u64);

    fn handle(&mut self, batch: &mut Batch<(&'static str, u64)>) -> Result<(), BoxError> {
        for (word, n) in batch {
            self.total += n;
            let mut results = self.results.lock().unwrap();
            *results.sums.entry(word).or_default() += n;
            results.last_total = self.total;
        }
        Ok(())
    }
}

#[derive(Clone)]
struct Tell {
    word: &'static str,
    total: Sink<(&'static str, u64)>,
}

impl Handler for Tell {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(n) = batch.next() {
            if self.total.enqueue((self.word, n)).is_err() {
                batch.defer(n);
            }
        }
        Ok(())
    }
}

/// Builds the graph; it knows nothing of any plan.
fn build(results: &Shared) -> (Graph, Stage<u64>) {
    let mut graph = Graph::new("anywhere");
    let keep = Arc::clone(results);
    let failed = graph.stage("failed").each(move |failure: Failure| {
        keep.lock()
            .unwrap()
            .failures
            .push(failure.cause.to_string());
        Ok(())
    });
    graph.failures_to(&failed);
    let buried = graph
        .stage("buried")
        .each(|letter: DeadLetter<u64>| Err(format!("buried {}", letter.event).into()));
    let keep = Arc::clone(results);
    let total = graph.stage("total").queue(16).solo(move |_| Total {
        results: Arc::clone(&keep),
        total: 0,
    });
    let [even, odd] = ["even", "odd"].map(|word| {
        let stage = graph.stage(word).queue(8).dead_letters(&buried);
        stage.handler_with(|wire| Tell {
            word,
            total: wire.to(&total).overflow(Overflow::Defer),
        })
    });
    let sort = graph.stage("sort").queue(32).restarts(Intensity::UNLIMITED);
    let sort = sort.handler_with(|wire| Sort {
        even: wire.to(&even).overflow(Overflow::Defer),
        odd: wire.to(&odd).overflow(Overflow::Defer),
    });
    (graph, sort)
}

fn feed(running: &Running, sort: &Stage<u64>) {
    let inlet = running.inlet(sort);
    for mut n in 0..EVENTS {
        while let Err(back) = inlet.enqueue(n) {
            n = back.event;
            std::thread::yield_now();
        }
    }
}

fn run(plan: Plan) -> (Results, Ledger) {
    let results = Shared::default();
    let (graph, sort) = build(&results);
    let running = graph.start(plan).unwrap();
    feed(&running, &sort);
    let ledger = drained(&running);
    let mut results = std::mem::take(&mut *results.lock().unwrap());
    results.failures.sort();
    (results, ledger)
}

/// What the numbers must lead to, reckoned without stages.
fn expected() -> Results {
    let mut results = Results::default();
    for n in 0..EVENTS {
        match n % 100 {
            7 => results.failures.push(format!("no {n}")),
            8 => results.failures.push(format!("panic: not {n}")),
            _ => {
                let word = if n % 2 == 0 { "even" } else { "odd" };
                *results.sums.entry(word).or_default() += n;
                results.last_total += n;
            }
        }
    }
    results.failures.sort();
    results
}

const MIXED: &str = r#"
workers = 2

[domain.disk]
threads = [1, 3]

[domain.own]
workers = 1

[stage.even]
domain = "disk"
batch = 4

[stage.total]
domain = "own"

[stage.failed]
domain = "own"

[stage.sort]
share = 3
batch = 7

[stage.odd]
share = 2
"#;

fn one_pool() -> Plan {
    let pool = DomainKind::Blocking { min: 2, max: 4 };
    let stages = ["sort", "even", "odd", "total", "failed", "buried"];
    let plan = Plan::default().domain("pool", pool);
    stages
        .into_iter()
        .fold(plan, |plan, stage| plan.place(stage, "pool"))
}

fn plans() -> Vec<(&'static str, Plan)> {
    let classic_text = "base = \"seda-classic\"\n[stage.odd]\nbatch = 3";
    vec![
        ("the default", Plan::default()),
        ("one worker", Plan::default().workers(1)),
        ("two workers", Plan::default().workers(2)),
        ("four workers", Plan::default().workers(4)),
        (
            "no statistics",
            Plan::default().workers(2).without_statistics(),
        ),
        ("one pool", one_pool()),
        ("as in 2001", Plan::seda_classic()),
        (
            "as in 2001, written",
            Plan::from_toml("classic.toml", classic_text).unwrap(),
        ),
        ("mixed", Plan::from_toml("mixed.toml", MIXED).unwrap()),
    ]
}

/// Fails unless the ledger is what any plan must lead to.
fn assert_ledger(plan: &str, ledger: &Ledger) {
    let of = |stage| {
        let account = account(ledger, stage);
        (account.accepted, account.handled, account.failed)
    };
    let failed = EVENTS / 50;
    let half = (EVENTS - failed) / 2;
    assert_eq!(of("sort"), (EVENTS, EVENTS - failed, failed), "{plan}");
    assert_eq!(of("even"), (half, half, 0), "{plan}");
    assert_eq!(of("odd"), (half, half, 0), "{plan}");
    assert_eq!(of("total"), (2 * half, 2 * half, 0), "{plan}");
    assert_eq!(of("failed"), (failed, failed, 0), "{plan}");
    assert_eq!(of("buried"), (0, 0, 0), "{plan}");
    for account in &ledger.accounts {
        let rejected = &account.rejected;
        assert_eq!(rejected.total(), rejected.full, "{plan}: {account:?}");
        assert_eq!(account.expired + account.dead_lettered, 0, "{plan}");
    }
}

#[test]
fn the_same_graph_does_the_same_under_every_plan() {
    let expected = expected();
    for (name, plan) in plans() {
        let (results, ledger) = run(plan);
        assert_eq!(results, expected, "{name}");
        assert_ledger(name, &ledger);
    }
}

#[test]
fn a_plan_puts_every_stage_where_it_says() {
    let domains = |plan: Plan| {
        let results = Shared::default();
        let (graph, _) = build(&results);
        let running = graph.start(plan).unwrap();
        let snapshot = running.snapshot();
        drained(&running);
        let place = |stage: &seda_core::StageFigures| {
            let domain = stage.domain.to_string();
            (stage.name.to_string(), (domain, stage.batch_max))
        };
        snapshot
            .stages
            .iter()
            .map(place)
            .collect::<BTreeMap<_, _>>()
    };
    let mixed = domains(Plan::from_toml("mixed.toml", MIXED).unwrap());
    let at = |domain: &str, batch| (domain.to_owned(), batch);
    assert_eq!(mixed["even"], at("disk", 4));
    assert_eq!(mixed["total"].0, "own");
    assert_eq!(mixed["failed"].0, "own");
    assert_eq!(mixed["sort"], at("cores", 7));
    assert_eq!(mixed["odd"].0, "cores");
    let pool = domains(one_pool());
    assert!(pool.values().all(|place| *place == at("pool", 1)));
    let classic = domains(Plan::seda_classic());
    assert!(classic.iter().all(|(stage, (domain, _))| stage == domain));
}

#[test]
fn each_worker_of_a_stage_has_a_handler_of_its_own_and_a_solo_stage_has_one() {
    for (plan, workers) in [
        (Plan::default().workers(1), 1),
        (Plan::default().workers(3), 3),
    ] {
        let clones = Arc::new(Mutex::new(0));
        let solos = Arc::new(Mutex::new(0));
        let mut graph = Graph::new("handlers");
        graph.stage("many").handler(Cloned(Arc::clone(&clones)));
        let count = Arc::clone(&solos);
        graph.stage("solo").solo(move |_| {
            *count.lock().unwrap() += 1;
            Cloned(Arc::default())
        });
        drained(&graph.start(plan).unwrap());
        assert_eq!(*clones.lock().unwrap(), workers);
        assert_eq!(*solos.lock().unwrap(), 1);
    }
}

struct Cloned(Arc<Mutex<usize>>);

impl Clone for Cloned {
    fn clone(&self) -> Self {
        *self.0.lock().unwrap() += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Handler for Cloned {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        batch.for_each(drop);
        Ok(())
    }
}
