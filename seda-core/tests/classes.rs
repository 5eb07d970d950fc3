//! No class goes unserved, each is held to its own target, and each one's account is exact.
//!
//! Everything is simulated: two servers of 1 ms on average. Seeds change with
//! every run and are printed; a ride with the same seed is the same.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::{Strategy, prop_assert_eq, prop_oneof, proptest};
use seda_core::simulator::{Arrivals, Service, Simulator};
use seda_core::{
    Adjusts, Batch, BoxError, Class, Classes, Clock, Controller, DeadLetter, Death, Decision,
    Graph, Handler, Ledger, Meta, Plan, ResponseTime, Sample, Snapshot, StageBuilder, Tick,
};

const SLO: Duration = ms(25);
/// Events per second that the two servers do.
const CAPACITY: f64 = 2_000.0;
/// How long a class may go unserved by default, and the longest wait behind a
/// batch in hand, with much to spare: one in e^50 events takes 50 ms.
const UNSERVED_MAX: Duration = ms(1_000 + 100);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Is what became of one class.
#[derive(Clone, Debug, Default)]
struct Line {
    offered: u64,
    handled: u64,
    good: u64,
    expired: u64,
    buried: u64,
    /// The longest time without an event served, that to the end included.
    gap: Duration,
    last: Tick,
    took: Vec<Duration>,
    /// The longest wait of an event that was served.
    waited: Duration,
    /// What was left until the deadline when they came in.
    given: Option<Duration>,
}

impl Line {
    fn serve(&mut self, now: Tick, arrived: Tick) {
        self.gap = self.gap.max(now.since(self.last));
        self.last = now;
        self.handled += 1;
        self.took.push(now.since(arrived));
    }

