//! What is wrong with a graph or a plan is told before it starts, all at once, by name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

mod rig;

use std::sync::Arc;

use rig::{drained, wait_until};
use seda_core::{
    BoxError, DomainKind, Driver, Graph, Next, Overflow, Parker, Plan, Sink, Source, Stage, Tick,
};

/// Builds a graph and tells what is wrong with it.
fn complaints(plan: Plan, build: impl FnOnce(&mut Graph)) -> Vec<String> {
    let mut graph = Graph::new("wrong");
    build(&mut graph);
    let error = graph.start(plan).expect_err("nothing is wrong");
    assert!(error.to_string().starts_with("graph `wrong` cannot start"));
    error.complaints().to_vec()
}

/// Fails unless there is one complaint, with these words in it.
fn assert_complains(words: &[&str], build: impl FnOnce(&mut Graph)) {
    assert_complains_of_plan(Plan::default().workers(1), words, build);
}

fn assert_complains_of_plan(plan: Plan, words: &[&str], build: impl FnOnce(&mut Graph)) {
    let complaints = complaints(plan, build);
    let [complaint] = &complaints[..] else {
        panic!("one complaint, not {complaints:?}");
    };
    for word in words {
        assert!(complaint.contains(word), "no `{word}` in: {complaint}");
    }
}

fn idle(graph: &mut Graph, name: &str) -> Stage<u64> {
    graph.stage(name).each(|_| Ok(()))
}

fn forward(graph: &mut Graph, from: &Stage<u64>, to: &Stage<u64>, overflow: Option<Overflow>) {
    graph.define(from).each_with(|wire| {
        let mut sink = wire.to(to);
        if let Some(overflow) = overflow {
            sink = sink.overflow(overflow);
        }
        move |n| Ok(sink.enqueue(n)?)
    });
}

#[test]
fn a_stage_without_a_handler_is_named() {
    assert_complains(&["stage `hollow` has no handler"], |graph| {
        idle(graph, "sound");
        graph.declare::<u64>("hollow", 8);
    });
}

#[test]
fn a_stage_that_is_defined_twice_is_named() {
    assert_complains(&["stage `twin` is defined twice"], |graph| {
        let twin = graph.declare::<u64>("twin", 8);
        graph.define(&twin).each(|_| Ok(()));
        graph.define(&twin).each(|_| Ok(()));
    });
}

#[test]
fn a_stage_of_another_graph_cannot_be_defined() {
    let stranger = Graph::new("other").declare::<u64>("stranger", 8);
    assert_complains(&["stage `stranger`", "another graph"], |graph| {
        graph.define(&stranger).each(|_| Ok(()));
    });
}

#[test]
fn a_capacity_that_is_set_twice_is_named() {
    let words = ["stage `wide`: the capacity is set twice"];
    assert_complains(&words, |graph| {
        let wide = graph.declare::<u64>("wide", 8);
        graph.define(&wide).queue(9).each(|_| Ok(()));
    });
    assert_complains(&words, |graph| {
        graph.stage("wide").queue(8).queue(8).each(|_: u64| Ok(()));
    });
}

#[test]
fn a_queue_for_no_events_is_named() {
    let words = ["stage `narrow`: a queue of 0 events"];
    assert_complains(&words, |graph| {
        graph.stage("narrow").queue(0).each(|_: u64| Ok(()));
    });
    assert_complains(&words, |graph| {
        let narrow = graph.declare::<u64>("narrow", 0);
        graph.define(&narrow).each(|_| Ok(()));
    });
}

#[test]
fn two_stages_of_one_name_are_named() {
    assert_complains(&["two stages are called `same`"], |graph| {
        idle(graph, "same");
        idle(graph, "other");
        idle(graph, "same");
    });
}

fn ring(graph: &mut Graph, policies: [Option<Overflow>; 2]) {
    let there = graph.declare("there", 8);
    let back = graph.declare("back", 8);
    let [first, second] = policies;
    forward(graph, &there, &back, first);
    forward(graph, &back, &there, second);
}

