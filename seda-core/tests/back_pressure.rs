//! Contract 5: back-pressure without blocking, and the other overflow policies.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "a test stops where something is wrong, and names things as they are"
)]

mod rig;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use rig::{Gate, Script, account, drained, now, scripted, wait_until};
use seda_core::{
    Batch, BoxError, DeadLetter, Death, DomainKind, Graph, Handler, Next, Overflow, Plan, Reason,
    Running, Sink, Source, Stage, Tick,
};

/// Passes events on `n` at a time, in one piece, and counts how often it runs.
#[derive(Clone)]
struct Pass {
    to: Sink<u64>,
    pieces: usize,
    runs: Arc<AtomicUsize>,
}

impl Handler for Pass {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        while let Some(event) = batch.next() {
            let Ok(mut slots) = self.to.reserve(self.pieces) else {
                batch.defer(event);
                break;
            };
            (0..self.pieces).for_each(|_| slots.fill(event));
        }
        Ok(())
    }
}

/// A stage that passes on to one that waits at the gate.
struct Line {
    running: Running,
    pass: Stage<u64>,
    gate: Gate,
    runs: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<u64>>>,
}

fn line(capacity: usize, pieces: usize, plan: Plan) -> Line {
    let (gate, seen) = (Gate::default(), Arc::<Mutex<Vec<u64>>>::default());
    let runs = Arc::<AtomicUsize>::default();
    let mut graph = Graph::new("line");
    let (hold, see) = (gate.clone(), Arc::clone(&seen));
    let held = graph
        .stage("held")
        .queue(capacity)
        .batch(1)
        .blocking(1..=1)
        .each(move |event: u64| {
            hold.pass();
            see.lock().unwrap().push(event);
            Ok(())
        });
    let count = Arc::clone(&runs);
    let pass = graph.stage("pass").queue(64).handler_with(|wire| Pass {
        to: wire.to(&held).overflow(Overflow::Defer),
        pieces,
        runs: count,
    });
    let running = graph.start(plan).unwrap();
    Line {
        running,
        pass,
        gate,
        runs,
        seen,
    }
}

#[test]
fn a_stage_that_defers_is_not_run_until_there_is_room() {
    let line = line(2, 1, Plan::default().workers(1));
    let inlet = line.running.inlet(&line.pass);
    // One is in hand, two wait, the rest is deferred.
    inlet.enqueue_all((0..10).collect()).unwrap();
    line.gate.await_arrivals(1);
    wait_until("seven wait upstream", || {
        now(&line.running, "held").queued == 2 && now(&line.running, "pass").queued == 7
    });
    let runs = settled(&line.runs);
    // More arrivals do not make a parked stage run.
    (10..20).for_each(|event| inlet.enqueue(event).unwrap());
    assert_eq!(line.runs.load(Ordering::SeqCst), runs);
    for handled in 1..=5 {
        line.gate.let_through(1);
        line.gate.await_arrivals(1 + handled);
        wait_until("the room is taken", || {
            now(&line.running, "held").queued == 2
        });
    }
    let more = settled(&line.runs) - runs;
    assert!((5..=10).contains(&more), "{more} runs for 5 places");
    line.gate.open();
    drained(&line.running);
    assert_eq!(*line.seen.lock().unwrap(), (0..20).collect::<Vec<_>>());
}

/// Gives a count once it has not moved while this thread yielded many times.
fn settled(count: &AtomicUsize) -> usize {
    let mut seen = count.load(Ordering::SeqCst);
    let mut quiet = 0;
    while quiet < 2_000 {
        std::thread::yield_now();
        let now = count.load(Ordering::SeqCst);
        quiet = if now == seen { quiet + 1 } else { 0 };
        seen = now;
        assert!(now < 100_000, "it spins");
    }
    seen
}

/// There is room for one, but not for what is wanted at once.
#[test]
fn a_stage_that_wants_more_room_than_there_is_does_not_spin() {
    let line = line(4, 3, Plan::default().workers(1));
    let inlet = line.running.inlet(&line.pass);
    inlet.enqueue_all((0..6).collect()).unwrap();
    line.gate.await_arrivals(1);
    // 3 of the first (1 in hand), 2 queued: room for 2, not for 3.
    wait_until("it is parked", || now(&line.running, "pass").queued == 5);
    let runs = settled(&line.runs);
    assert!(runs <= 8, "{runs} runs before there was room");
    line.gate.open();
    drained(&line.running);
    let wanted: Vec<u64> = (0..6).flat_map(|n| [n; 3]).collect();
    assert_eq!(*line.seen.lock().unwrap(), wanted);
}

