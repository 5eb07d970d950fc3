//! What a snapshot says of a running graph is true while events are on their way.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use seda_core::{
    Batch, BoxError, Clock, Controller, Decision, EdgeFigures, EdgeKind, Graph, Handler, Intensity,
    Meta, Overflow, Plan, QueueView, Rejections, Running, Sample, Sender, Sink, Snapshot, Stage,
    Tick, Times, Verdict,
};

const LONG: Duration = Duration::from_secs(20);

/// Looks until the snapshot is as it should be.
fn until(running: &Running, so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let late = Instant::now() + LONG;
    loop {
        let snapshot = running.snapshot();
        if so(&snapshot) {
            return snapshot;
        }
        assert!(Instant::now() < late, "never came true: {snapshot:#?}");
        std::thread::yield_now();
    }
}

fn edge<'s>(snapshot: &'s Snapshot, from: &Sender, to: &'s str) -> &'s EdgeFigures {
    let mut into = snapshot.edges_into(to);
    into.find(|edge| edge.from == *from).unwrap()
}

/// A stage whose handler says when it is inside, and stays there until let go.
#[derive(Clone)]
struct Door {
    entered: SyncSender<u64>,
    leave: Arc<Mutex<Receiver<()>>>,
}

impl Door {
    fn new() -> (Self, Receiver<u64>, SyncSender<()>) {
        let (entered, has_entered) = sync_channel(64);
        let (let_go, leave) = sync_channel(64);
        let leave = Arc::new(Mutex::new(leave));
        (Self { entered, leave }, has_entered, let_go)
    }

    fn pass(&self, n: u64) {
        self.entered.send(n).unwrap();
        let _ = self.leave.lock().unwrap().recv();
    }
}

fn behind_a_door(
    graph: &mut Graph,
    name: &str,
    queue: usize,
) -> (Stage<u64>, Receiver<u64>, SyncSender<()>) {
    let (door, entered, let_go) = Door::new();
    let stage = graph
        .stage(name)
        .queue(queue)
        .blocking(1..=1)
        .each(move |n| {
            door.pass(n);
            Ok(())
        });
    (stage, entered, let_go)
}

#[test]
fn rejections_show_at_the_edge_that_they_came_over() {
    let mut graph = Graph::new("edges");
    let (back, entered, let_go) = behind_a_door(&mut graph, "back", 1);
    let (tell, told) = sync_channel(8);
    let front = graph.stage("front").each_with(|wire| {
        let back = wire.to(&back);
        move |n: u64| Ok(tell.send(back.enqueue(n).is_ok())?)
    });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    running.inlet(&back).enqueue(0).unwrap();
    assert_eq!(entered.recv(), Ok(0));
    let to_front = running.inlet(&front);
    for n in 1..=3 {
        to_front.enqueue(n).unwrap();
        assert_eq!(told.recv(), Ok(n == 1), "the queue has room for one");
    }
    let snapshot = running.snapshot();
    let of_front = edge(&snapshot, &Sender::Stage("front".into()), "back");
    assert_eq!((of_front.kind, of_front.accepted), (EdgeKind::Flow, 1));
    assert_eq!(of_front.rejected, of_reasons([2, 0, 0, 0]));
    let inlet = edge(&snapshot, &Sender::Outside, "back");
    assert_eq!((inlet.accepted, inlet.rejected.total()), (1, 0));
    assert_eq!(snapshot.stage("back").unwrap().account.rejected.full, 2);
    drop(let_go);
    running.drain(LONG).unwrap();
}

#[test]
fn rejections_show_with_their_reason() {
    let admit_small = |n: &u64, _: &Meta, _: &QueueView| {
        if *n < 100 {
            Verdict::Admit
        } else {
            Verdict::Shed { retry_after: None }
        }
    };
    let mut graph = Graph::new("reasons").with_clock(Clock::manual());
    let picky = graph
        .stage("picky")
        .queue(2)
        .admission(admit_small)
        .each(|_: u64| Ok(()));
    let inlet = graph.inlet(&picky);
    let too_late = Meta::NONE.with_deadline(Tick::ZERO);
    assert!(inlet.enqueue(100).is_err());
    assert!(inlet.enqueue_all(vec![100, 101]).is_err());
    assert!(inlet.with(too_late).enqueue(1).is_err());
    assert!(inlet.enqueue_all(vec![1, 2, 3]).is_err());
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let rejected = || edge(&running.snapshot(), &Sender::Outside, "picky").rejected;
    assert_eq!(rejected(), of_reasons([3, 3, 1, 0]));
    running.begin_drain();
    assert!(inlet.enqueue(1).is_err());
    assert_eq!(rejected(), of_reasons([3, 3, 1, 1]));
}