#[test]
fn an_edge_of_a_loop_must_say_what_happens_when_it_is_full() {
    assert_complains(
        &["edge `back` -> `there`", "part of a loop", ".overflow("],
        |graph| ring(graph, [Some(Overflow::Defer), None]),
    );
    assert_complains(&["edge `self` -> `self`"], |graph| {
        let this = graph.declare("self", 8);
        forward(graph, &this, &this, None);
    });
}

#[test]
fn a_loop_that_defers_everywhere_is_named() {
    assert_complains(&["loop", "`there`", "`back`", "defers on every"], |graph| {
        ring(graph, [Some(Overflow::Defer); 2]);
    });
}

#[test]
fn a_loop_that_can_lose_or_refuse_an_event_may_start() {
    for overflow in [Overflow::Reject, Overflow::DropNewest, Overflow::DropOldest] {
        let mut graph = Graph::new("ring");
        ring(&mut graph, [Some(Overflow::Defer), Some(overflow)]);
        drained(&graph.start(Plan::default().workers(1)).unwrap());
    }
}

#[test]
fn a_plan_that_names_what_is_not_there_is_told_so() {
    let place = |stage, domain| Plan::default().workers(1).place(stage, domain);
    assert_complains_of_plan(place("ghost", "cores"), &["the plan", "`ghost`"], |graph| {
        idle(graph, "seen");
    });
    let words = ["`seen`", "domain `nowhere`", "not define"];
    assert_complains_of_plan(place("seen", "nowhere"), &words, |graph| {
        idle(graph, "seen");
    });
    assert_complains_of_plan(
        Plan::default().share("ghost", 2),
        &["the plan", "`ghost`"],
        |graph| {
            idle(graph, "seen");
        },
    );
}

#[test]
fn a_stage_that_blocks_may_not_be_among_the_cores() {
    let own = DomainKind::Cores { workers: 1 };
    for (domain, plan) in [
        ("cores", Plan::default()),
        ("own", Plan::default().domain("own", own)),
    ] {
        let plan = plan.place("disk", domain);
        let words = ["stage `disk` blocks", &format!("`{domain}`")];
        assert_complains_of_plan(plan, &words, |graph| {
            graph.stage("disk").blocking(1..=2).each(|_: u64| Ok(()));
        });
    }
}

#[test]
fn a_pool_that_cannot_be_is_named() {
    #[allow(clippy::reversed_empty_ranges, reason = "that is what must be refused")]
    for (threads, words) in [
        (0..=4, ["stage `disk`", "0 to 4 threads"]),
        (4..=2, ["stage `disk`", "4 to 2 threads"]),
    ] {
        assert_complains(&words, |graph| {
            graph.stage("disk").blocking(threads).each(|_: u64| Ok(()));
        });
    }
}

#[test]
fn a_domain_that_cannot_be_is_named() {
    for (kind, words) in [
        (DomainKind::Cores { workers: 0 }, "0 workers"),
        (DomainKind::Blocking { min: 0, max: 4 }, "0 to 4 threads"),
        (DomainKind::Blocking { min: 4, max: 2 }, "4 to 2 threads"),
    ] {
        let plan = Plan::default().domain("odd", kind).place("single", "odd");
        assert_complains_of_plan(plan, &["domain `odd`", words], |graph| {
            graph.stage("single").solo(|_| Silent);
        });
    }
}

#[test]
fn a_stage_whose_own_pool_has_the_name_of_another_domain_is_named() {
    let pool = DomainKind::Blocking { min: 1, max: 2 };
    for name in ["cores", "disk"] {
        let plan = Plan::default().workers(1).domain("disk", pool);
        let words = [&format!("stage `{name}`"), "a domain is called"];
        assert_complains_of_plan(plan, &words, |graph| {
            graph.stage(name).blocking(1..=1).each(|_: u64| Ok(()));
        });
    }
}

struct Silent;

impl seda_core::Handler for Silent {
    type Event = u64;

    fn handle(&mut self, _: &mut seda_core::Batch<u64>) -> Result<(), BoxError> {
        Ok(())
    }
}

