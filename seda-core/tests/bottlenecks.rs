//! The bottleneck of a graph is named, in random graphs in virtual time and on threads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a test stops where it fails, and its figures are small"
)]

mod rig;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fastrand::Rng;
use rig::{Gate, PATIENCE, wait_until};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{
    Batch, Bottleneck, BoxError, Clock, DomainKind, Graph, Handler, LimitedBy, Meta, Overflow,
    Plan, Running, Sink, Snapshot, Stage,
};

const GRAPHS: usize = 50;
const QUEUE: u64 = 20_000;
/// By how much the bottleneck's workers are more needed than any others, at least.
const FACTOR: f64 = 2.0;

/// Passes every event on to all its sinks, or to one of them.
#[derive(Clone)]
struct Pass {
    to: Vec<Sink<u64>>,
    /// Each event goes to one of them.
    splits: bool,
    /// What tells its choices from those of other stages.
    salt: u32,
    /// It waits for room; else what is refused is lost.
    defers: bool,
}

impl Pass {
    fn goes_to(&self, n: u64) -> Vec<&Sink<u64>> {
        if self.splits && !self.to.is_empty() {
            // Not by turns: further down only every second number comes by.
            let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(self.salt);
            let turn = usize::try_from(mixed % 1_021).unwrap() % self.to.len();
            return vec![&self.to[turn]];
        }
        self.to.iter().collect()
    }
}

impl Handler for Pass {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(n) = batch.next() {
            let sinks = self.goes_to(n);
            if self.defers {
                let room: Vec<_> = sinks.iter().map(|sink| sink.reserve(1)).collect();
                if room.iter().any(Result::is_err) {
                    drop(room);
                    batch.defer(n);
                    break;
                }
                room.into_iter().flatten().for_each(|mut slot| slot.fill(n));
            } else {
                let refused = sinks.iter().filter(|sink| sink.enqueue(n).is_err());
                std::hint::black_box(refused.count());
            }
        }
        Ok(())
    }
}

/// A random graph, before it is built: a tree, its first stage the entry.
struct Drawn {
    parents: Vec<Option<usize>>,
    splits: Vec<bool>,
    defers: bool,
    queues: Vec<usize>,
    batches: Vec<usize>,
    /// Seconds that an event takes, the mean.
    services: Vec<f64>,
    shapes: Vec<u8>,
    /// The domain of each stage, and the workers of each domain.
    domains: Vec<usize>,
    workers: Vec<usize>,
    blocking: Vec<bool>,
    bottleneck: usize,
    waits: bool,
}

impl Drawn {
    fn new(rng: &mut Rng) -> Self {
        let n = rng.usize(3..=8);
        let parent = |rng: &mut Rng, of: usize| {
            let last = of.checked_sub(1)?;
            Some(if rng.u8(..) < 170 {
                last
            } else {
                rng.usize(0..of)
            })
        };
        let domains: Vec<usize> = match rng.u8(0..3) {
            0 => vec![0; n],
            1 => (0..n).collect(),
            _ => (0..n).map(|_| rng.usize(0..3)).collect(),
        };
        let defers = rng.bool();
        // A simulated batch pays for all its events, deferred ones included.
        // All workers' batches together find room in a queue.
        let batch_max = if defers { 1 } else { 16 };
        let mut drawn = Self {
            parents: (0..n).map(|of| parent(rng, of)).collect(),
            splits: (0..n).map(|_| rng.bool()).collect(),
            defers,
            queues: (0..n).map(|_| rng.usize(64..200)).collect(),
            batches: (0..n).map(|_| rng.usize(1..=batch_max)).collect(),
            services: (0..n)
                .map(|_| 1e-6 * f64::from(rng.u32(100..1_600)))
                .collect(),
            shapes: (0..n).map(|_| rng.u8(0..3)).collect(),
            workers: (0..n).map(|_| rng.usize(1..=3)).collect(),
            blocking: (0..n).map(|_| rng.bool()).collect(),
            domains,
            bottleneck: rng.usize(0..n),
            waits: rng.bool(),
        };
        drawn.inject();
        drawn
    }