fn of_reasons([full, shed, expired, closed]: [u64; 4]) -> Rejections {
    Rejections {
        full,
        shed,
        expired,
        closed,
    }
}

#[test]
fn workers_show_as_busy_while_they_are_inside_a_handler() {
    let clock = Clock::manual();
    clock.advance(Duration::from_millis(1));
    let mut graph = Graph::new("busy").with_clock(clock.clone());
    let (door, entered, let_go) = Door::new();
    let stage = graph.stage("work").queue(8).blocking(2..=2).each(move |n| {
        door.pass(n);
        Ok(())
    });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&stage);
    let look = |running: &Running| running.snapshot().stage("work").unwrap().clone();
    assert_eq!(
        (look(&running).workers, look(&running).workers_busy),
        (2, 0)
    );
    assert_eq!(look(&running).busy_longest, None);
    inlet.enqueue(0).unwrap();
    entered.recv().unwrap();
    clock.advance(Duration::from_millis(30));
    inlet.enqueue(1).unwrap();
    entered.recv().unwrap();
    inlet.enqueue(2).unwrap();
    clock.advance(Duration::from_millis(10));
    let figures = look(&running);
    assert_eq!(figures.workers_busy, 2);
    assert_eq!((figures.account.in_hand, figures.account.queued), (2, 1));
    assert!(figures.account.balances());
    assert_eq!(figures.busy_longest, Some(Duration::from_millis(40)));
    assert!(
        figures.busy.unwrap() >= Duration::from_millis(50),
        "batches in hand count: {figures:?}"
    );
    drop(let_go);
    running.drain(LONG).unwrap();
    assert_eq!(look(&running).workers_busy, 0);
}

fn about(time: Duration, millis: u64) -> bool {
    time.as_micros().abs_diff(u128::from(millis) * 1_000) <= u128::from(millis) * 10
}

#[test]
fn waits_and_services_are_those_of_the_clock() {
    let clock = Clock::manual();
    let mut graph = Graph::new("times").with_clock(clock.clone());
    let at_work = clock.clone();
    let stage = graph.stage("work").queue(16).each(move |_: u64| {
        at_work.advance(Duration::from_millis(2));
        Ok(())
    });
    let inlet = graph.inlet(&stage);
    (0..10).for_each(|n| inlet.enqueue(n).unwrap());
    clock.advance(Duration::from_millis(5));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    until(&running, |snapshot| {
        snapshot.stage("work").unwrap().batches == 10
    });
    // The time is read first, so that of the snapshot that saw the end may be old.
    let snapshot = running.snapshot();
    running.drain(LONG).unwrap();
    // The last batch is recorded by the time of the drain.
    let work = running.snapshot().stage("work").unwrap().clone();
    assert_eq!(
        (work.service.count, work.batches, work.batch.max),
        (10, 10, 1)
    );
    assert!(
        about(work.service.p50, 2) && about(work.service.max, 2),
        "{:?}",
        work.service
    );
    // They waited 5, 7, 9, … 23 ms.
    assert!(
        about(work.wait.p50, 13) && about(work.wait.max, 23),
        "{:?}",
        work.wait
    );
    assert!(about(work.wait.mean, 14), "{:?}", work.wait);
    assert_eq!(work.busy, Some(Duration::from_millis(20)));
    assert_eq!(snapshot.running_for, Duration::from_millis(20));
    let share = snapshot.stage("work").unwrap().busy_share.unwrap();
    assert!((0.9..=1.0).contains(&share), "{share}");
    assert_eq!(
        running.snapshot().stage("work").unwrap().busy_share,
        None,
        "nobody works any more"
    );
}