    fn quantile(&self, part: f64) -> Duration {
        let mut took = self.took.clone();
        took.sort();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank"
        )]
        let rank = (took.len() as f64 * part) as usize;
        took.get(rank.min(took.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

/// Is an admission controller that lets everything in.
struct Open;

impl Controller for Open {
    fn name(&self) -> &'static str {
        "open"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Admission
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn update(&mut self, _now: Tick, _sample: &Sample) -> Decision {
        Decision::none()
    }
}

type Log = Arc<Mutex<Vec<Line>>>;

#[derive(Clone)]
struct Recorder {
    clock: Clock,
    log: Log,
    slo: Duration,
}

impl Handler for Recorder {
    type Event = Tick;

    fn handle(&mut self, batch: &mut Batch<Tick>) -> Result<(), BoxError> {
        let now = self.clock.now();
        while let Some(arrived) = batch.next() {
            let mut log = self.log.lock().unwrap();
            let line = &mut log[usize::from(batch.meta().class().0)];
            line.serve(now, arrived);
            line.waited = line.waited.max(batch.waited());
            line.good += u64::from(now.since(arrived) <= self.slo);
            if batch.meta().deadline() != Tick::NEVER {
                line.given = Some(batch.meta().deadline().since(arrived));
            }
        }
        Ok(())
    }
}

/// Is what is offered to a stage, and for how long.
struct Ride {
    /// Load of each class as a part of capacity, the most urgent first.
    loads: Vec<f64>,
    time: Duration,
    seed: u64,
}

/// Is what came of it.
struct Seen {
    lines: Vec<Line>,
    snapshot: Snapshot,
    ledger: Ledger,
}

fn ride(loads: impl IntoIterator<Item = f64>, secs: u64) -> Ride {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    Ride {
        loads: loads.into_iter().collect(),
        time: Duration::from_secs(secs),
        seed,
    }
}

impl Ride {
    /// Offers it to a stage, waits until all is done, and drains the graph.
    fn run(&self, build: impl FnOnce(StageBuilder<'_, Tick>) -> StageBuilder<'_, Tick>) -> Seen {
        let clock = Clock::manual();
        let log = Log::new(Mutex::new(vec![Line::default(); self.loads.len().max(2)]));
        let mut graph = Graph::new("classes").with_clock(clock.clone());
        let letters = Arc::clone(&log);
        let dead = graph.stage("dead").queue(1 << 20);
        let dead = dead.each(move |letter: DeadLetter<Tick>| {
            let mut log = letters.lock().unwrap();
            let line = &mut log[usize::from(letter.meta.class().0)];
            match letter.death {
                Death::Expired => line.expired += 1,
                _ => line.buried += 1,
            }
            Ok(())
        });
        let stage = graph.stage("serve").queue(10_000).dead_letters(&dead);
        let serve = build(stage).handler(Recorder {
            clock: clock.clone(),
            log: Arc::clone(&log),
            slo: SLO,
        });
        let plan = Plan::default().workers(2);
        let mut simulator = Simulator::new(graph, &plan, self.seed).unwrap();
        simulator.service("serve", Service::exponential(ms(1)));
        for (class, load) in (0..).map(Class).zip(&self.loads) {
            let (clock, log) = (clock.clone(), Arc::clone(&log));
            let over = [(Duration::ZERO, load * CAPACITY), (self.time, 0.0)];
            simulator.arrivals(simulator.inlet(&serve), Arrivals::steps(over), move |_| {
                log.lock().unwrap()[usize::from(class.0)].offered += 1;
                (clock.now(), Meta::NONE.with_class(class))
            });
        }
        simulator.run_for(self.time);
        for line in log.lock().unwrap().iter_mut() {
            line.gap = line.gap.max(simulator.now().since(line.last));
        }
        simulator.run_for(Duration::from_secs(30));
        let snapshot = simulator.snapshot();
        let ledger = simulator.drain(Duration::from_secs(30)).unwrap();
        let lines = log.lock().unwrap().clone();
        let seen = Seen {
            lines,
            snapshot,
            ledger,
        };
        seen.assert_exact();
        seen
    }
}

impl Seen {
    /// Every event of every class is where the figures say, and nowhere else.
    fn assert_exact(&self) {
        assert!(self.ledger.balances() && self.ledger.is_empty());
        let stage = self.snapshot.stage("serve").unwrap();
        let account = self.ledger.stage("serve").unwrap();
        assert_eq!(stage.account, *account, "all was done before the drain");
        let mut sums = [0; 4];
        for figures in &stage.classes {
            let line = &self.lines[usize::from(figures.class.0)];
            assert_eq!(figures.queued, 0, "{figures:?}");
            assert_eq!(figures.offered, line.offered, "{figures:?}");
            let ended = line.handled + line.expired + line.buried;
            assert_eq!(figures.accepted, ended, "{figures:?}");
            assert_eq!(figures.expired, line.expired, "{figures:?}");
            let of = [
                figures.offered,
                figures.accepted,
                line.handled,
                figures.expired,
            ];
            sums.iter_mut().zip(of).for_each(|(sum, of)| *sum += of);
        }
        if !stage.classes.is_empty() {
            let all = [
                account.offered,
                account.accepted,
                account.handled,
                account.expired,
            ];
            assert_eq!(sums, all, "the classes are all there is");
        }
    }

    /// Gives what was done in time as a part of what the servers could have
    /// done, by the service times that were drawn: chance has little to do with it.
    fn goodput(&self, time: Duration) -> f64 {
        let stage = self.snapshot.stage("serve").unwrap();
        let busy = stage.busy.unwrap().as_secs_f64() / (2.0 * time.as_secs_f64());
        let good: u64 = self.lines.iter().map(|line| line.good).sum();
        busy * num(good) / num(stage.account.handled)
    }

    /// Gives the part of what was let in that expired.
    fn expired(&self, class: usize) -> f64 {
        let line = &self.lines[class];
        num(line.expired) / num(line.expired + line.handled)
    }

    fn all_expired(&self) -> f64 {
        let account = self.ledger.stage("serve").unwrap();
        num(account.expired) / num(account.accepted)
    }

    /// Tells whether a decision says that the guard did something for a class.
    fn says_why(&self, class: usize) -> bool {
        let stage = self.snapshot.stage("serve").unwrap();
        let word = format!("class {class} went unserved");
        let mut guard = stage
            .decisions
            .iter()
            .filter(|decided| decided.by == "class guard");
        guard.any(|decided| decided.decision.reason.contains(&word))
    }

    fn print(&self) {
        let stage = self.snapshot.stage("serve").unwrap();
        for (line, figures) in self.lines.iter().zip(&stage.classes) {
            println!(
                "class {}: offered {} accepted {} handled {} expired {} p50 {:?} p99 {:?} gap {:?} let in {} first {}",
                figures.class.0,
                line.offered,
                figures.accepted,
                line.handled,
                line.expired,
                line.quantile(0.5),
                line.quantile(0.99),
                line.gap,
                figures.let_in,
                figures.served_first,
            );
        }
    }
}

/// The urgent class asks for 0.4 of capacity, the next for three times all of it,
/// and the others for twice all of it together.
fn crowded(classes: u32) -> Vec<f64> {
    let rest = (2..classes).map(|_| 2.0 / f64::from(classes - 2));
    [0.4, 3.0].into_iter().chain(rest).collect()
}

/// Holds that no class goes unserved for longer than the guard allows, that the
/// urgent one has all it asks for in time, and that next to nothing is lost.
///
/// 0.4 of capacity for 15 s are 12,000 events, of which next to none should be
/// late: 0.5 % are 60. Of 30,000 events that are served the part in time is some 99 %,
/// by chance 0.06 % more or less, so that 2 % is twenty times that.
fn nobody_starves(classes: Classes, count: u32) {
    let ride = ride(crowded(count), 15);
    let alone = ride.run(|stage| stage.target(SLO));
    let seen = ride.run(|stage| stage.target(SLO).classes(classes));
    seen.print();
    for (class, line) in seen.lines.iter().enumerate() {
        assert!(line.gap <= UNSERVED_MAX, "class {class}: {:?}", line.gap);
    }
    let urgent = &seen.lines[0];
    let in_time = num(urgent.good) / num(urgent.offered);
    let goodputs = [&seen, &alone].map(|seen| seen.goodput(ride.time));
    println!(
        "in time {in_time:.4}, goodput {goodputs:.4?}, expired alone {}",
        alone.all_expired()
    );
    assert!(in_time >= 0.995, "{in_time} of {}", urgent.offered);
    assert!(goodputs[0] >= 0.98 * goodputs[1]);
    let last = seen.lines.len() - 1;
    let figures = &seen.snapshot.stage("serve").unwrap().classes[last];
    assert!(figures.let_in >= 10, "once a second: {}", figures.let_in);
    assert!(seen.lines[last].handled >= figures.let_in, "all are served");
    assert!(seen.says_why(last));
}

#[test]
fn no_class_of_a_strict_queue_starves() {
    for count in [3, 5, 8] {
        nobody_starves(Classes::strict(usize::try_from(count).unwrap()), count);
    }
}

#[test]
fn no_class_of_a_weighted_queue_starves() {
    for count in [3, 8] {
        let weights = (0..count).map(|class| if class < 2 { 1_000_000 } else { 1 });
        nobody_starves(Classes::weighted(weights), count);
    }
}

#[test]
fn the_guards_time_can_be_said() {
    let ride = ride(crowded(3), 10);
    let longest = ms(200);
    let classes = || Classes::strict(3).unserved_max(longest);
    let seen = ride.run(|stage| stage.target(SLO).classes(classes()));
    seen.print();
    let gap = seen.lines[2].gap;
    assert!(gap <= longest + ms(100), "{gap:?}");
    let seen = ride.run(|stage| {
        let classes = Classes::strict(3).unserved_max(Duration::MAX);
        stage.target(SLO).classes(classes)
    });
    let figures = &seen.snapshot.stage("serve").unwrap().classes[2];
    assert_eq!((figures.let_in, figures.served_first), (0, 0));
    assert!(!seen.says_why(2));
}

/// Nothing is refused, and the queue is full of what waited too long: the guard
/// goes through that until it comes to an event that is in time.
#[test]
fn what_waited_too_long_does_not_stand_in_the_way() {
    let seen = ride([3.0, 0.5], 20).run(|stage| {
        let stage = stage.target(SLO).controller(Open);
        stage.classes(Classes::strict(2))
    });
    seen.print();
    assert!(seen.lines[1].expired > 100, "some wait too long");
    assert!(seen.lines[1].gap <= UNSERVED_MAX, "{:?}", seen.lines[1].gap);
}

/// Each class has a p99 within its own target, and waits as long as that allows
/// where it has to: a budget of a class that went by the stage's would not be
/// used by the last, nor held by the first.
#[test]
fn each_class_is_held_to_its_own_target() {
    let targets = [ms(10), SLO, ms(200)];
    let seen = ride([0.3, 0.3, 5.0], 30).run(|stage| {
        let stage = stage.classes(Classes::strict(3)).target(SLO);
        stage
            .class_target(Class::HIGH, targets[0])
            .class_target(Class::LOW, targets[2])
    });
    seen.print();
    for (class, (line, target)) in seen.lines.iter().zip(targets).enumerate() {
        assert!(line.quantile(0.99) <= target, "{:?}", line.quantile(0.99));
        // The last has what the others leave, which is less even: 13 % of what
        // is let in expires, by chance 0.2 % more or less.
        assert!(seen.expired(class) <= 0.2, "{}", seen.expired(class));
    }
    assert!(seen.lines[2].quantile(0.5) > 2 * SLO);
    // 0.4 of capacity is left to the last: 24,000 events, by chance 155 more or fewer.
    assert!(num(seen.lines[2].handled) >= 0.38 * CAPACITY * 30.0);
    let shown = seen.snapshot.stage("serve").unwrap();
    let shown: Vec<_> = shown.classes.iter().map(|class| class.target).collect();
    assert_eq!(shown, targets.map(Some));
    let text = seen.snapshot.to_prometheus();
    let line = "seda_class_target_seconds{graph=\"classes\",stage=\"serve\",class=\"2\"} 0.2";
    assert!(text.contains(line), "{text}");
}

/// Without admission, what waits is all that there is; who has waited for 0.9 of
/// its class's budget is not served.
#[test]
fn events_expire_by_the_budget_of_their_class() {
    let seen = ride([0.8, 0.8], 5).run(|stage| {
        let stage = stage.classes(Classes::weighted([1, 1])).target(SLO);
        let stage = stage.controller(Open);
        stage.class_target(Class::NORMAL, ms(100))
    });
    seen.print();
    let waited = [0, 1].map(|class: usize| seen.lines[class].waited);
    assert!(waited[0] <= SLO.mul_f64(0.9), "{waited:?}");
    assert!(waited[1] <= ms(90) && waited[1] > ms(50), "{waited:?}");
}

#[test]
fn a_class_has_its_own_deadline_for_the_whole_way() {
    let seen = ride([0.2, 0.2, 0.2], 2).run(|stage| {
        let stage = stage.classes(Classes::strict(3)).path_target(SLO);
        stage.class_path_target(Class::LOW, ms(400))
    });
    let given: Vec<_> = seen.lines.iter().map(|line| line.given.unwrap()).collect();
    assert_eq!(given, [SLO, SLO, ms(400)]);
    let shown = seen.snapshot.stage("serve").unwrap();
    assert_eq!(shown.classes[2].path_target, Some(ms(400)));
}

/// Holds that each class of a weighted queue is let in as far as its share goes
/// within the target: p99s, few that expire, and shares as `expected`.
fn weighted(weights: [u32; 2], loads: [f64; 2], expected: [f64; 2]) {
    let seen = ride(loads, 30).run(|stage| {
        let stage = stage.classes(Classes::weighted(weights));
        stage.target(SLO)
    });
    seen.print();
    for (class, (line, part)) in seen.lines.iter().zip(expected).enumerate() {
        assert!(line.quantile(0.99) <= SLO, "{:?}", line.quantile(0.99));
        // 4 to 10 %, by chance 0.3 % more or less; 6 % in a queue without classes.
        assert!(seen.expired(class) <= 0.13, "{}", seen.expired(class));
        // 60,000 events in all; a part of 1/10 is 6,000, by chance 1.3 % more or fewer.
        let served = num(line.handled) / (CAPACITY * 30.0);
        assert!((served - part).abs() <= 0.06 * part, "{served} for {part}");
    }
}

#[test]
fn a_weighted_queue_foretells_waits_by_weights() {
    weighted([3, 1], [3.0, 3.0], [0.75, 0.25]);
    weighted([1, 3], [3.0, 3.0], [0.25, 0.75]);
    weighted([9, 1], [3.0, 3.0], [0.9, 0.1]);
}

#[test]
fn a_weighted_class_has_what_the_others_leave() {
    weighted([3, 1], [0.3, 3.0], [0.3, 0.7]);
    weighted([1, 3], [0.1, 3.0], [0.1, 0.9]);
}

/// A limit on what is in flight counts for a class what is served before it.
#[test]
fn a_limit_in_flight_does_not_refuse_the_urgent_for_the_others() {
    let seen = ride([0.4, 9.6], 20).run(|stage| {
        let stage = stage.classes(Classes::strict(2)).target(SLO);
        stage.controller(ResponseTime::default())
    });
    seen.print();
    let urgent = &seen.lines[0];
    assert!(num(urgent.good) >= 0.995 * num(urgent.offered));
}

/// Says why a graph with such a stage does not start.
fn complaint(build: impl FnOnce(StageBuilder<'_, u32>) -> StageBuilder<'_, u32>) -> String {
    let mut graph = Graph::new("g");
    build(graph.stage("serve")).each(|_| Ok(()));
    let error = graph.start(Plan::default()).map(drop).unwrap_err();
    error.to_string()
}

#[test]
fn a_budget_of_a_class_that_cannot_be_is_refused_at_the_start() {
    let two = || Classes::strict(2);
    let unknown = complaint(|stage| {
        let stage = stage.target(SLO).classes(two());
        stage.class_target(Class::LOW, SLO)
    });
    assert!(
        unknown.contains("`class_target` for class 2") && unknown.contains("tells 2 classes apart"),
        "{unknown}"
    );
    let alone = complaint(|stage| stage.classes(two()).class_path_target(Class::HIGH, SLO));
    assert!(alone.contains("no `path_target` for the others"), "{alone}");
    let zero = complaint(|stage| {
        let stage = stage.target(SLO).classes(two());
        stage.class_target(Class::HIGH, Duration::ZERO)
    });
    assert!(zero.contains("zero for class 0"), "{zero}");
    let nowhere = complaint(|stage| stage.target(SLO).class_target(Class(200), SLO));
    assert!(nowhere.contains("class 200"), "{nowhere}");
}

fn any_classes() -> impl Strategy<Value = (Classes, Vec<f64>)> {
    let loads = |count| proptest::collection::vec(0.0..2.0_f64, count);
    let strict = (1..=8_usize).prop_flat_map(move |count| {
        loads(count).prop_map(move |loads| (Classes::strict(count), loads))
    });
    let weights = proptest::collection::vec(1_u32..50, 1..=8);
    let weighted = weights.prop_flat_map(move |weights| {
        loads(weights.len()).prop_map(move |loads| (Classes::weighted(weights.clone()), loads))
    });
    prop_oneof![strict, weighted]
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    /// Whatever the classes, their targets and loads: the account of each is
    /// exact at the drain (`run` asserts it), and none that is asked for starves.
    #[test]
    fn the_account_of_each_class_is_exact(
        (classes, loads) in any_classes(),
        own in 5_u64..400,
        unserved in 50_u64..1_000,
        seed in proptest::prelude::any::<u64>(),
    ) {
        let time = Duration::from_secs(3);
        let last = Class(u8::try_from(loads.len() - 1).unwrap());
        let dense: Vec<bool> = loads.iter().map(|load| *load > 0.1).collect();
        let seen = Ride { loads, time, seed }.run(|stage| {
            let classes = classes.unserved_max(ms(unserved));
            let stage = stage.classes(classes).target(SLO);
            stage.class_target(last, ms(own))
        });
        for (line, _) in seen.lines.iter().zip(dense).filter(|(_, dense)| *dense) {
            // Up to seven others are overdue as well, two servers of 1 ms.
            let late = line.gap > ms(unserved + 150);
            prop_assert_eq!(late, false, "{:?} of {}", line.gap, unserved);
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of seconds")]
fn num(count: u64) -> f64 {
    count as f64
}
