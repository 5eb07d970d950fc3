//! What does a hop cost, beside the channels that people use today?
#![forbid(unsafe_code)]

use benches::goal::{Figure, Output, Wanted};
use benches::hops::{edges, peers, pipeline};
use benches::rounds::{Candidate, Cost, best_of, median_ratio};
use std::time::Duration;

use pipeline::Shape;
use seda_core::Plan;

/// How often everything is measured; the best counts.
const ROUNDS: usize = 7;
const BATCHES: [usize; 3] = [1, 16, BATCH_DEFAULT];
/// The batch of a stage among the cores when nobody chooses.
const BATCH_DEFAULT: usize = 256;
/// How often two things are measured in turn that are nearly alike.
const PAIRS: usize = 41;
/// A latency target that a stage of short events keeps easily.
const TARGET: Duration = Duration::from_millis(50);

fn main() -> std::process::ExitCode {
    let output = match Output::from_args(std::env::args().skip(1)) {
        Ok(output) => output,
        Err(error) => {
            eprintln!("hops: {error}");
            return std::process::ExitCode::from(2);
        }
    };
    throughput(output);
    latency(output);
    single_edges(output);
    statistics(output);
    std::process::ExitCode::SUCCESS
}

/// Is the least cost of each candidate, by name.
struct Costs(Vec<(String, Cost)>);

impl Costs {
    fn wall(&self, name: &str) -> f64 {
        self.find(name).map_or(f64::NAN, |cost| cost.wall_ns)
    }

    fn cpu(&self, name: &str) -> f64 {
        self.find(name).map_or(f64::NAN, |cost| cost.cpu_ns)
    }

    /// Gives the least CPU time of a plan over all batch sizes.
    fn best_cpu(&self, plan: &str) -> f64 {
        let cpu = BATCHES.map(|batch| self.cpu(&format!("{plan} {batch}")));
        cpu.into_iter().fold(f64::INFINITY, f64::min)
    }

    fn find(&self, name: &str) -> Option<Cost> {
        let mut known = self.0.iter();
        known
            .find(|(known, _)| known == name)
            .map(|(_, cost)| *cost)
    }
}

fn throughput(output: Output) {
    let costs = Costs(best_of(ROUNDS, &mut pipelines()));
    for (name, cost) in &costs.0 {
        output.print(&Figure::shown(
            format!("{name}: wall per hop"),
            cost.wall_ns,
            "ns",
        ));
        output.print(&Figure::shown(
            format!("{name}: CPU per hop"),
            cost.cpu_ns,
            "ns",
        ));
    }
    per_hop(output, &costs);
    against_channels(output, &costs);
    against_classic(output, &costs);
}

fn pipelines() -> Vec<Candidate<'static>> {
    let mut candidates = Vec::new();
    for batch in BATCHES {
        let plans = [
            ("one core", Plan::default().workers(1), 3_000_000),
            ("default", Plan::default(), 1_000_000),
            ("one pool", pipeline::one_pool(2), 100_000),
            ("classic", Plan::seda_classic(), 60_000),
        ];
        for (name, plan, events) in plans {
            let shape = Shape::idle(plan, batch, events);
            candidates.push(Candidate::new(format!("{name} {batch}"), move || {
                shape.run()
            }));
        }
    }
    candidates.push(Candidate::new("crossbeam", || peers::crossbeam(300_000)));
    candidates.push(Candidate::new("sync_channel", || {
        peers::std_channel(300_000)
    }));
    candidates.push(Candidate::new("tokio", || peers::tokio_mpsc(300_000)));
    candidates.push(Candidate::new("call", || peers::dyn_call(5_000_000)));
    candidates
}

fn per_hop(output: Output, costs: &Costs) {
    for (batch, target) in [(16, 8.0), (BATCH_DEFAULT, 5.0)] {
        let what = format!("default plan on one core, batch {batch}, per hop");
        let wall = costs.wall(&format!("one core {batch}"));
        output.print(&Figure::shown(what, wall, "ns").wanted("hop", Wanted::AtMost, target));
    }
}