/// What is wanted can never be had: it is tried now and then, and a drain ends.
#[test]
fn a_stage_that_wants_more_than_the_bound_neither_spins_nor_hangs() {
    let line = line(2, 3, Plan::default().workers(1));
    line.gate.open();
    line.running.inlet(&line.pass).enqueue(1).unwrap();
    wait_until("it has tried", || line.runs.load(Ordering::SeqCst) > 2);
    line.running.resize("held", 3);
    drained(&line.running);
    assert_eq!(*line.seen.lock().unwrap(), [1, 1, 1]);
}

/// The same under every way to place the two stages.
#[test]
fn order_is_kept_and_pressure_holds_in_one_domain_and_between_domains() {
    let two = Plan::default()
        .workers(1)
        .domain("near", DomainKind::Cores { workers: 1 })
        .place("narrow", "near");
    let pool = Plan::default()
        .workers(1)
        .domain("pool", DomainKind::Blocking { min: 1, max: 1 })
        .place("narrow", "pool");
    for plan in [Plan::default().workers(1), two, pool, Plan::seda_classic()] {
        for capacity in [1, 5, 40] {
            let seen = Arc::<Mutex<Vec<u64>>>::default();
            let see = Arc::clone(&seen);
            let mut graph = Graph::new("narrow");
            let narrow = graph.stage("narrow").queue(capacity).solo(move |_| Note {
                seen: Arc::clone(&see),
            });
            let pass = graph.stage("pass").queue(1_000).solo(move |wire| Pass {
                to: wire.to(&narrow).overflow(Overflow::Defer),
                pieces: 1,
                runs: Arc::default(),
            });
            let inlet = graph.inlet(&pass);
            inlet.enqueue_all((0..1_000).collect()).unwrap();
            let running = graph.start(plan.clone()).unwrap();
            let ledger = drained(&running);
            assert_eq!(*seen.lock().unwrap(), (0..1_000).collect::<Vec<_>>());
            assert_eq!(account(&ledger, "pass").failed, 0);
        }
    }
}

struct Note {
    seen: Arc<Mutex<Vec<u64>>>,
}

impl Handler for Note {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        self.seen.lock().unwrap().extend(batch);
        Ok(())
    }
}

/// Makes numbers until it is refused, then waits, as one that reads a socket would.
struct Numbers {
    to: Sink<u64>,
    next: u64,
    refused: Arc<AtomicUsize>,
    quiesced: bool,
}

impl Source for Numbers {
    fn poll(&mut self, now: Tick) -> Next {
        if self.quiesced {
            return Next::Ended;
        }
        while self.to.enqueue(self.next).is_ok() {
            self.next += 1;
        }
        self.refused.fetch_add(1, Ordering::SeqCst);
        Next::At(now.after(std::time::Duration::from_micros(200)))
    }

    fn quiesce(&mut self) {
        self.quiesced = true;
    }
}