#[test]
fn the_queue_time_is_what_the_mean_service_makes_of_the_queue() {
    let clock = Clock::manual();
    let mut graph = Graph::new("queue time").with_clock(clock.clone());
    let (door, entered, let_go) = Door::new();
    let stage = graph.stage("work").queue(16).each(move |n: u64| {
        if n == 4 {
            door.pass(n);
        }
        clock.advance(Duration::from_millis(2));
        Ok(())
    });
    let inlet = graph.inlet(&stage);
    (0..10).for_each(|n| inlet.enqueue(n).unwrap());
    let running = graph.start(Plan::default().workers(1)).unwrap();
    entered.recv().unwrap();
    let snapshot = running.snapshot();
    let work = snapshot.stage("work").unwrap();
    assert_eq!(
        (
            work.account.handled,
            work.account.in_hand,
            work.account.queued
        ),
        (4, 1, 5)
    );
    assert_eq!(work.queue_time, Some(Duration::from_millis(10)));
    drop(let_go);
    running.drain(LONG).unwrap();
    let ended = running.snapshot();
    assert_eq!(
        (
            ended.stage("work").unwrap().workers,
            ended.stage("work").unwrap().queue_time
        ),
        (0, None)
    );
}

struct Narrow(SyncSender<()>, bool);

impl Controller for Narrow {
    fn name(&self) -> &'static str {
        "narrow"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn update(&mut self, _now: Tick, _sample: &Sample) -> Decision {
        if std::mem::replace(&mut self.1, true) {
            // The first decision is carried out before the second is asked for.
            let _ = self.0.try_send(());
            return Decision::none();
        }
        Decision {
            limit: Some(3),
            reason: "three are enough".into(),
            ..Decision::none()
        }
    }
}

#[test]
fn decisions_show_with_their_reason() {
    let (tell, told) = sync_channel(1);
    let mut graph = Graph::new("decisions");
    graph
        .stage("work")
        .queue(16)
        .controller(Narrow(tell, false))
        .each(|_: u64| Ok(()));
    graph.stage("rest").each(|_: u64| Ok(()));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    told.recv_timeout(LONG).unwrap();
    let snapshot = running.snapshot();
    let work = snapshot.stage("work").unwrap();
    assert_eq!((work.capacity, work.limit), (16, 3));
    let [decided] = &work.decisions[..] else {
        panic!("one decision, not {:?}", work.decisions);
    };
    assert_eq!(
        (decided.decision.limit, &*decided.decision.reason),
        (Some(3), "three are enough")
    );
    assert!(decided.at <= snapshot.at);
    assert!(snapshot.stage("rest").unwrap().decisions.is_empty());
}

#[derive(Clone)]
struct Pass(Sink<u64>);

impl Handler for Pass {
    type Event = u64;

    fn handle(&mut self, numbers: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(n) = numbers.next() {
            if let Err(back) = self.0.enqueue(n) {
                numbers.defer(back.event);
            }
        }
        Ok(())
    }
}

#[test]
fn parked_stages_show_where_they_wait() {
    let mut graph = Graph::new("parked");
    let (back, entered, let_go) = behind_a_door(&mut graph, "back", 1);
    let front = graph
        .stage("front")
        .queue(8)
        .handler_with(|wire| Pass(wire.to(&back).overflow(Overflow::Defer)));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&front);
    inlet.enqueue(0).unwrap();
    entered.recv().unwrap();
    (1..=3).for_each(|n| inlet.enqueue(n).unwrap());
    until(&running, |snapshot| {
        snapshot.stage("front").unwrap().parked == 1
    });
    // From here on nothing moves.
    let snapshot = running.snapshot();
    let back = snapshot.stage("back").unwrap();
    assert_eq!(back.waiters, ["front".into()]);
    assert_eq!((back.account.queued, back.parked), (1, 0));
    let front = snapshot.stage("front").unwrap();
    assert!(front.deferrals >= 1 && front.waiters.is_empty());
    let edge = edge(&snapshot, &Sender::Stage("front".into()), "back");
    assert_eq!(edge.overflow, Some(Overflow::Defer));
    drop(let_go);
    running.drain(LONG).unwrap();
    assert_eq!(running.snapshot().stage("front").unwrap().parked, 0);
}

