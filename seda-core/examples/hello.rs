//! A first graph: squares numbers and prints them.

use std::time::Duration;

use seda_core::{Batch, BoxError, Graph, Handler, Plan, Sink};

#[derive(Clone)]
struct Square {
    print: Sink<u64>,
}

impl Handler for Square {
    type Event = u64;

    fn handle(&mut self, numbers: &mut Batch<u64>) -> Result<(), BoxError> {
        for n in numbers {
            self.print.enqueue(n * n)?;
        }
        Ok(())
    }
}

fn main() -> Result<(), BoxError> {
    let mut graph = Graph::new("hello");
    let print = graph.stage("print").queue(64).each(|n: u64| {
        println!("{n}");
        Ok(())
    });
    let square = graph.stage("square").handler_with(|wire| Square {
        print: wire.to(&print),
    });
    let running = graph.start(Plan::default())?;
    for n in 1..=5 {
        running.inlet(&square).enqueue(n)?;
    }
    print!("{}", running.drain(Duration::from_secs(5))?);
    Ok(())
}
