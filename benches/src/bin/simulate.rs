//! How many events a second does the simulator do, and does a seed decide everything?
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use benches::goal::{Figure, Output, Wanted};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{Clock, Graph, Meta, Plan};

const RUNS: usize = 1_000;

fn main() -> std::process::ExitCode {
    let output = match Output::from_args(std::env::args().skip(1)) {
        Ok(output) => output,
        Err(error) => {
            eprintln!("simulate: {error}");
            return std::process::ExitCode::from(2);
        }
    };
    let began = Instant::now();
    let (_, events) = run(1, Duration::from_secs(1_000));
    let rate = events / began.elapsed().as_secs_f64() / 1e6;
    let figure = Figure::shown("simulated events, M/M/2 at 0.9 of capacity", rate, "M/s");
    output.print(&figure.wanted("L15", Wanted::AtLeast, 1.0));
    let traces: BTreeSet<u64> = (0..RUNS)
        .map(|_| run(42, Duration::from_secs(1)).0)
        .collect();
    let traces = u32::try_from(traces.len()).map_or(f64::NAN, f64::from);
    let figure = Figure::shown("traces of 1,000 runs with one seed", traces, "traces");
    output.print(&figure.wanted("L15", Wanted::AtMost, 1.0));
    std::process::ExitCode::SUCCESS
}

/// Simulates one stage with two servers of 1 ms; gives the trace and the events.
#[allow(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a measurement"
)]
fn run(seed: u64, time: Duration) -> (u64, f64) {
    let mut graph = Graph::new("two servers").with_clock(Clock::manual());
    let serve = graph
        .stage("serve")
        .queue(1_000)
        .batch(1)
        .each(|_: u64| Ok(()));
    let plan = Plan::default().workers(2);
    let mut simulator = Simulator::new(graph, &plan, seed).expect("the graph is right");
    simulator.service("serve", Service::exponential(Duration::from_millis(1)));
    let inlet = simulator.inlet(&serve);
    simulator.arrivals(inlet, Arrivals::poisson(1_800.0), |n| (n, Meta::NONE));
    simulator.run_for(time);
    let trace = simulator.trace_hash();
    let ledger = simulator
        .drain(Duration::from_mins(1))
        .expect("nothing is left");
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    let handled = ledger.stage("serve").map_or(0, |account| account.handled);
    (trace, handled as f64)
}