    /// Makes the one stage so slow that its workers are needed the most.
    fn inject(&mut self) {
        let it = self.bottleneck;
        self.services[it] = 0.0;
        let most = (0..self.services.len()).map(|domain| self.need(domain));
        let most = most.fold(0.0, f64::max).max(1e-5);
        let need = FACTOR * most * self.workers[self.domains[it]] as f64;
        self.services[it] = need / self.visits()[it];
    }

    /// How often an event of the entry comes to each stage.
    fn visits(&self) -> Vec<f64> {
        let mut visits = vec![1.0; self.parents.len()];
        for stage in 1..visits.len() {
            let parent = self.parents[stage].unwrap();
            let siblings = self.parents.iter().filter(|other| **other == Some(parent));
            let among = if self.splits[parent] {
                siblings.count()
            } else {
                1
            };
            visits[stage] = visits[parent] / among as f64;
        }
        visits
    }

    /// Seconds of each worker of a domain that an event of the entry needs.
    fn need(&self, domain: usize) -> f64 {
        let visits = self.visits();
        let mine = (0..visits.len()).filter(|stage| self.domains[*stage] == domain);
        let needed: f64 = mine.map(|stage| self.services[stage] * visits[stage]).sum();
        needed / self.workers[domain] as f64
    }

    fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        let mut used: Vec<_> = self.domains.clone();
        used.sort_unstable();
        used.dedup();
        for domain in used {
            let workers = self.workers[domain];
            let kind = if self.blocking[domain] {
                DomainKind::Blocking {
                    min: workers,
                    max: workers,
                }
            } else {
                DomainKind::Cores { workers }
            };
            plan = plan.domain(&format!("d{domain}"), kind);
        }
        for (stage, domain) in self.domains.iter().enumerate() {
            plan = plan.place(&name(stage), &format!("d{domain}"));
            plan = plan.batch(&name(stage), self.batches[stage]);
        }
        plan
    }

    fn service(&self, stage: usize) -> Service {
        let mean = Duration::from_secs_f64(self.services[stage]);
        let service = match self.shapes[stage] {
            0 => Service::constant(mean),
            1 => Service::exponential(mean),
            _ => Service::bimodal(mean / 2, mean * 11 / 2, 0.1),
        };
        if self.waits && stage == self.bottleneck {
            service.waiting()
        } else {
            service
        }
    }

    fn simulator(&self, rng: &mut Rng) -> Simulator {
        let mut graph = Graph::new("random").with_clock(Clock::manual());
        let stages: Vec<Stage<u64>> = (0..self.parents.len())
            .map(|stage| graph.declare(&name(stage), self.queues[stage]))
            .collect();
        for (stage, declared) in stages.iter().enumerate() {
            graph.define(declared).handler_with(|wire| {
                let children = (0..stages.len()).filter(|c| self.parents[*c] == Some(stage));
                Pass {
                    to: children.map(|child| wire.to(&stages[child])).collect(),
                    splits: self.splits[stage],
                    salt: 8 * u32::try_from(stage).unwrap() + 17,
                    defers: self.defers,
                }
            });
        }
        let mut simulator = Simulator::new(graph, &self.plan(), rng.u64(..)).unwrap();
        for stage in 0..stages.len() {
            simulator.service(&name(stage), self.service(stage));
        }
        let capacity = 1.0 / self.need(self.domains[self.bottleneck]);
        let load = capacity * rng.f64().mul_add(2.0, 1.1);
        let inlet = simulator.inlet(&stages[0]);
        simulator.arrivals(inlet, Arrivals::poisson(load), |n| (n, Meta::NONE));
        simulator
    }
}

fn name(stage: usize) -> String {
    format!("s{stage}")
}

#[test]
fn an_injected_bottleneck_is_named_in_49_of_50_random_graphs_within_two_seconds() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let mut named = 0;
    let mut limits: BTreeMap<String, usize> = BTreeMap::new();
    for graph in 0..GRAPHS {
        let drawn = Drawn::new(&mut rng);
        let mut simulator = drawn.simulator(&mut rng);
        simulator.run_for(Duration::from_secs(1));
        let before = simulator.snapshot();
        simulator.run_for(Duration::from_secs(1));
        let found = Bottleneck::between(&before, &simulator.snapshot()).unwrap();
        let limit = if drawn.waits {
            LimitedBy::Outside
        } else {
            LimitedBy::Cpu
        };
        if *found.stage == name(drawn.bottleneck) && found.limit == limit {
            named += 1;
            *limits.entry(format!("{limit:?}")).or_default() += 1;
        } else {
            let (stages, domains) = (drawn.parents.len(), &drawn.domains);
            println!(
                "graph {graph}, {stages} stages in {domains:?}, s{} it is, {limit:?}: {found}",
                drawn.bottleneck
            );
        }
        let ended = simulator.drain(Duration::from_mins(1));
        assert!(ended.unwrap().balances());
    }
    println!("{named} of {GRAPHS} named: {limits:?}");
    assert!(named >= 49, "seed {seed}: {named} of {GRAPHS}");
    assert_eq!(limits.len(), 2, "seed {seed}: {limits:?}");
}

