//! Eight stages in a row under some plan, and one event that goes round and round.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use seda_core::{
    Batch, BoxError, DomainKind, Graph, Handler, Next, Overflow, Plan, Sink, Source, Stage,
    StageBuilder, Tick,
};

use crate::hops::{QUEUE, STAGES};
use crate::rounds::{Cost, cost};

/// How long the source waits when the first stage is full.
const RETRY: Duration = Duration::from_micros(50);

/// How many numbers a worker takes on itself at once.
const SHARE: u64 = 10_000;

/// Passes numbers on, one at a time.
#[derive(Clone)]
struct Hop {
    next: Sink<u64>,
    burn: u32,
}

impl Handler for Hop {
    type Event = u64;

    fn handle(&mut self, numbers: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(n) = numbers.next() {
            burn(self.burn);
            if let Err(rejected) = self.next.enqueue(n) {
                numbers.defer(rejected.event);
            }
        }
        Ok(())
    }
}

/// Burns CPU time in steps that no compiler removes.
fn burn(steps: u32) {
    for step in 0..steps {
        std::hint::black_box(step);
    }
}

/// Tells how many steps of work take a microsecond.
pub fn steps_per_microsecond() -> u32 {
    const STEPS: u32 = 4_000_000;
    let start = Instant::now();
    burn(STEPS);
    let steps = f64::from(STEPS) / (start.elapsed().as_secs_f64() * 1e6);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few thousand"
    )]
    let whole = steps as u32;
    whole.max(1)
}

/// Makes numbers, a few in each turn of its worker.
struct Numbers {
    sink: Sink<u64>,
    left: u64,
    per_turn: usize,
    /// What no worker has taken on itself yet.
    shares: Arc<AtomicU64>,
}

impl Numbers {
    /// Takes a share of the numbers that are left; false when there are none.
    fn share(&mut self) -> bool {
        let take = |left: u64| left.checked_sub(left.min(SHARE)).filter(|_| left > 0);
        let before = self
            .shares
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        self.left = before.map_or(0, |left| left.min(SHARE));
        self.left > 0
    }
}

impl Source for Numbers {
    fn poll(&mut self, now: Tick) -> Next {
        for _ in 0..self.per_turn {
            if self.left == 0 && !self.share() {
                return Next::Ended;
            }
            if self.sink.enqueue(self.left).is_err() {
                return Next::At(now.after(RETRY));
            }
            self.left -= 1;
        }
        Next::Again
    }
}

/// Is a pipeline to measure.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Where its stages run.
    pub plan: Plan,
    /// The most events of a batch, and how many enter in a turn.
    pub batch: usize,
    /// How many events pass.
    pub events: u64,
    /// How many steps of work each stage does for each event.
    pub burn: u32,
    /// What each stage is given as its latency target, if anything.
    pub target: Option<Duration>,
}

impl Shape {
    /// Makes a pipeline of stages that do nothing.
    pub const fn idle(plan: Plan, batch: usize, events: u64) -> Self {
        Self {
            plan,
            batch,
            events,
            burn: 0,
            target: None,
        }
    }

    /// Sends the events through; gives the cost of one hop.
    ///
    /// # Panics
    ///
    /// Panics if the graph does not start, or if its ledger is not exact.
    pub fn run(&self) -> Cost {
        let (done, finished) = channel();
        let events = self.events;
        cost(events * STAGES as u64, || {
            let mut graph = Graph::new("pipeline");
            let last = self.last(&mut graph, events, done);
            let first = self.row(&mut graph, last);
            let per_turn = self.batch;
            let shares = Arc::new(AtomicU64::new(events));
            graph.source("numbers").on_each_worker(|wire| {
                let sink = wire.to(&first);
                move |_worker| {
                    Ok(Numbers {
                        sink: sink.clone(),
                        left: 0,
                        per_turn,
                        shares: Arc::clone(&shares),
                    })
                }
            });
            let running = graph.start(self.plan.clone()).expect("the graph is right");
            finished
                .recv()
                .expect("the last stage has seen every event");
            let ledger = running
                .drain(Duration::from_secs(10))
                .expect("nothing is left");
            assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
        })
    }

    fn last(&self, graph: &mut Graph, events: u64, done: Sender<()>) -> Stage<u64> {
        self.stage(graph, "last").handler(Last {
            burn: self.burn,
            events,
            seen: Arc::default(),
            done,
        })
    }