#[test]
fn a_quarantine_shows_until_it_is_lifted() {
    let mut graph = Graph::new("quarantine");
    let none = Intensity {
        count: 0,
        window: Duration::from_secs(1),
    };
    let stage = graph.stage("fragile").restarts(none).each(|n: u64| {
        assert!(n != 13, "on purpose");
        Ok(())
    });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    running.inlet(&stage).enqueue(13).unwrap();
    let quarantined = |snapshot: &Snapshot| snapshot.stage("fragile").unwrap().quarantined;
    until(&running, quarantined);
    assert!(
        running
            .picture()
            .to_svg()
            .contains("class=\"node stage quarantined\"")
    );
    assert!(running.release("fragile"));
    assert!(!quarantined(&running.snapshot()));
}

#[test]
fn without_statistics_unknown_figures_are_unknown_and_the_account_is_exact() {
    let mut graph = Graph::new("unmeasured");
    let stage = graph.stage("work").queue(8).each(|_: u64| Ok(()));
    let inlet = graph.inlet(&stage);
    (0..5).for_each(|n| inlet.enqueue(n).unwrap());
    let running = graph
        .start(Plan::default().workers(1).without_statistics())
        .unwrap();
    running.drain(LONG).unwrap();
    let snapshot = running.snapshot();
    let work = snapshot.stage("work").unwrap();
    assert!(!snapshot.measured);
    assert_eq!(
        (work.account.handled, work.busy, work.busy_share),
        (5, None, None)
    );
    assert_eq!((work.wait, work.queue_time), (Times::default(), None));
}

#[test]
fn domains_show_their_threads_and_their_cpu_time() {
    let mut graph = Graph::new("domains");
    let quick = graph.stage("quick").each(|_: u64| Ok(()));
    graph.stage("slow").blocking(1..=3).each(|_: u64| Ok(()));
    graph
        .stage("single")
        .solo(move |wire| Pass(wire.to(&quick)));
    let running = graph.start(Plan::default().workers(2)).unwrap();
    let snapshot = running.snapshot();
    let domains: Vec<_> = snapshot
        .domains
        .iter()
        .map(|domain| (&*domain.name, domain.threads))
        .collect();
    assert_eq!(domains, [("cores", 2), ("slow", 1)]);
    if cfg!(target_os = "linux") {
        assert!(
            snapshot.domains.iter().all(|domain| domain.cpu.is_some()),
            "{:?}",
            snapshot.domains
        );
    }
    let of = |name| {
        let stage = snapshot.stage(name).unwrap();
        (&*stage.domain, stage.workers, stage.solo)
    };
    assert_eq!(
        [of("quick"), of("slow")],
        [("cores", 2, false), ("slow", 1, false)]
    );
    assert_eq!(of("single"), ("cores", 1, true));
}

#[test]
fn a_snapshot_is_serialized_with_durations_in_seconds() {
    let mut graph = Graph::new("json").with_clock(Clock::manual());
    let stage = graph
        .stage("work")
        .target(Duration::from_millis(250))
        .each(|_: u64| Ok(()));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let _inlet = running.inlet(&stage);
    let json = serde_json::to_value(running.snapshot()).unwrap();
    assert_eq!(json["stages"][0]["target"], 0.25);
    assert!(json["stages"][0]["busy_longest"].is_null());
    assert_eq!(json["stages"][0]["account"]["rejected"]["full"], 0);
    assert_eq!(
        (&json["edges"][0]["from"], &json["edges"][0]["kind"]),
        (&"outside".into(), &"inlet".into())
    );
    assert_eq!(json["domains"][0]["kind"]["cores"]["workers"], 1);
}

#[test]
fn a_source_may_not_share_a_name() {
    let mut graph = Graph::new("names");
    let stage = graph.stage("work").each(|_: u64| Ok(()));
    for name in ["work", "tick", "tick"] {
        graph.source(name).solo(|wire| Silent(wire.to(&stage)));
    }
    let error = graph.start(Plan::default()).unwrap_err();
    let complaints = error.complaints();
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints[0].contains("source `work`") && complaints[1].contains("source `tick`"));
}

struct Silent(#[allow(dead_code, reason = "it only draws its edge")] Sink<u64>);

impl seda_core::Source for Silent {
    fn poll(&mut self, _now: Tick) -> seda_core::Next {
        seda_core::Next::Ended
    }
}
