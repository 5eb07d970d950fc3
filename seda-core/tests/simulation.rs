//! The simulator against what queueing theory says, and how fast it is.

mod rig;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rig::{account, assert_exact};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{Batch, BoxError, Class, Classes, Clock, Graph, Handler, Meta, Plan, Stage};

const MILLI: Duration = Duration::from_millis(1);

/// Sums up how long events of each class waited.
#[derive(Clone, Default)]
struct Waits(Arc<Mutex<[(f64, f64); 3]>>);

impl Waits {
    fn mean(&self, class: usize) -> f64 {
        let (sum, n) = self.0.lock().unwrap()[class];
        sum / n
    }

    fn count(&self) -> f64 {
        self.0.lock().unwrap().iter().map(|(_, n)| n).sum()
    }
}

impl Handler for Waits {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        while batch.next().is_some() {
            let class = usize::from(batch.meta().class().0);
            let mut waits = self.0.lock().unwrap();
            waits[class].0 += batch.waited().as_secs_f64();
            waits[class].1 += 1.0;
        }
        Ok(())
    }
}

/// One server that takes 1 ms on average, and `load` of that arrives.
fn server(service: Service, arrivals: Arrivals, classes: Option<Classes>) -> (Simulator, Waits) {
    let waits = Waits::default();
    let mut graph = Graph::new("server").with_clock(Clock::manual());
    let mut builder = graph.stage("serve").queue(1_000_000).batch(1);
    if let Some(classes) = classes {
        builder = builder.classes(classes);
    }
    let stage: Stage<u64> = builder.handler(waits.clone());
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 2_026).unwrap();
    simulator.service("serve", service);
    let inlet = simulator.inlet(&stage);
    simulator.arrivals(inlet, arrivals, |n| {
        // Independent of the arrivals, as theory has it.
        let class = Class(u8::try_from((n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % 3).unwrap());
        (n, Meta::NONE.with_class(class))
    });
    (simulator, waits)
}

fn mean_wait(service: Service, load: f64) -> f64 {
    let (mut simulator, waits) = server(service, Arrivals::poisson(load * 1_000.0), None);
    let begun = Instant::now();
    simulator.run_for(Duration::from_secs(250));
    let steps = simulator.steps();
    let rate = steps as f64 / begun.elapsed().as_secs_f64();
    println!("{steps} steps, {rate:.0} steps/s");
    assert_exact(&simulator.drain(Duration::from_secs(10)).unwrap());
    let all = waits.0.lock().unwrap();
    let sum: f64 = all.iter().map(|(sum, _)| sum).sum();
    let n: f64 = all.iter().map(|(_, n)| n).sum();
    assert!((n / (load * 250_000.0) - 1.0).abs() < 0.02, "{n} events");
    sum / n
}

fn assert_near(measured: f64, theory: f64) {
    let off = measured / theory - 1.0;
    assert!(off.abs() < 0.05, "{measured}, in theory {theory}");
}

#[test]
fn the_mean_wait_of_mm1_is_that_of_theory() {
    for load in [0.3, 0.6] {
        // W = rho / (mu - lambda)
        let wait = mean_wait(Service::exponential(MILLI), load);
        assert_near(wait, load / (1.0 - load) * 1e-3);
    }
}

#[test]
fn the_mean_wait_of_md1_is_half_of_that() {
    for load in [0.3, 0.6] {
        // W = rho / 2 (mu - lambda)
        let wait = mean_wait(Service::constant(MILLI), load);
        assert_near(wait, load / (1.0 - load) / 2.0 * 1e-3);
    }
}

#[test]
fn the_mean_wait_with_two_kinds_of_events_is_that_of_pollaczek_and_khinchine() {
    let (short, long, share) = (MILLI / 2, MILLI * 3, 0.2);
    // E(S) = 1 ms, E(S²) = 2 ms²; W = lambda E(S²) / 2 (1 - rho)
    let wait = mean_wait(Service::bimodal(short, long, share), 0.5);
    assert_near(wait, 0.5 * 2.0 / (2.0 * 0.5) * 1e-3);
}

#[test]
fn the_fixed_cost_of_a_batch_is_paid_once_for_all_of_it() {
    let mut graph = Graph::new("fixed").with_clock(Clock::manual());
    let stage = graph.stage("fsync").batch(100).each(|_: u64| Ok(()));
    let inlet = graph.inlet(&stage);
    inlet.enqueue_all((0..101).collect()).unwrap();
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    let each = Duration::from_micros(1);
    simulator.service("fsync", Service::constant(each).with_fixed(each * 9));
    simulator.run_for(Duration::from_micros(10));
    assert_eq!(account(&simulator.ledger(), "fsync").handled, 1);
    // 10 µs an event by what is known: 50 fit in the time of a batch.
    simulator.run_for(Duration::from_micros(59));
    assert_eq!(account(&simulator.ledger(), "fsync").handled, 51);
}

