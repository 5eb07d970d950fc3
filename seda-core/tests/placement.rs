//! Contract 9: stages do not know their plan; moving one changes no result.

mod rig;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use rig::{account, drained, wait_until};
use seda_core::{
    Batch, BoxError, DomainKind, Graph, Handler, Key, Ledger, Meta, Overflow, Plan, Running, Sink,
    Stage,
};

const WORDS: [&str; 8] = ["to", "be", "or", "not", "that", "is", "the", "question"];

/// What the service makes of its events, however it is placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Results {
    /// The totals by word.
    counts: BTreeMap<&'static str, u64>,
    /// The lines in the order of each word.
    order: BTreeMap<&'static str, Vec<u64>>,
}

type Shared = Arc<Mutex<Results>>;

/// Splits a line into words, keyed by word; defers a line that does not fit.
#[derive(Clone)]
struct Split {
    words: Sink<(u64, &'static str)>,
}

impl Handler for Split {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(line) = batch.next() {
            let word = WORDS[usize::try_from(line % 8).unwrap()];
            let meta = batch.meta().with_key(Key::of(&word));
            let Ok(mut slots) = self.words.with(meta).reserve(1) else {
                batch.defer(line);
                break;
            };
            slots.fill((line, word));
        }
        Ok(())
    }
}

/// Notes words; each of its own, so that order shows.
#[derive(Clone)]
struct Note {
    results: Shared,
    next: Sink<&'static str>,
}

impl Handler for Note {
    type Event = (u64, &'static str);

    fn handle(&mut self, batch: &mut Batch<(u64, &'static str)>) -> Result<(), BoxError> {
        while let Some((line, word)) = batch.next() {
            if self.next.enqueue(word).is_err() {
                batch.defer((line, word));
                break;
            }
            let mut results = self.results.lock().unwrap();
            results.order.entry(word).or_default().push(line);
        }
        Ok(())
    }
}

/// The service: it names no thread, no domain and no worker.
fn service(graph: &mut Graph) -> (Stage<u64>, Shared) {
    let results = Shared::default();
    let tally = Arc::clone(&results);
    let count = graph
        .stage("count")
        .queue(20)
        .each(move |word: &'static str| {
            *tally.lock().unwrap().counts.entry(word).or_default() += 1;
            Ok(())
        });
    let keep = Arc::clone(&results);
    let note = graph.stage("note").queue(30).handler_with(|wire| Note {
        results: keep,
        next: wire.to(&count).overflow(Overflow::Defer),
    });
    let split = graph.stage("split").queue(40).solo(move |wire| Split {
        words: wire.to(&note).overflow(Overflow::Defer),
    });
    (split, results)
}

fn results_of(plan: Plan) -> (Results, Vec<u64>) {
    let mut graph = Graph::new("words");
    let (split, results) = service(&mut graph);
    let running = graph.start(plan).unwrap();
    let inlet = running.inlet(&split);
    for line in 0..4_000 {
        while inlet.enqueue(line).is_err() {
            std::thread::yield_now();
        }
    }
    let ledger = drained(&running);
    let handled = ["split", "note", "count"].map(|stage| account(&ledger, stage).handled);
    let results = results.lock().unwrap().clone();
    (results, handled.to_vec())
}

#[test]
fn one_graph_gives_the_same_results_under_every_plan() {
    let text = r#"
        workers = 2
        [domain.near]
        workers = 1
        [domain.disk]
        threads = [2, 4]
        [stage.split]
        domain = "near"
        [stage.note]
        domain = "disk"
        batch = 7
    "#;
    let shares = r#"
        base = "default"
        workers = 1
        [stage.split]
        share = 1
        [stage.note]
        share = 5
        [stage.count]
        share = 2
    "#;
    let classic = r#"
        base = "seda-classic"
        [domain.disk]
        threads = [1, 2]
        [stage.count]
        domain = "disk"
    "#;
    let wanted = results_of(Plan::default().workers(1));
    assert_eq!(wanted.1, [4_000; 3]);
    assert_eq!(wanted.0.counts.len(), 8);
    let read = |text| Plan::from_toml("plan.toml", text).unwrap();
    for plan in [
        Plan::default(),
        Plan::default().workers(2),
        Plan::default().workers(4),
        Plan::default().workers(2).without_statistics(),
        Plan::seda_classic(),
        read(text),
        read(shares),
        read(classic),
    ] {
        assert_eq!(results_of(plan.clone()), wanted, "{plan:?}");
    }
}

type Threads = Arc<Mutex<BTreeMap<&'static str, Vec<(ThreadId, String)>>>>;

fn placed(plan: Plan) -> (Ledger, Threads) {
    let threads = Threads::default();
    let mut graph = Graph::new("where");
    let note = |name: &'static str| {
        let threads = Arc::clone(&threads);
        move |_: u64| {
            let thread = std::thread::current();
            let name_of = thread.name().unwrap_or("").to_owned();
            let mut all = threads.lock().unwrap();
            all.entry(name).or_default().push((thread.id(), name_of));
            Ok(())
        }
    };
    let stages = [
        graph.stage("a").each(note("a")),
        graph.stage("b").each(note("b")),
        graph.stage("blocks").blocking(2..=3).each(note("blocks")),
    ];
    let running = graph.start(plan).unwrap();
    for stage in &stages {
        let inlet = running.inlet(stage);
        (0..20).for_each(|n| inlet.enqueue(n).unwrap());
    }
    (drained(&running), threads)
}

