//! Classes of requests, as a server of seda-io hears of them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use seda_core::{Batch, BoxError, Class, Graph, Handler, Plan, Running};
use seda_io::Reactor;
use seda_io::http::{Exchange, HttpServer, Limits, Response, StatusCode, Tallies, Wishes};
use seda_lab::generator::{Aim, Course, CourseError, Flood, Mix, Traffic};
use seda_lab::record::{Outcomes, Run};

/// How long a server has to end.
const END_WITHIN: Duration = Duration::from_secs(10);
/// By urgency, 0 to 7, as `seda` itself takes them.
const BY_URGENCY: [Class; 8] = {
    const HIGH: Class = Class::HIGH;
    const NORMAL: Class = Class::NORMAL;
    const LOW: Class = Class::LOW;
    [HIGH, HIGH, HIGH, NORMAL, NORMAL, LOW, LOW, LOW]
};

/// Serves the urgent, knows nothing of the usual, and refuses the others.
#[derive(Clone)]
struct ByClass(Arc<[AtomicU64; 3]>);

impl Handler for ByClass {
    type Event = Exchange;

    fn handle(&mut self, exchanges: &mut Batch<Exchange>) -> Result<(), BoxError> {
        while let Some(exchange) = exchanges.next() {
            let class = exchanges.meta().class().0;
            self.0[usize::from(class)].fetch_add(1, Ordering::SeqCst);
            let status = [200, 404, 503][usize::from(class)];
            let status = StatusCode::new(status).ok_or("a status")?;
            exchange.respond(Response::text(status, ""));
        }
        Ok(())
    }
}

struct Host {
    url: String,
    heard: Arc<[AtomicU64; 3]>,
    tallies: Tallies,
    running: Running,
}

impl Host {
    fn start(header: &str) -> Self {
        let mut graph = Graph::new("host");
        Reactor::install(&mut graph);
        let heard = Arc::new([const { AtomicU64::new(0) }; 3]);
        let by_class = ByClass(Arc::clone(&heard));
        let stage = graph.stage("by class").handler(by_class);
        let wishes = Wishes::none().priority(header, BY_URGENCY);
        let server = HttpServer::bind("127.0.0.1:0", Limits::default()).unwrap();
        let server = server.with_wishes(wishes);
        let url = format!("http://{}/", server.local_address());
        let tallies = server.attach(&mut graph, "http", &stage);
        let running = graph.start(Plan::default().workers(1)).unwrap();
        Self {
            url,
            heard,
            tallies,
            running,
        }
    }

    /// Ends it, and gives how many requests of each class it has had.
    fn end(self) -> [u64; 3] {
        let ledger = self.running.drain(END_WITHIN).unwrap();
        assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
        let tally = self.tallies.read();
        assert_eq!(tally.bad_priorities, 0, "{tally:?}");
        [0, 1, 2].map(|class| self.heard[class].load(Ordering::SeqCst))
    }
}

fn course(url: &str, mix: Mix) -> Course {
    let traffic = Traffic::Open {
        flow: Flood::poisson(1_000.0),
        retries: None,
    };
    Course {
        warm_up: Duration::ZERO,
        measured: Duration::from_millis(500),
        timeout: Duration::from_secs(10),
        mix,
        seed: fastrand::u64(..),
        ..Course::new(Aim::get(url).unwrap(), traffic)
    }
}

fn run(course: &Course) -> Run {
    println!("seed {}", course.seed);
    let run = course.run(&mut |_| {}).unwrap();
    assert!(run.outcomes.is_exact(), "{:?}", run.outcomes);
    run
}

#[test]
fn a_server_is_told_the_class_of_each_request_and_the_record_has_each_apart() {
    for header in ["Priority", "Urgency"] {
        let host = Host::start(header);
        let mix = Mix {
            parts: vec![0.2, 0.5],
            ..Mix::default().told_by(header)
        };
        let run = run(&course(&host.url, mix));
        let heard = host.end();
        let [urgent, usual, low] = &run.classes[..] else {
            panic!("{:?}", run.classes);
        };
        let numbers: Vec<u8> = run.classes.iter().map(|class| class.class).collect();
        assert_eq!(numbers, [0, 1, 2]);
        let answered = urgent.outcomes.good + urgent.outcomes.late;
        let became = [answered, usual.outcomes.failed, low.outcomes.rejected];
        assert_eq!(became, heard);
        assert_eq!(urgent.latency.count, answered);
        let mut sum = Outcomes::default();
        for class in &run.classes {
            assert!(class.outcomes.is_exact(), "{:?}", class.outcomes);
            sum.add(&class.outcomes);
        }
        assert_eq!(sum, run.outcomes);
        assert_eq!(heard.iter().sum::<u64>(), run.outcomes.offered);
        // Of some 500; ten standard deviations are 89, 112 and 102.
        #[allow(clippy::cast_precision_loss, reason = "some hundred requests")]
        let part = |class: usize| heard[class] as f64 / run.outcomes.offered as f64;
        for (class, expected) in [0.2, 0.5, 0.3].into_iter().enumerate() {
            assert!((part(class) - expected).abs() < 0.25, "{heard:?}");
        }
        assert_eq!(usual.starved_ms, Some(500.0), "none of it is answered");
        assert!(urgent.starved_ms.unwrap() < 500.0, "{urgent:?}");
    }
}

#[test]
fn classes_do_not_move_the_schedule_and_a_seed_gives_them_again() {
    let host = Host::start("Priority");
    let mix = Mix {
        parts: vec![0.4],
        ..Mix::default()
    };
    let with = course(&host.url, mix);
    let without = Course {
        mix: Mix::default(),
        ..with.clone()
    };
    let [first, second, plain] = [&with, &with, &without].map(run);
    host.end();
    assert_eq!(first.outcomes.offered, plain.outcomes.offered);
    assert!(plain.classes.is_empty());
    let offered = |run: &Run| -> Vec<u64> {
        let classes = run.classes.iter();
        classes.map(|class| class.outcomes.offered).collect()
    };
    assert_eq!(offered(&first), offered(&second));
}

#[test]
fn what_cannot_say_a_class_is_refused_before_anybody_is_asked() {
    let host = Host::start("Priority");
    for (parts, header) in [
        (vec![0.7, 0.7], "Priority"),
        (vec![0.5], "Content-Length: 7"),
        (vec![0.5], "X-Class: a\r\nb"),
    ] {
        let mix = Mix {
            parts,
            ..Mix::default().told_by(header)
        };
        let refused = course(&host.url, mix).run(&mut |_| {});
        assert!(matches!(refused, Err(CourseError::Usage(_))), "{refused:?}");
    }
    assert_eq!(host.end(), [0; 3]);
}