/// Both use all cores: a stage a thread there, a source a worker here. The goal
/// is for the plan as it is when nobody chooses a batch; smaller ones are shown.
fn against_channels(output: Output, costs: &Costs) {
    for peer in ["tokio", "crossbeam", "sync_channel"] {
        for batch in [16, BATCH_DEFAULT] {
            let ours = costs.wall(&format!("default {batch}"));
            let what = format!("throughput, default plan in batches of {batch} / {peer}");
            let figure = Figure::shown(what, costs.wall(peer) / ours, "x");
            output.print(&match batch {
                BATCH_DEFAULT => figure.wanted("hop", Wanted::AtLeast, 5.0),
                _ => figure,
            });
        }
    }
}

fn against_classic(output: Output, costs: &Costs) {
    let times = costs.wall("classic 1") / costs.wall("default 1");
    let what = "throughput at batch 1, default plan / seda_classic";
    output.print(&Figure::shown(what, times, "x").wanted("L8", Wanted::AtLeast, 5.0));
    let cpu = costs.best_cpu("default") / costs.best_cpu("classic");
    let what = "CPU per hop at the best batch, default plan / seda_classic";
    output.print(&Figure::shown(what, cpu, "x").wanted("L8", Wanted::AtMost, 0.5));
}

fn latency(output: Output) {
    let best = |plan: fn() -> Plan, rounds: u64| {
        let medians = (0..ROUNDS).map(|_| pipeline::one_in_flight(plan(), rounds));
        medians.fold(f64::INFINITY, f64::min)
    };
    let ours = best(Plan::default, 50_000);
    let classic = best(Plan::seda_classic, 5_000);
    output.print(&Figure::shown(
        "one event in flight, default plan, p50 per hop",
        ours,
        "ns",
    ));
    output.print(&Figure::shown(
        "one event in flight, seda_classic, p50 per hop",
        classic,
        "ns",
    ));
    let ratio = Figure::shown(
        "one event in flight, p50, default plan / seda_classic",
        ours / classic,
        "x",
    );
    output.print(&ratio.wanted("L8", Wanted::AtMost, 0.05));
}

fn single_edges(output: Output) {
    let mut candidates = [
        Candidate::new("between domains", || edges::between_domains(1_000_000, 16)),
        Candidate::new("rejection", || edges::rejection(5_000_000)),
    ];
    let costs = best_of(ROUNDS, &mut candidates);
    let targets = [("edge", 25.0), ("L7", 60.0)];
    for ((name, cost), (goal, target)) in costs.into_iter().zip(targets) {
        let what = if goal == "edge" {
            "edge between domains, batch 16, per event"
        } else {
            &*name
        };
        output.print(&Figure::shown(what, cost.wall_ns, "ns").wanted(goal, Wanted::AtMost, target));
    }
}

/// Compares the CPU time with and without statistics, and with a controller for
/// every stage as well, when an event takes a microsecond.
fn statistics(output: Output) {
    let burn = pipeline::steps_per_microsecond();
    let with = |plan: Plan, target: Option<Duration>| {
        let shape = Shape {
            plan,
            batch: 16,
            events: 20_000,
            burn,
            target,
        };
        move || shape.run()
    };
    let one = || Plan::default().workers(1);
    let off = with(one().without_statistics(), None);
    let compare = |what: &str, on: &dyn Fn() -> Cost| {
        let percent = (median_ratio(PAIRS, on, &off) - 1.0) * 100.0;
        let what = format!("{what} at 1 µs events, more CPU");
        let figure = Figure::shown(what, percent, "%");
        output.print(&figure.wanted("L9", Wanted::AtMost, 3.0));
    };
    compare("statistics", &with(one(), None));
    compare("statistics and controllers", &with(one(), Some(TARGET)));
}