fn names(threads: &Threads, stage: &str) -> Vec<String> {
    let threads = threads.lock().unwrap();
    let mut names: Vec<_> = threads[stage]
        .iter()
        .map(|(_, name)| name.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn each_stage_runs_in_the_domain_that_the_plan_says() {
    let (_, threads) = placed(Plan::default().workers(1));
    assert_eq!(names(&threads, "a"), ["cores-0"]);
    assert_eq!(names(&threads, "b"), ["cores-0"]);
    let blocks = names(&threads, "blocks");
    assert!(
        blocks.iter().all(|name| name.starts_with("blocks-")),
        "{blocks:?}"
    );
    let pool = DomainKind::Blocking { min: 1, max: 1 };
    let far = DomainKind::Cores { workers: 1 };
    let plan = Plan::default()
        .workers(1)
        .domain("pool", pool)
        .domain("far", far)
        .place("a", "far")
        .place("blocks", "pool");
    let (_, threads) = placed(plan);
    assert_eq!(names(&threads, "a"), ["far-0"]);
    assert_eq!(names(&threads, "b"), ["cores-0"]);
    assert_eq!(names(&threads, "blocks"), ["pool-0"]);
    let (_, threads) = placed(Plan::seda_classic());
    for stage in ["a", "b"] {
        let own = names(&threads, stage);
        assert!(
            own.iter()
                .all(|name| name.starts_with(&format!("{stage}-")))
        );
    }
}

/// Two pools with names that a user may well give.
#[test]
fn a_stage_may_have_the_name_of_the_domain_of_the_cores() {
    let threads = Threads::default();
    let mut graph = Graph::new("names");
    let see = Arc::clone(&threads);
    let note = move |stage: &'static str| {
        let see = Arc::clone(&see);
        move |_: u64| {
            let name = std::thread::current().name().unwrap_or("").to_owned();
            let id = std::thread::current().id();
            see.lock()
                .unwrap()
                .entry(stage)
                .or_default()
                .push((id, name));
            Ok(())
        }
    };
    let cores = graph.stage("cores").blocking(1..=1).each(note("cores"));
    let other = graph.stage("other").each(note("other"));
    let started = graph.start(Plan::default().workers(1));
    match started {
        // Either it is told that this cannot be, or the two are apart.
        Err(error) => assert!(error.to_string().contains("`cores`"), "{error}"),
        Ok(running) => {
            send_one(&running, &cores);
            send_one(&running, &other);
            drained(&running);
            assert_ne!(names(&threads, "cores"), names(&threads, "other"));
        }
    }
}

fn send_one(running: &Running, stage: &Stage<u64>) {
    running.inlet(stage).with(Meta::NONE).enqueue(1).unwrap();
    wait_until("it is handled", || running.ledger().is_empty());
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
