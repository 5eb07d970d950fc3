//! Single edges: between two domains, and into a queue that refuses.

use std::sync::mpsc::channel;
use std::time::Duration;

use seda_core::{Batch, BoxError, DomainKind, Graph, Handler, Next, Plan, Sink, Source, Tick};

use crate::rounds::{Cost, cost};

/// How long the source waits when the other domain is full.
const RETRY: Duration = Duration::from_micros(20);

/// Makes batches of numbers for a stage of another domain.
struct Batches {
    sink: Sink<u64>,
    left: u64,
    batch: usize,
}

impl Source for Batches {
    fn poll(&mut self, now: Tick) -> Next {
        if self.left == 0 {
            return Next::Ended;
        }
        let batch: Vec<u64> = (0..self.batch as u64).collect();
        if self.sink.enqueue_all(batch).is_err() {
            return Next::At(now.after(RETRY));
        }
        self.left = self.left.saturating_sub(self.batch as u64);
        Next::Again
    }
}

/// Sends batches from one domain of a core to another; gives the cost of an event.
///
/// # Panics
///
/// Panics if the graph does not start, or if its ledger is not exact.
pub fn between_domains(events: u64, batch: usize) -> Cost {
    let (done, finished) = channel();
    cost(events, || {
        let mut graph = Graph::new("two domains");
        let far = graph.stage("far").queue(16_384).solo(move |_| Far {
            left: events,
            done: done.clone(),
        });
        graph.source("near").solo(|wire| Batches {
            sink: wire.to(&far),
            left: events,
            batch,
        });
        let kind = DomainKind::Cores { workers: 1 };
        let plan = Plan::default()
            .workers(1)
            .domain("other", kind)
            .place("far", "other");
        let running = graph.start(plan).expect("the graph is right");
        finished.recv().expect("the events end");
        let ledger = running
            .drain(Duration::from_secs(10))
            .expect("nothing is left");
        assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    })
}

struct Far {
    left: u64,
    done: std::sync::mpsc::Sender<()>,
}

impl Handler for Far {
    type Event = u64;

    fn handle(&mut self, numbers: &mut Batch<u64>) -> Result<(), BoxError> {
        for n in numbers {
            std::hint::black_box(n);
            self.left -= 1;
            if self.left == 0 {
                self.done.send(())?;
            }
        }
        Ok(())
    }
}

/// Enqueues into a full queue of a stage nobody runs; gives the cost of a rejection.
///
/// # Panics
///
/// Panics if an event is taken.
pub fn rejection(events: u64) -> Cost {
    let (sink, _kept) = seda_core::testing::probe::<u64>(1);
    sink.enqueue(0).expect("the first finds room");
    cost(events, || {
        for n in 0..events {
            let rejected = sink.enqueue(std::hint::black_box(n)).expect_err("no room");
            std::hint::black_box(rejected);
        }
    })
}
