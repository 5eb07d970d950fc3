//! Clients of the simulator: what they do with what they are told.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use seda_core::simulator::{Arrivals, Call, Clients, Ended, Outcome, Retries, Service, Simulator};
use seda_core::{Class, Clock, Graph, Plan};

const MILLI: Duration = Duration::from_millis(1);

/// Runs clients against one server with a queue for a second; gives what they
/// got, and the trace.
fn run(queue: usize, service: Service, clients: Clients, seed: u64) -> (Vec<Ended>, u64) {
    println!("seed {seed}");
    let mut graph = Graph::new("clients").with_clock(Clock::manual());
    let serve = graph
        .stage("serve")
        .queue(queue)
        .batch(1)
        .each(|call: Call| {
            call.answer();
            Ok(())
        });
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), seed).unwrap();
    simulator.service("serve", service);
    let all = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&all);
    let inlet = simulator.inlet(&serve);
    simulator.clients(inlet, clients, move |ended| log.borrow_mut().push(*ended));
    simulator.run_for(MILLI * 1_000);
    let hash = simulator.trace_hash();
    let ledger = simulator.drain(MILLI * 1_000_000).unwrap();
    assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
    (all.take(), hash)
}

fn seed() -> u64 {
    fastrand::u64(..)
}

fn retries(times: u32, backoff: Duration, budget: Option<f64>) -> Retries {
    Retries {
        times,
        backoff,
        budget,
    }
}

fn count(all: &[Ended], outcome: Outcome) -> usize {
    all.iter().filter(|ended| ended.outcome == outcome).count()
}

#[test]
fn a_client_asks_again_only_after_its_answer_and_a_thought() {
    let (all, _) = run(
        8,
        Service::constant(MILLI * 3),
        Clients::closed(1, MILLI * 7),
        seed(),
    );
    assert!((99..=100).contains(&all.len()), "{}", all.len());
    assert!(
        all.iter()
            .all(|ended| ended.at.since(ended.asked) == MILLI * 3)
    );
    for pair in all.windows(2) {
        assert_eq!(pair[1].asked.since(pair[0].at), MILLI * 7);
    }
}

#[test]
fn a_refused_client_of_a_closed_loop_is_told_at_once_and_thinks() {
    let clients = Clients::closed(4, Duration::ZERO);
    let (all, _) = run(1, Service::constant(MILLI), clients, seed());
    let rejected: Vec<_> = all
        .iter()
        .filter(|e| e.outcome == Outcome::Rejected)
        .collect();
    assert!(!rejected.is_empty() && count(&all, Outcome::Answered) > 900);
    assert!(rejected.iter().all(|ended| ended.at == ended.asked));
}

#[test]
fn who_has_given_up_does_not_take_the_late_answer() {
    let clients = Clients::open(Arrivals::uniform(10.0)).timeout(MILLI * 20);
    let (all, _) = run(8, Service::constant(MILLI * 30), clients, seed());
    assert_eq!(count(&all, Outcome::TimedOut), all.len());
    assert!(
        all.len() >= 9
            && all
                .iter()
                .all(|ended| ended.at.since(ended.asked) == MILLI * 20)
    );
    let clients = Clients::closed(1, MILLI * 5).timeout(MILLI * 20);
    let (all, _) = run(8, Service::constant(MILLI * 21), clients, seed());
    assert_eq!(
        count(&all, Outcome::Answered),
        0,
        "an answer to an earlier attempt counts for none"
    );
}

#[test]
fn a_client_asks_again_as_often_as_it_says_and_waits_twice_as_long_each_time() {
    let clients = Clients::open(Arrivals::uniform(4.0))
        .timeout(MILLI * 10)
        .retries(retries(3, MILLI * 5, None));
    let (all, _) = run(8, Service::constant(MILLI * 100), clients, seed());
    assert!(!all.is_empty());
    for ended in &all {
        assert_eq!((ended.attempts, ended.outcome), (4, Outcome::TimedOut));
        // Four times 10 ms, and 5, 10 and 20 ms between them.
        assert_eq!(ended.at.since(ended.asked), MILLI * 75);
        assert_eq!(ended.sent.since(ended.asked), MILLI * 65);
    }
}