    fn stage<'g>(&self, graph: &'g mut Graph, name: &str) -> StageBuilder<'g, u64> {
        let stage = graph.stage(name).queue(QUEUE).batch(self.batch);
        match self.target {
            None => stage,
            Some(target) => stage.target(target),
        }
    }

    fn row(&self, graph: &mut Graph, last: Stage<u64>) -> Stage<u64> {
        (1..STAGES).fold(last, |next, n| {
            let stage = self.stage(graph, &format!("hop {n}"));
            stage.handler_with(|wire| Hop {
                next: wire.to(&next).overflow(Overflow::Defer),
                burn: self.burn,
            })
        })
    }
}

/// Counts what arrives, on all workers together, once per batch.
#[derive(Clone)]
struct Last {
    burn: u32,
    events: u64,
    seen: Arc<AtomicU64>,
    done: Sender<()>,
}

impl Handler for Last {
    type Event = u64;

    fn handle(&mut self, numbers: &mut Batch<u64>) -> Result<(), BoxError> {
        let mut n = 0;
        for _ in numbers {
            burn(self.burn);
            n += 1;
        }
        if self.seen.fetch_add(n, Ordering::Relaxed) + n == self.events {
            self.done.send(())?;
        }
        Ok(())
    }
}

/// Has one event go round all stages, and gives the median time of a hop.
///
/// # Panics
///
/// Panics if the graph does not start, or if its ledger is not exact.
pub fn one_in_flight(plan: Plan, rounds: u64) -> f64 {
    let (done, finished) = channel();
    let mut graph = Graph::new("one in flight");
    let first = graph.declare::<Instant>("first", QUEUE);
    let back = graph.stage("back").queue(QUEUE).solo({
        let first = first.clone();
        move |wire| Turn {
            first: wire.to(&first).overflow(Overflow::Reject),
            rounds,
            times: Histogram::new_with_bounds(1, 1_000_000_000, 3).expect("valid bounds"),
            done: done.clone(),
        }
    });
    let second = (2..STAGES).fold(back, |next, n| {
        graph
            .stage(&format!("hop {n}"))
            .queue(QUEUE)
            .handler_with(|wire| Pass {
                next: wire.to(&next).overflow(Overflow::Reject),
            })
    });
    graph.define(&first).handler_with(|wire| Pass {
        next: wire.to(&second).overflow(Overflow::Reject),
    });
    let running = graph.start(plan).expect("the graph is right");
    running
        .inlet(&first)
        .enqueue(Instant::now())
        .expect("an empty queue has room");
    let median = finished.recv().expect("the rounds end");
    let ledger = running
        .drain(Duration::from_secs(10))
        .expect("nothing is left");
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    let stages = u32::try_from(STAGES).expect("few stages");
    median / f64::from(stages)
}

#[derive(Clone)]
struct Pass {
    next: Sink<Instant>,
}

impl Handler for Pass {
    type Event = Instant;

    fn handle(&mut self, events: &mut Batch<Instant>) -> Result<(), BoxError> {
        for event in events {
            self.next.enqueue(event)?;
        }
        Ok(())
    }
}

/// Sends the event round again, and notes how long the last round took.
struct Turn {
    first: Sink<Instant>,
    rounds: u64,
    times: Histogram<u64>,
    done: Sender<f64>,
}

impl Handler for Turn {
    type Event = Instant;

    fn handle(&mut self, events: &mut Batch<Instant>) -> Result<(), BoxError> {
        for began in events {
            self.times
                .saturating_record(u64::try_from(began.elapsed().as_nanos())?);
            if self.times.len() < self.rounds {
                self.first.enqueue(Instant::now())?;
            } else {
                #[allow(clippy::cast_precision_loss, reason = "microseconds")]
                self.done.send(self.times.value_at_quantile(0.5) as f64)?;
            }
        }
        Ok(())
    }
}

/// Puts all stages into one pool of threads, with a shared queue between them.
pub fn one_pool(threads: usize) -> Plan {
    let kind = DomainKind::Blocking {
        min: threads,
        max: threads,
    };
    let names = (1..STAGES)
        .map(|n| format!("hop {n}"))
        .chain(["last".to_owned()]);
    names.fold(Plan::default().domain("pool", kind), |plan, name| {
        plan.place(&name, "pool")
    })
}