#[test]
fn more_stages_than_there_is_room_for_are_told_so() {
    let crowd = |stages: usize| {
        move |graph: &mut Graph| (0..stages).for_each(|n| drop(idle(graph, &n.to_string())))
    };
    let told = complaints(Plan::default().workers(1), crowd(1_000)).remove(0);
    let digits = told
        .split("room for ")
        .nth(1)
        .and_then(|rest| rest.split(';').next());
    let room: usize = digits.expect("it says how many").parse().unwrap();
    let mut graph = Graph::new("full house");
    crowd(room)(&mut graph);
    drained(&graph.start(Plan::default().workers(1)).unwrap());
    let words = [format!("{} stages", room + 1)];
    assert_complains(&[&words[0]], crowd(room + 1));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let plan = Plan::default().place("ghost", "cores");
    let told = complaints(plan, |graph| {
        graph.stage("narrow").queue(0).each(|_: u64| Ok(()));
        graph.declare::<u64>("hollow", 8);
        ring(graph, [None, None]);
    });
    assert_eq!(told.len(), 5, "{told:?}");
}

#[test]
fn stages_that_no_event_can_reach_are_listed() {
    let mut graph = Graph::new("islands");
    ring(&mut graph, [Some(Overflow::Defer), Some(Overflow::Reject)]);
    let last = idle(&mut graph, "last");
    let first = graph.declare("first", 8);
    forward(&mut graph, &first, &last, None);
    idle(&mut graph, "alone");
    let fed = idle(&mut graph, "fed");
    graph.source("spring").solo(|wire| Dry(wire.to(&fed)));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    assert_eq!(
        running.unreachable(),
        ["there", "back", "last", "first", "alone"]
    );
    let inlet = running.inlet(&first);
    inlet.enqueue(1).unwrap();
    assert_eq!(running.unreachable(), ["there", "back", "alone"]);
    drained(&running);
}

struct Dry(#[allow(dead_code, reason = "it draws the edge")] Sink<u64>);

impl Source for Dry {
    fn poll(&mut self, _: Tick) -> Next {
        Next::Ended
    }
}

/// A source that sees to it that its worker can be missed.
struct Held(#[allow(dead_code, reason = "it counts who is there")] Arc<()>);

impl Source for Held {
    fn poll(&mut self, _: Tick) -> Next {
        Next::Idle
    }
}

/// Counts the threads of a domain by their names, where the machine tells.
fn threads_of(domain: &str) -> usize {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return 0;
    };
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with(domain)).count()
}

/// Fails unless the graph, with three workers, cannot start and all have left.
fn assert_nobody_stays(domain: &str, words: &[&str], build: impl FnOnce(&mut Graph)) {
    let held = Arc::new(());
    let plan = Plan::default()
        .domain(domain, DomainKind::Cores { workers: 3 })
        .place("held", domain)
        .place("fed", domain);
    assert_complains_of_plan(plan, words, |graph| {
        idle(graph, "fed");
        let keep = Arc::clone(&held);
        graph
            .source("held")
            .on_each_worker(move |_| move |_| Ok(Held(Arc::clone(&keep))));
        build(graph);
    });
    wait_until("no worker has a source", || Arc::strong_count(&held) == 1);
    wait_until("the threads are gone", || threads_of(domain) == 0);
}

#[test]
fn a_source_that_cannot_be_made_fails_the_start_and_leaves_no_thread() {
    assert_nobody_stays("dry", &["source `held again`", "no water"], |graph| {
        // On the plan's cores, a domain of its own.
        graph.source("held again").on_each_worker(|_| {
            |worker| match worker {
                0 => Err("no water".into()),
                _ => Ok(Held(Arc::default())),
            }
        });
    });
}

#[test]
fn a_source_that_panics_while_it_is_made_fails_the_start_as_well() {
    assert_nobody_stays("burst", &["broken pipe"], |graph| {
        graph.source("burst").on_each_worker(|_| {
            |worker| {
                assert!(worker != 0, "broken pipe");
                Ok(Held(Arc::default()))
            }
        });
    });
}

#[test]
fn a_driver_that_cannot_be_made_fails_the_start_and_leaves_no_thread() {
    assert_nobody_stays("undriven", &["domain `undriven`", "no poll"], |graph| {
        graph.driver(|worker| match worker {
            1 => Err(std::io::Error::other("no poll")),
            _ => Ok(Box::new(Parker::default()) as Box<dyn Driver>),
        });
    });
}
