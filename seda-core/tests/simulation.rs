//! The simulator against queueing theory: waits, losses, slow-downs, classes.
//!
//! Source: Kleinrock, Queueing Systems I (M/M/1, M/D/1 by Pollaczek and
//! Khinchine, M/M/1/K).
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod rig;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rig::{account, assert_exact};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{Class, Classes, Clock, Graph, Meta, Plan, Tick};

const MEAN: Duration = Duration::from_millis(1);
const SEED: u64 = 1_961;
/// How far a measured mean may be from theory.
const TOLERANCE: f64 = 0.05;

/// Is one event: when it came, and its class.
type Customer = (Tick, u8);
/// Is how long an event stayed, and its class.
type Stays = Arc<Mutex<Vec<(Duration, u8)>>>;

/// Makes one server of 1 ms on average, and what it will see.
fn server(
    queue: usize,
    classes: Option<Classes>,
    service: Service,
    rate: f64,
) -> (Simulator, Stays) {
    let clock = Clock::manual();
    let stays = Stays::default();
    let (seen, watch) = (Arc::clone(&stays), clock.clone());
    let mut graph = Graph::new("one server").with_clock(clock.clone());
    let stage = graph.stage("serve").queue(queue).batch(1);
    let stage = match classes {
        Some(classes) => stage.classes(classes),
        None => stage,
    };
    let stage = stage.each(move |(came, class): Customer| {
        seen.lock().unwrap().push((watch.now().since(came), class));
        Ok(())
    });
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), SEED).unwrap();
    simulator.service("serve", service);
    let inlet = simulator.inlet(&stage);
    simulator.arrivals(inlet, Arrivals::poisson(rate), move |n| {
        // Which class is next must be chance too: Poisson arrivals split evenly.
        let class = (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20).count_ones() % 2;
        let class = u8::try_from(class).unwrap_or(0);
        let meta = Meta::NONE.with_class(Class(class));
        ((clock.now(), class), meta)
    });
    (simulator, stays)
}

/// Gives the mean stay in units of the mean service time, of those that match.
fn mean_stay(stays: &Stays, of: impl Fn(u8) -> bool) -> f64 {
    let stays = stays.lock().unwrap();
    let stays = stays.iter().filter(|(_, class)| of(*class));
    let (sum, n) = stays.fold((0.0, 0.0), |(sum, n), (stay, _)| {
        (sum + stay.div_duration_f64(MEAN), n + 1.0)
    });
    sum / n
}

fn assert_near(what: &str, measured: f64, theory: f64) {
    println!("seed {SEED}: {what}: measured {measured:.4}, theory {theory:.4}");
    let off = (measured / theory - 1.0).abs();
    assert!(
        off < TOLERANCE,
        "seed {SEED}: {what}: {measured} for {theory}"
    );
}

/// W = rho / (1 - rho) services.
#[test]
fn the_wait_of_m_m_1_is_that_of_theory() {
    for (rate, theory) in [(500.0, 1.0), (700.0, 7.0 / 3.0)] {
        let (mut simulator, stays) = server(10_000, None, Service::exponential(MEAN), rate);
        simulator.run_for(Duration::from_secs(400));
        let wait = mean_stay(&stays, |_| true) - 1.0;
        assert_near("wait of M/M/1", wait, theory);
    }
}

/// W = rho / 2 (1 - rho) services: half of it is due to chance in the service.
#[test]
fn the_wait_of_m_d_1_is_half_of_it() {
    for (rate, theory) in [(500.0, 0.5), (700.0, 7.0 / 6.0)] {
        let (mut simulator, stays) = server(10_000, None, Service::constant(MEAN), rate);
        simulator.run_for(Duration::from_secs(400));
        let wait = mean_stay(&stays, |_| true) - 1.0;
        assert_near("wait of M/D/1", wait, theory);
    }
}

/// P(loss) = (1 - rho) rho^K / (1 - rho^(K+1)), K with the one in service.
#[test]
fn a_bound_rejects_the_share_of_m_m_1_k() {
    for (rate, queue) in [(800.0, 4), (1_000.0, 9), (2_000.0, 3)] {
        let (mut simulator, _) = server(queue, None, Service::exponential(MEAN), rate);
        simulator.run_for(Duration::from_secs(200));
        let ledger = simulator.drain(Duration::from_secs(10)).unwrap();
        assert_exact(&ledger);
        let serve = account(&ledger, "serve");
        let rho: f64 = rate * MEAN.as_secs_f64();
        let states: f64 = (0..=queue + 1).map(|n| power(rho, n)).sum();
        let theory = power(rho, queue + 1) / states;
        let events = |n: u64| Duration::from_nanos(n);
        let share = events(serve.rejected.full).div_duration_f64(events(serve.offered));
        assert_near("loss of M/M/1/K", share, theory);
    }
}

fn power(base: f64, n: usize) -> f64 {
    std::iter::repeat_n(base, n).product()
}

#[test]
fn a_slow_down_lasts_as_long_as_it_should() {
    let secs = Duration::from_secs;
    let (mut simulator, stays) = server(10_000, None, Service::constant(MEAN), 100.0);
    simulator.slow_down("serve", 4.0, secs(100)..secs(300));
    let mut means = Vec::new();
    for until in [100, 300, 400] {
        let now = simulator.now().since(Tick::ZERO);
        simulator.run_for(secs(until).saturating_sub(now));
        means.push(mean_stay(&stays, |_| true));
        stays.lock().unwrap().clear();
    }
    // M/D/1 at rho 0.1 and 0.4: a stay of s (1 + rho / 2 (1 - rho)).
    let (swift, slow) = (1.0 + 0.1 / 1.8, 4.0 * (1.0 + 0.4 / 1.2));
    for (mean, theory) in means.into_iter().zip([swift, slow, swift]) {
        assert_near("stay of M/D/1 with a slow-down", mean, theory);
    }
}

/// Cobham: with residual work R = rho / 2 services, the urgent wait
/// R / (1 - rho') and the others R / (1 - rho') (1 - rho), where rho' is the
/// load of the urgent.
///
/// One pick in 64 goes to who waited longest, which changes little here.
#[test]
fn strict_classes_wait_as_cobham_says() {
    let classes = Some(Classes::strict(2));
    let (mut simulator, stays) = server(10_000, classes, Service::constant(MEAN), 600.0);
    simulator.run_for(Duration::from_secs(400));
    for (class, theory) in [(0, 0.3 / 0.7), (1, 0.3 / (0.7 * 0.4))] {
        let wait = mean_stay(&stays, |of| of == class) - 1.0;
        assert_near("wait of a class", wait, theory);
    }
}