#[test]
fn the_pressure_reaches_the_source() {
    let gate = Gate::default();
    let refused = Arc::<AtomicUsize>::default();
    let mut graph = Graph::new("pressed");
    let hold = gate.clone();
    let held = graph
        .stage("held")
        .queue(3)
        .batch(1)
        .blocking(1..=1)
        .each(move |_: u64| {
            hold.pass();
            Ok(())
        });
    let pass = graph.stage("pass").queue(5).handler_with(|wire| Pass {
        to: wire.to(&held).overflow(Overflow::Defer),
        pieces: 1,
        runs: Arc::default(),
    });
    let count = Arc::clone(&refused);
    graph.source("numbers").solo(|wire| Numbers {
        to: wire.to(&pass),
        next: 0,
        refused: count,
        quiesced: false,
    });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    // 1 in hand, 3 + 5 wait, and one that was deferred may stand beyond the bound.
    wait_until("everything is full", || {
        let (pass, held) = (now(&running, "pass"), now(&running, "held"));
        held.in_hand == 1 && held.queued == 3 && pass.queued >= 5
    });
    let before = refused.load(Ordering::SeqCst);
    wait_until("the source was refused again", || {
        refused.load(Ordering::SeqCst) > before + 3
    });
    let ledger = running.ledger();
    let pass = account(&ledger, "pass");
    assert!(
        (9..=10).contains(&pass.accepted),
        "the source went on: {ledger}"
    );
    gate.open();
    wait_until("the source goes on", || now(&running, "held").handled > 50);
    drained(&running);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Producer {
    Worker,
    Outside,
}

/// Fills a queue by way of a script, and tells how many enqueues were no error.
fn overflow_of(overflow: Overflow, producer: Producer) -> (Vec<u64>, Vec<DeadLetter<u64>>, u64) {
    let gate = Gate::default();
    let seen = Arc::<Mutex<Vec<u64>>>::default();
    let dead = Arc::<Mutex<Vec<DeadLetter<u64>>>>::default();
    let mut graph = Graph::new("overflow");
    let bury = Arc::clone(&dead);
    let letters = graph.stage("letters").each(move |letter: DeadLetter<u64>| {
        bury.lock().unwrap().push(letter);
        Ok(())
    });
    let see = Arc::clone(&seen);
    let sink = graph
        .stage("sink")
        .queue(4)
        .dead_letters(&letters)
        .each(move |event: u64| {
            see.lock().unwrap().push(event);
            Ok(())
        });
    let script = scripted(&mut graph, "script", &sink, overflow);
    let hold = gate.clone();
    let busy = graph.stage("busy").each(move |(): ()| {
        hold.pass();
        Ok(())
    });
    let outside = graph.inlet(&sink).overflow(overflow);
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let (tell, told) = mpsc::channel();
    let fill = move |sink: &Sink<u64>| {
        let taken = (1..=10).filter(|n| sink.enqueue(*n).is_ok()).count();
        tell.send(taken as u64).unwrap();
    };
    if producer == Producer::Outside {
        running.inlet(&busy).enqueue(()).unwrap();
        gate.await_arrivals(1);
        fill(&outside);
    } else {
        let fill: Script<u64> = Box::new(fill);
        running.inlet(&script).enqueue(fill).ok().unwrap();
    }
    gate.open();
    let taken = told.recv().unwrap();
    wait_until("all is handled", || running.ledger().is_empty());
    let account = account(&drained(&running), "sink");
    assert_eq!(account.offered, 10, "{account:?}");
    let seen = seen.lock().unwrap().clone();
    let dead = std::mem::take(&mut *dead.lock().unwrap());
    assert_eq!(account.handled, seen.len() as u64);
    assert_eq!(account.dead_lettered, dead.len() as u64);
    (seen, dead, taken)
}

#[test]
fn an_edge_that_rejects_gives_back_what_does_not_fit() {
    for producer in [Producer::Worker, Producer::Outside] {
        let (seen, dead, taken) = overflow_of(Overflow::Reject, producer);
        assert_eq!((seen, dead.len(), taken), (vec![1, 2, 3, 4], 0, 4));
    }
}

#[test]
fn an_edge_that_drops_the_newest_keeps_the_first_and_reports_no_error() {
    for producer in [Producer::Worker, Producer::Outside] {
        let (seen, dead, taken) = overflow_of(Overflow::DropNewest, producer);
        assert_eq!((seen, dead.len(), taken), (vec![1, 2, 3, 4], 0, 10));
    }
}

#[test]
fn an_edge_that_drops_the_oldest_keeps_the_last_and_buries_the_others_by_value() {
    for producer in [Producer::Worker, Producer::Outside] {
        let (seen, dead, taken) = overflow_of(Overflow::DropOldest, producer);
        assert_eq!((seen, taken), (vec![7, 8, 9, 10], 10), "{producer:?}");
        let events: Vec<u64> = dead.iter().map(|letter| letter.event).collect();
        assert_eq!(events, [1, 2, 3, 4, 5, 6]);
        let evicted =
            |letter: &DeadLetter<u64>| letter.death == Death::Evicted && &*letter.stage == "sink";
        assert!(dead.iter().all(evicted));
    }
}

#[test]
fn a_lossy_enqueue_tells_whether_the_event_entered() {
    for overflow in [Overflow::Reject, Overflow::DropNewest, Overflow::Defer] {
        let mut graph = Graph::new("lossy");
        let stage = graph.stage("small").queue(2).each(|_: u64| Ok(()));
        let sink = graph.inlet(&stage).overflow(overflow);
        let entered: Vec<bool> = (0..4).map(|n| sink.enqueue_lossy(n)).collect();
        assert_eq!(entered, [true, true, false, false], "{overflow}");
        let running = graph.start(Plan::default().workers(1)).unwrap();
        let small = account(&drained(&running), "small");
        assert_eq!((small.handled, small.rejected.full), (2, 2));
    }
}

/// What waits for a stage must not wait for ever when that stage is given up.
#[test]
fn a_parked_stage_runs_again_when_the_stage_it_waits_for_is_quarantined() {
    let gate = Gate::default();
    let closed = Arc::<AtomicUsize>::default();
    let mut graph = Graph::new("given up");
    let hold = gate.clone();
    let bad = graph
        .stage("bad")
        .queue(2)
        .batch(1)
        .blocking(1..=1)
        .restarts(seda_core::Intensity {
            count: 0,
            window: std::time::Duration::from_secs(1),
        })
        .each(move |_: u64| {
            hold.pass();
            panic!("on purpose");
        });
    let count = Arc::clone(&closed);
    let pass = graph.stage("pass").handler_with(|wire| GiveUp {
        to: wire.to(&bad).overflow(Overflow::Defer),
        closed: count,
    });
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&pass);
    inlet.enqueue_all((0..10).collect()).unwrap();
    gate.await_arrivals(1);
    wait_until("the queue is full", || now(&running, "bad").queued == 2);
    wait_until("it is parked", || now(&running, "pass").queued == 7);
    gate.open();
    let ledger = drained(&running);
    let bad = account(&ledger, "bad");
    assert_eq!((bad.failed, bad.handled), (1, 0));
    let refused = closed.load(Ordering::SeqCst) as u64;
    assert_eq!(bad.dead_lettered + refused, 9, "{ledger}");
}

