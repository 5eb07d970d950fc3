//! A loop: numbers go round (the Collatz steps) until they reach 1.
//!
//! Stages that send to each other are declared first and defined later; the
//! edge that closes the loop says what happens when its stage is full.

use std::time::Duration;

use seda_core::{Batch, BoxError, Graph, Handler, Overflow, Plan, Sink};

/// A number on its way to 1.
struct Walk {
    start: u64,
    now: u64,
    steps: u32,
}

#[derive(Clone)]
struct Step {
    again: Sink<Walk>,
    done: Sink<Walk>,
}

impl Handler for Step {
    type Event = Walk;

    fn handle(&mut self, walks: &mut Batch<Walk>) -> Result<(), BoxError> {
        for mut walk in walks {
            if walk.now == 1 {
                self.done.enqueue(walk)?;
                continue;
            }
            walk.steps += 1;
            walk.now = if walk.now.is_multiple_of(2) {
                walk.now / 2
            } else {
                3 * walk.now + 1
            };
            self.again.enqueue(walk)?;
        }
        Ok(())
    }
}

fn main() -> Result<(), BoxError> {
    let mut graph = Graph::new("loop");
    let step = graph.declare::<Walk>("step", 64);
    let done = graph.stage("done").queue(64).each(|walk: Walk| {
        println!("{:>3} reaches 1 in {:>3} steps", walk.start, walk.steps);
        Ok(())
    });
    graph.define(&step).handler_with(|wire| Step {
        again: wire.to(&step).overflow(Overflow::Reject),
        done: wire.to(&done),
    });
    let running = graph.start(Plan::default())?;
    let inlet = running.inlet(&step);
    for start in 1..=27 {
        inlet.enqueue(Walk {
            start,
            now: start,
            steps: 0,
        })?;
    }
    // A drain waits until the loop is empty.
    print!("{}", running.drain(Duration::from_secs(5))?);
    Ok(())
}
