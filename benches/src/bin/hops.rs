//! What does a hop cost, beside the channels that people use today?
#![forbid(unsafe_code)]

use benches::goal::{Figure, Output, Wanted};
use benches::hops::{edges, peers, pipeline};
use benches::rounds::{Candidate, Cost, best_of};
use pipeline::Shape;
use seda_core::Plan;

/// How often everything is measured; the best counts.
const ROUNDS: usize = 7;
const BATCHES: [usize; 3] = [1, 16, 256];

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

fn throughput(output: Output) {
    let mut candidates = Vec::new();
    for batch in BATCHES {
        let one_core = Plan::default().workers(1);
        candidates.push(shape(
            format!("one core {batch}"),
            one_core,
            batch,
            1_000_000,
        ));
        candidates.push(shape(
            format!("default {batch}"),
            Plan::default(),
            batch,
            1_000_000,
        ));
        candidates.push(shape(
            format!("one pool {batch}"),
            pipeline::one_pool(2),
            batch,
            100_000,
        ));
        candidates.push(shape(
            format!("classic {batch}"),
            Plan::seda_classic(),
            batch,
            60_000,
        ));
    }
    candidates.push(Candidate::new("crossbeam", || peers::crossbeam(300_000)));
    candidates.push(Candidate::new("sync_channel", || {
        peers::std_channel(300_000)
    }));
    candidates.push(Candidate::new("tokio", || peers::tokio_mpsc(300_000)));
    candidates.push(Candidate::new("call", || peers::dyn_call(5_000_000)));
    let costs = best_of(ROUNDS, &mut candidates);
    let of = |name: &str| {
        let found = costs.iter().find(|(known, _)| known == name);
        found.map_or(
            Cost {
                wall_ns: f64::NAN,
                cpu_ns: f64::NAN,
            },
            |(_, cost)| *cost,
        )
    };
    for (name, cost) in &costs {
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
    let at_most = |what: &str, value: f64, target: f64| {
        output.print(&Figure::shown(what, value, "ns").wanted("hop", Wanted::AtMost, target));
    };
    at_most(
        "default plan on one core, batch 16, per hop",
        of("one core 16").wall_ns,
        8.0,
    );
    at_most(
        "default plan on one core, batch 256, per hop",
        of("one core 256").wall_ns,
        5.0,
    );
    let times = |goal: &str, what: String, value: f64, target: f64| {
        output.print(&Figure::shown(what, value, "x").wanted(goal, Wanted::AtLeast, target));
    };
    for batch in [16, 256] {
        let ours = of(&format!("default {batch}")).wall_ns;
        for peer in ["tokio", "crossbeam", "sync_channel"] {
            let what = format!("throughput, default plan in batches of {batch} / {peer}");
            times("hop", what, of(peer).wall_ns / ours, 5.0);
        }
    }
    let classic = of("classic 1").wall_ns / of("default 1").wall_ns;
    times(
        "L8",
        "throughput at batch 1, default plan / seda_classic".to_owned(),
        classic,
        5.0,
    );
    let best = |plan: &str| {
        let cpu = BATCHES.map(|batch| of(&format!("{plan} {batch}")).cpu_ns);
        cpu.into_iter().fold(f64::INFINITY, f64::min)
    };
    let cpu = best("default") / best("classic");
    let figure = Figure::shown(
        "CPU per hop at the best batch, default plan / seda_classic",
        cpu,
        "x",
    );
    output.print(&figure.wanted("L8", Wanted::AtMost, 0.5));
}

fn shape(name: String, plan: Plan, batch: usize, events: u64) -> Candidate<'static> {
    let shape = Shape::idle(plan, batch, events);
    Candidate::new(name, move || shape.run())
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

/// Compares the CPU time with and without statistics when an event takes a microsecond.
fn statistics(output: Output) {
    let burn = pipeline::steps_per_microsecond();
    let with = |plan: Plan| {
        let shape = Shape {
            plan,
            batch: 16,
            events: 20_000,
            burn,
        };
        move || shape.run()
    };
    let mut candidates = [
        Candidate::new("on", with(Plan::default().workers(1))),
        Candidate::new("off", with(Plan::default().workers(1).without_statistics())),
    ];
    let costs = best_of(ROUNDS * 3, &mut candidates);
    if let [(_, on), (_, off)] = costs.as_slice() {
        let percent = (on.cpu_ns / off.cpu_ns - 1.0) * 100.0;
        let figure = Figure::shown("statistics at 1 µs events, more CPU", percent, "%");
        output.print(&figure.wanted("L9", Wanted::AtMost, 3.0));
    }
}
