//! One random graph under its load, and what is found to limit it.

use std::thread;
use std::time::Duration;

use seda_core::{Bottleneck, BoxError, Graph, Running, Sink, Stage};

use super::drawn::{Drawn, name, takes};
use super::served::Serve;
use crate::adapt::offer::offer;

/// How long a graph runs, and from when on it is looked at.
const LASTS: Duration = Duration::from_secs(2);
const FROM: Duration = Duration::from_secs(1);

/// Runs a graph for two seconds; gives what limited it in the second of these.
///
/// # Errors
///
/// When the graph does not start.
///
/// # Panics
///
/// Panics if the ledger is not exact.
pub fn trial(drawn: &Drawn) -> Result<Option<Bottleneck>, BoxError> {
    let (running, inlet) = start(drawn)?;
    let rate = drawn.rate();
    let mut number = 0;
    let offering = thread::spawn(move || {
        offer(&inlet, rate, LASTS, |_| {
            number += 1;
            number
        });
    });
    thread::sleep(FROM);
    let before = running.snapshot();
    thread::sleep(LASTS.saturating_sub(FROM));
    let found = Bottleneck::between(&before, &running.snapshot());
    offering.join().map_err(|_| "the offers ended in a panic")?;
    let ledger = running.stop();
    assert!(ledger.balances(), "{ledger}");
    Ok(found)
}

fn start(drawn: &Drawn) -> Result<(Running, Sink<u64>), BoxError> {
    let mut graph = Graph::new("random");
    let queues = drawn.steps.iter().map(|step| step.queue).enumerate();
    let stages: Vec<Stage<u64>> = queues
        .map(|(place, queue)| graph.declare(&name(place), queue))
        .collect();
    for ((place, step), stage) in drawn.steps.iter().enumerate().zip(&stages) {
        graph.define(stage).handler_with(|wire| Serve {
            to: drawn
                .children(place)
                .filter_map(|child| stages.get(child))
                .map(|child| wire.to(child))
                .collect(),
            takes: takes(step),
            waits: step.waits,
            splits: step.splits,
            defers: drawn.defers,
            salt: u32::try_from(8 * place + 17).unwrap_or(17),
        });
    }
    let entry = stages.first().ok_or("a graph without stages")?;
    let running = graph.start(drawn.plan())?;
    let inlet = running.inlet(entry);
    Ok((running, inlet))
}
