//! Stages in a row, and clients who send each answer round again.
//!
//! ```text
//!  arrivals ──▶ stage 1 ──▶ stage 2 ──▶ … ──▶ clients
//!  (source)        ▲                             │
//!                  └─────────────────────────────┘
//! ```
//!
//! The clients are a stage like the others, so that a round of eight stages has
//! nine hops, under any plan. Each thread that runs it has a tally of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use seda_core::{
    Batch, BoxError, Clock, Graph, Handler, Next, Overflow, Plan, QUEUE_DEFAULT, Sink, Source,
    Stage, StageBuilder, Tick,
};

use crate::batches::batched;
use crate::scenario::{Server, Variant};
use crate::threads::labour::Labour;
use crate::threads::tally::{Tallies, Tally, Token, locked};

/// The stage that the clients are.
pub(super) const CLIENTS: &str = "clients";
/// The stage that they ask.
pub(super) const FIRST: &str = "stage 1";
/// How long arrivals wait when the first stage takes no more.
const RETRY: Duration = Duration::from_micros(50);

/// Is the graph that a variant is tried with.
#[derive(Debug)]
pub(super) struct Ring<'s> {
    pub(super) server: &'s Server,
    pub(super) variant: &'s Variant,
    pub(super) labour: Labour,
    pub(super) clients: usize,
    pub(super) tallies: Tallies,
}

impl Ring<'_> {
    /// Draws it.
    pub(super) fn graph(&self) -> Graph {
        let mut graph = Graph::new("ring");
        let first = graph.declare::<Token>(FIRST, self.room());
        let clients = graph.stage(CLIENTS).queue(self.room());
        let clients = batched(clients, self.variant).handler_with(|wire| Turn {
            first: wire.to(&first).overflow(Overflow::Reject),
            clock: Clock::real(),
            tally: self.tallies.one_more(),
            tallies: self.tallies.clone(),
        });
        let second = (2..=self.server.stages).rev().fold(clients, |next, n| {
            let stage = graph.stage(&format!("stage {n}")).queue(self.room());
            self.step(stage, &next)
        });
        let stage = graph.define(&first);
        self.step(stage, &second);
        self.arrive(&mut graph, &first);
        graph
    }

    pub(super) fn plan(&self) -> Plan {
        let plan = if self.variant.is_classic() {
            Plan::seda_classic()
        } else {
            Plan::default()
        };
        plan.workers(self.server.servers)
    }

    /// Everybody has room everywhere, so that nobody is refused; and more than
    /// that, since workers set some aside for what they will send.
    fn room(&self) -> usize {
        self.clients.saturating_mul(2) + QUEUE_DEFAULT
    }

    fn step(&self, stage: StageBuilder<'_, Token>, next: &Stage<Token>) -> Stage<Token> {
        let stage = batched(stage, self.variant);
        let stage = match (self.server.threads, self.variant.threads) {
            (None, _) => stage,
            (Some(_), Some(fixed)) => stage.blocking(fixed..=fixed),
            (Some((least, most)), None) => stage.blocking(least..=most),
        };
        stage.handler_with(|wire| Step {
            next: wire.to(next).overflow(Overflow::Defer),
            labour: self.labour,
        })
    }

    /// Has every worker bring in its part of the clients, who stay with it
    /// where the plan does not send them elsewhere.
    fn arrive(&self, graph: &mut Graph, first: &Stage<Token>) {
        let (workers, clients) = (self.server.servers, self.clients);
        let tallies = self.tallies.clone();
        graph.source("arrivals").on_each_worker(|wire| {
            let first = wire.to(first);
            move |worker| {
                Ok(Arrivals {
                    first: first.clone(),
                    tallies: tallies.clone(),
                    left: (worker..clients).step_by(workers).count(),
                })
            }
        });
    }
}

/// Does its work for each event, and passes it on.
#[derive(Clone)]
struct Step {
    next: Sink<Token>,
    labour: Labour,
}

impl Handler for Step {
    type Event = Token;

    fn handle(&mut self, tokens: &mut Batch<Token>) -> Result<(), BoxError> {
        while let Some(token) = tokens.next() {
            self.labour.perform();
            if let Err(rejected) = self.next.enqueue(token) {
                tokens.defer(rejected.event);
            }
        }
        Ok(())
    }
}

/// Notes each answer, and asks again.
struct Turn {
    first: Sink<Token>,
    clock: Clock,
    tally: Arc<Mutex<Tally>>,
    tallies: Tallies,
}

impl Clone for Turn {
    fn clone(&self) -> Self {
        Self {
            first: self.first.clone(),
            clock: self.clock.clone(),
            tally: self.tallies.one_more(),
            tallies: self.tallies.clone(),
        }
    }
}

impl Handler for Turn {
    type Event = Token;

    fn handle(&mut self, tokens: &mut Batch<Token>) -> Result<(), BoxError> {
        // Once a batch: a look at the clock costs as much as a hop.
        let now = self.clock.now();
        let mut tally = locked(&self.tally);
        for token in tokens {
            let Some(token) = tally.answered(token, now) else {
                continue;
            };
            if let Err(rejected) = self.first.enqueue(token) {
                tally.refused(rejected.event);
            }
        }
        Ok(())
    }
}

/// Brings in clients that ask for the first time.
struct Arrivals {
    first: Sink<Token>,
    tallies: Tallies,
    left: usize,
}

impl Source for Arrivals {
    fn poll(&mut self, now: Tick) -> Next {
        while self.left > 0 {
            if self.first.enqueue(Token::new(now)).is_err() {
                return Next::At(now.after(RETRY));
            }
            self.tallies.came();
            self.left -= 1;
        }
        Next::Ended
    }
}