/// Defers while a stage is full, and gives up once it is closed.
#[derive(Clone)]
struct GiveUp {
    to: Sink<u64>,
    closed: Arc<AtomicUsize>,
}

impl Handler for GiveUp {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(event) = batch.next() {
            match self.to.enqueue(event) {
                Ok(()) => {}
                Err(back) if back.reason == Reason::Full => {
                    batch.defer(back.event);
                    break;
                }
                Err(_) => {
                    self.closed.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
        Ok(())
    }
}

/// Takes several at once and, when they cannot go on, puts all of them back.
#[derive(Clone)]
struct Bulk {
    to: Sink<u64>,
}

impl Handler for Bulk {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        let events = batch.take_up_to(3);
        if let Err(back) = self.to.enqueue_all(events) {
            for event in back.event.into_iter().rev() {
                batch.defer(event);
            }
        }
        Ok(())
    }
}

#[test]
fn several_events_of_a_batch_may_be_deferred() {
    let gate = Gate::default();
    let seen = Arc::<Mutex<Vec<u64>>>::default();
    let (hold, see) = (gate.clone(), Arc::clone(&seen));
    let mut graph = Graph::new("bulk");
    let held = graph
        .stage("held")
        .queue(4)
        .batch(1)
        .blocking(1..=1)
        .each(move |event: u64| {
            hold.pass();
            see.lock().unwrap().push(event);
            Ok(())
        });
    let bulk = graph.stage("bulk").handler_with(|wire| Bulk {
        to: wire.to(&held).overflow(Overflow::Defer),
    });
    let inlet = graph.inlet(&bulk);
    inlet.enqueue_all((0..100).collect()).unwrap();
    let running = graph.start(Plan::default().workers(1)).unwrap();
    gate.await_arrivals(1);
    gate.open();
    let ledger = drained(&running);
    assert_eq!(*seen.lock().unwrap(), (0..100).collect::<Vec<_>>());
    assert_eq!(account(&ledger, "bulk").handled, 100, "{ledger}");
}
