//! Classes: paying requests go first, and the others do not starve.
//!
//! The same burst goes through a strict and a weighted queue, in virtual time:
//! the simulator runs the real graph, so the figures are the same every time.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{Batch, BoxError, Class, Classes, Clock, Graph, Handler, Meta, Plan};

const PAYING: Class = Class::HIGH;
const OTHERS: Class = Class::NORMAL;

/// Notes the class of a request and how long it waited.
#[derive(Clone)]
struct Serve {
    waited: Sender<(Class, Duration)>,
}

impl Handler for Serve {
    type Event = u64;

    fn handle(&mut self, requests: &mut Batch<u64>) -> Result<(), BoxError> {
        while requests.next().is_some() {
            self.waited
                .send((requests.meta().class(), requests.waited()))?;
        }
        Ok(())
    }
}

fn main() -> Result<(), BoxError> {
    println!(
        "{:<22} {:>8} {:>12} {:>12}",
        "classes", "class", "served", "mean wait"
    );
    serve("strict", Classes::strict(2))?;
    serve("weighted 3 to 1", Classes::weighted([3, 1]))?;
    Ok(())
}

fn serve(name: &str, classes: Classes) -> Result<(), BoxError> {
    let (waited, waits) = channel();
    let mut graph = Graph::new(name).with_clock(Clock::manual());
    let stage = graph.stage("serve").queue(400).batch(1).classes(classes);
    let stage = stage.handler(Serve { waited });
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 7)?;
    simulator.service("serve", Service::exponential(Duration::from_millis(1)));
    // Twice as much as it can do, a third of it paying.
    simulator.arrivals(simulator.inlet(&stage), Arrivals::poisson(2_000.0), |n| {
        let class = if n % 3 == 0 { PAYING } else { OTHERS };
        (n, Meta::NONE.with_class(class))
    });
    simulator.run_for(Duration::from_secs(10));
    let ledger = simulator.drain(Duration::from_secs(10))?;
    assert!(ledger.balances() && ledger.is_empty());
    let waits: Vec<(Class, Duration)> = waits.try_iter().collect();
    for (label, class) in [("paying", PAYING), ("others", OTHERS)] {
        let of_class = || waits.iter().filter(|(of, _)| *of == class);
        let count = u32::try_from(of_class().count())?;
        let sum: Duration = of_class().map(|(_, wait)| *wait).sum();
        println!(
            "{name:<22} {label:>8} {count:>12} {:>9.1} ms",
            (sum / count.max(1)).as_secs_f64() * 1e3
        );
    }
    Ok(())
}