/// Looks at a running graph until what limits it is as it should be.
fn until_found(
    running: &Running,
    mut before: Snapshot,
    so: impl Fn(&Bottleneck) -> bool,
) -> Bottleneck {
    let late = Instant::now() + PATIENCE;
    let mut since = Instant::now();
    loop {
        let after = running.snapshot();
        let found = Bottleneck::between(&before, &after);
        if let Some(found) = found.as_ref().filter(|found| so(found)) {
            return found.clone();
        }
        assert!(Instant::now() < late, "never found: {found:?}");
        if since.elapsed() > Duration::from_millis(500) {
            (before, since) = (after, Instant::now());
        }
        std::thread::yield_now();
    }
}

/// A line `first` → `second`, that defers; `second` works as it is told.
fn line(
    work: impl FnMut(u64) -> Result<(), BoxError> + Clone + Send + 'static,
) -> (Running, Sink<u64>) {
    let mut graph = Graph::new("line");
    let second = graph.stage("second").queue(4).blocking(1..=1).each(work);
    let first = graph
        .stage("first")
        .queue(20_000)
        .handler_with(|wire| Pass {
            to: vec![wire.to(&second).overflow(Overflow::Defer)],
            splits: false,
            salt: 0,
            defers: true,
        });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&first);
    (running, inlet)
}

#[test]
fn a_thread_that_waits_for_something_outside_is_told_from_one_that_computes() {
    let gate = Gate::default();
    let held = gate.clone();
    let (running, inlet) = line(move |_| {
        held.pass();
        Ok(())
    });
    inlet.enqueue_all((0..32).collect()).unwrap();
    gate.await_arrivals(1);
    let is_parked = |found: &Bottleneck| found.waiting.iter().any(|waiting| waiting.is_parked);
    let found = until_found(&running, running.snapshot(), |found| {
        found.limit == LimitedBy::Outside && is_parked(found)
    });
    assert_eq!(&*found.stage, "second");
    assert!(found.evidence.blocked.unwrap() > 0.9, "{found}");
    assert_eq!(&*found.waiting[0].stage, "first");
    assert_eq!(&*found.waiting[0].waits_for, "second");
    gate.open();
    assert!(running.drain(PATIENCE).unwrap().balances());
}

#[test]
fn a_thread_that_computes_is_limited_by_its_own_computing() {
    let (running, inlet) = line(|n| {
        let mut sum = n;
        let until = Instant::now() + Duration::from_millis(2);
        while Instant::now() < until {
            sum = std::hint::black_box(sum.wrapping_mul(31) + 1);
        }
        Ok(())
    });
    // More than it gets done while this test has patience.
    inlet.enqueue_all((0..QUEUE).collect()).unwrap();
    let found = until_found(&running, running.snapshot(), |found| {
        found.limit == LimitedBy::Cpu && found.evidence.utilisation > 0.8
    });
    assert_eq!(&*found.stage, "second");
    assert!(found.evidence.blocked.unwrap() < 0.5, "{found}");
    assert!(running.stop().balances());
}

#[test]
fn without_load_nothing_limits_a_graph_and_without_work_nobody_is_named() {
    let (running, inlet) = line(|_| Ok(()));
    let before = running.snapshot();
    assert_eq!(Bottleneck::between(&before, &before), None);
    inlet.enqueue(1).unwrap();
    wait_until("it is done", || {
        running.ledger().stage("second").unwrap().handled == 1
    });
    let found = until_found(&running, before, |found| found.limit == LimitedBy::Load);
    assert!(
        found.to_string().starts_with("nothing limits the graph"),
        "{found}"
    );
}