#[test]
fn an_answer_to_a_later_attempt_ends_the_request() {
    let clients = Clients::open(Arrivals::poisson(2_000.0)).retries(retries(5, MILLI * 2, None));
    let (all, _) = run(1, Service::constant(MILLI), clients, seed());
    let later = all
        .iter()
        .filter(|e| e.outcome == Outcome::Answered && e.attempts > 1);
    assert!(later.count() > 100);
    assert!(
        all.iter()
            .all(|ended| ended.attempts <= 6 && ended.sent >= ended.asked)
    );
}

#[test]
fn a_budget_bounds_the_part_of_asking_that_is_asking_again() {
    let clients = Clients::open(Arrivals::poisson(20_000.0));
    let bounded = clients.clone().retries(retries(3, MILLI, Some(0.1)));
    let share = |clients| {
        let (all, _) = run(1, Service::constant(MILLI), clients, seed());
        let attempts: u32 = all.iter().map(|ended| ended.attempts).sum();
        1.0 - f64::from(u32::try_from(all.len()).unwrap()) / f64::from(attempts)
    };
    let part = share(bounded);
    // 100 are saved up at first, of some 20,000.
    assert!((0.09..=0.11).contains(&part), "{part}");
    let part = share(clients.retries(retries(3, MILLI, None)));
    assert!(part > 0.6, "{part}");
}

#[test]
fn what_expires_is_heard_of() {
    let mut graph = Graph::new("clients").with_clock(Clock::manual());
    let serve = graph
        .stage("serve")
        .batch(1)
        .target(MILLI * 5)
        .each(|call: Call| {
            call.answer();
            Ok(())
        });
    let seed = seed();
    println!("seed {seed}");
    let mut simulator = Simulator::new(graph, &Plan::default().workers(1), seed).unwrap();
    simulator.service("serve", Service::exponential(MILLI * 2));
    let lost = Rc::new(RefCell::new(0));
    let count = Rc::clone(&lost);
    let inlet = simulator.inlet(&serve);
    let clients = Clients::open(Arrivals::poisson(2_000.0));
    simulator.clients(inlet, clients, move |ended| {
        *count.borrow_mut() += u64::from(ended.outcome == Outcome::Lost);
    });
    simulator.run_for(MILLI * 5_000);
    let expired = simulator.ledger().stage("serve").unwrap().expired;
    assert!(expired > 0);
    assert_eq!(*lost.borrow(), expired);
}

#[test]
fn classes_have_their_parts_and_the_rest_is_one_more() {
    let clients = Clients::open(Arrivals::uniform(10_000.0)).classes([0.1, 0.3]);
    let (all, _) = run(
        100,
        Service::constant(Duration::from_micros(10)),
        clients,
        seed(),
    );
    let part = |class| {
        let of = all
            .iter()
            .filter(|ended| ended.class == Class(class))
            .count();
        f64::from(u32::try_from(of).unwrap()) / f64::from(u32::try_from(all.len()).unwrap())
    };
    assert!((part(0) - 0.1).abs() < 0.02 && (part(1) - 0.3).abs() < 0.03 && part(2) > 0.55);
}

#[test]
fn one_seed_has_one_history_with_clients_too() {
    let clients = || {
        Clients::closed(20, MILLI * 5)
            .timeout(MILLI * 12)
            .retries(retries(2, MILLI, Some(0.2)))
            .costing(Duration::from_micros(20))
    };
    let seed = seed();
    let (all, first) = run(8, Service::exponential(MILLI), clients(), seed);
    assert!(all.len() > 500);
    for _ in 0..50 {
        assert_eq!(
            run(8, Service::exponential(MILLI), clients(), seed).1,
            first
        );
    }
    assert_ne!(
        run(
            8,
            Service::exponential(MILLI),
            clients(),
            seed.wrapping_add(1)
        )
        .1,
        first
    );
}

#[test]
fn a_hundred_thousand_clients_each_have_their_turn() {
    let clients = Clients::closed(100_000, MILLI * 1_000);
    let (all, _) = run(
        1_000,
        Service::constant(Duration::from_micros(5)),
        clients,
        seed(),
    );
    let mut seen = vec![0_u8; 100_000];
    for ended in &all {
        seen[ended.client as usize] += 1;
    }
    let twice = seen.iter().filter(|times| **times > 2).count();
    assert_eq!(twice, 0, "nobody asks again before it has thought");
    assert!(all.len() > 95_000, "{}", all.len());
}