#[test]
fn a_stage_that_is_slowed_down_handles_less_for_that_time_only() {
    let arrivals = Arrivals::uniform(900.0);
    let (mut simulator, waits) = server(Service::constant(MILLI), arrivals, None);
    let second = Duration::from_secs(1);
    simulator.slow_down("serve", 3.0, second..second * 2);
    simulator.slow_down("serve", 2.0, second * 3 / 2..second * 2);
    let mut handled = [0.0; 4];
    for (n, piece) in handled.iter_mut().enumerate() {
        simulator.run_for(if n == 0 || n == 3 { second } else { second / 2 });
        *piece = waits.count();
    }
    let done: Vec<f64> = handled.windows(2).map(|w| w[1] - w[0]).collect();
    assert!((898.0..=900.0).contains(&handled[0]), "{handled:?}");
    assert!((166.0..=168.0).contains(&done[0]), "3 ms each: {done:?}");
    assert!((82.0..=85.0).contains(&done[1]), "6 ms each: {done:?}");
    assert!(
        (998.0..=1_001.0).contains(&done[2]),
        "the backlog: {done:?}"
    );
}

#[test]
fn urgent_classes_wait_less_and_the_mean_stays_the_same() {
    let run = |classes: Option<Classes>| {
        let arrivals = Arrivals::poisson(900.0);
        let (mut simulator, waits) = server(Service::exponential(MILLI), arrivals, classes);
        simulator.run_for(Duration::from_secs(100));
        [waits.mean(0), waits.mean(1), waits.mean(2)]
    };
    let fifo = run(None);
    let strict = run(Some(Classes::strict(3)));
    assert!(fifo.iter().all(|wait| (wait / fifo[0] - 1.0).abs() < 0.1));
    assert!(strict[0] < strict[1] && strict[1] < strict[2], "{strict:?}");
    // Cobham: W0 / ((1 - s(k-1)) (1 - s(k))) with W0 = 0.9 ms, s = 0.3 k; one
    // pick in 64 goes to who waited longest, which the first class pays.
    println!("{strict:?}");
    assert!((1.2e-3..1.5e-3).contains(&strict[0]), "{strict:?}");
    assert!((3.0e-3..3.6e-3).contains(&strict[1]), "{strict:?}");
    let mean = |waits: &[f64; 3]| waits.iter().sum::<f64>() / 3.0;
    assert!((mean(&strict) / mean(&fifo) - 1.0).abs() < 0.1, "conserved");
}

#[test]
fn shares_divide_the_time_of_a_simulated_domain() {
    let mut graph = Graph::new("shares").with_clock(Clock::manual());
    let stages = ["one", "three"].map(|name| graph.stage(name).queue(10_000).each(|_: u64| Ok(())));
    for stage in &stages {
        let inlet = graph.inlet(stage);
        inlet.enqueue_all((0..10_000).collect()).unwrap();
    }
    let plan = Plan::default().workers(1).share("one", 1).share("three", 3);
    let mut simulator = Simulator::new(graph, &plan, 1).unwrap();
    simulator.service("one", Service::constant(MILLI));
    simulator.service("three", Service::constant(MILLI));
    simulator.run_for(Duration::from_secs(4));
    let ledger = simulator.ledger();
    let one = account(&ledger, "one").handled;
    let three = account(&ledger, "three").handled;
    // One pick in 61 goes by rank, so that nobody starves.
    assert!((900..=1_100).contains(&one), "{one} and {three}");
    assert!((2_900..=3_100).contains(&three), "{one} and {three}");
}

#[test]
fn a_simulated_pool_has_as_many_servers_as_threads() {
    let mut graph = Graph::new("pool").with_clock(Clock::manual());
    let stage = graph.stage("pool").blocking(3..=3).each(|_: u64| Ok(()));
    let inlet = graph.inlet(&stage);
    inlet.enqueue_all((0..600).collect()).unwrap();
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    simulator.service("pool", Service::constant(MILLI));
    simulator.run_for(Duration::from_millis(100));
    assert_eq!(account(&simulator.ledger(), "pool").handled, 300);
}

#[test]
fn events_that_enter_between_two_runs_are_handled_in_the_next() {
    let mut graph = Graph::new("between").with_clock(Clock::manual());
    let stage = graph.stage("serve").each(|_: u64| Ok(()));
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 1).unwrap();
    let inlet = simulator.inlet(&stage);
    for round in 1..=3 {
        simulator.run_for(MILLI);
        inlet.enqueue(round).unwrap();
        simulator.run_for(MILLI);
        assert_eq!(account(&simulator.ledger(), "serve").handled, round);
    }
    inlet.enqueue(4).unwrap();
    let ledger = simulator.drain(MILLI).unwrap();
    assert_eq!(account(&ledger, "serve").handled, 4);
}
