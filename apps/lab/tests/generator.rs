//! The generator against servers that pause, die, refuse and talk nonsense.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a test fails by panicking, and counts little"
)]

mod hosts;

use std::net::TcpListener;
use std::time::Duration;

use hosts::{BUSY, GARBAGE, GOOD, Host, MISSING, Manner};
use seda_lab::generator::{Aim, Course, CourseError, Flood, Traffic};
use seda_lab::record::Run;
use seda_lab::scenario::{Clients, Joined, Moment, Retries, Spacing};

/// How often a run whose figures depend on a quiet machine is tried.
const TRIES: usize = 4;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn open(host: &Host, rate: f64) -> Course {
    let flow = Flood::poisson(rate);
    let traffic = Traffic::Open {
        flow,
        retries: None,
    };
    Course {
        warm_up: Duration::ZERO,
        measured: ms(400),
        timeout: ms(100),
        ..Course::new(Aim::get(&host.url()).unwrap(), traffic)
    }
}

fn run(course: &Course) -> Run {
    let run = course.run(&mut |_| {}).unwrap();
    assert!(run.outcomes.is_exact(), "{:?}", run.outcomes);
    let latencies = run.latency.spread.count;
    assert_eq!(latencies, run.outcomes.good + run.outcomes.late);
    assert_eq!(run.failures.values().sum::<u64>(), run.outcomes.failed);
    run
}

fn offered() -> u64 {
    let host = Host::start(Manner::Says(GOOD));
    run(&open(&host, 500.0)).outcomes.offered
}

/// A server that stands still for 200 ms of each second makes those wait who
/// come then, 0 to 200 ms evenly: 1 % of all waits for more than 190 ms. Of each
/// second's requests it holds 8, one for each connection, and a generator that
/// asks no more while it waits sees only those.
#[test]
fn a_pause_is_charged_to_all_who_would_have_come_in_it() {
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let host = Host::start(Manner::Pauses);
        let run = run(&Course {
            measured: ms(2_000),
            timeout: ms(1_000),
            connections: 8,
            ..open(&host, 1_500.0)
        });
        assert!(host.open_max() <= 8, "{} connections", host.open_max());
        let (corrected, uncorrected) = (run.latency.spread.p99, run.uncorrected.unwrap().p99);
        let waited = run.queued.unwrap() as f64 / run.outcomes.offered as f64;
        let right = (corrected - 190.0).abs() <= 19.0;
        let wrong = (uncorrected - 190.0).abs() > 19.0;
        let part_waited = (0.15..0.6).contains(&waited);
        if right && wrong && part_waited {
            return;
        }
        seen.push((corrected, uncorrected, waited));
    }
    panic!("corrected, uncorrected p99 in ms, and what waited: {seen:?}");
}

#[test]
fn whatever_a_server_does_what_was_offered_is_accounted_for() {
    let offered = offered();
    let rejected: fn(&Run) -> u64 = |run| run.outcomes.rejected;
    let failed: fn(&Run) -> u64 = |run| run.outcomes.failed;
    let answered: fn(&Run) -> u64 = |run| run.outcomes.good + run.outcomes.late;
    for (manner, counted, why) in [
        (Manner::Says(BUSY), rejected, ""),
        (Manner::Says(MISSING), failed, "status 404"),
        (Manner::Says(GARBAGE), failed, "malformed answer"),
        (Manner::SaysAndCloses(GOOD), answered, ""),
        (Manner::Ignores, failed, "timed out"),
    ] {
        let host = Host::start(manner);
        let run = run(&open(&host, 500.0));
        assert_eq!(
            run.outcomes.offered, offered,
            "{manner:?}: the schedule is the same"
        );
        let count = counted(&run);
        // A machine that stands still may make some more time out.
        let least = offered - offered / 10;
        assert!(
            count >= least,
            "{manner:?}: {:?} {:?}",
            run.outcomes,
            run.failures
        );
        assert!(
            why.is_empty() || run.failures[why] >= least,
            "{:?}",
            run.failures
        );
    }
}

#[test]
fn a_server_that_dies_on_the_way_leaves_failures_and_no_gap() {
    let offered = offered();
    let host = Host::start(Manner::Dies(100));
    let run = run(&open(&host, 500.0));
    assert_eq!(run.outcomes.offered, offered);
    let answered = run.outcomes.good + run.outcomes.late;
    assert!((90..=100).contains(&answered), "{:?}", run.outcomes);
    assert!(
        run.failures.contains_key("connection refused"),
        "{:?}",
        run.failures
    );
}

#[test]
fn nobody_there_is_said_at_once() {
    let host = Host::start(Manner::Says(GOOD));
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let aim = Aim::get(&format!("http://{nobody}/")).unwrap();
    let course = Course {
        aim,
        ..open(&host, 1.0)
    };
    let error = course.run(&mut |_| {}).unwrap_err();
    assert!(matches!(error, CourseError::Unreachable(_)), "{error}");
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    let none = Course {
        cpu: Some(9_999),
        ..open(&host, 1.0)
    };
    assert!(matches!(none.run(&mut |_| {}), Err(CourseError::Usage(_))));
}

/// N clients that think Z, longer by J on average, and are answered in R ask
/// N / (Z + J + R) times a second.
#[test]
fn a_closed_loop_keeps_the_law_of_response_times() {
    let think = Moment(ms(20));
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let host = Host::start(Manner::Takes(ms(5)));
        let client = Clients {
            think,
            ..Clients::default()
        };
        let traffic = Traffic::Closed {
            clients: 20,
            client,
            joined: Vec::new(),
        };
        let run = run(&Course {
            traffic,
            measured: ms(1_000),
            timeout: ms(1_000),
            ..open(&host, 1.0)
        });
        let rate = run.throughput();
        // Six standard deviations of some 750 thoughts are 1 %.
        assert!(rate < 778.0, "{rate} of 769 a second");
        let per_connection = host.requests() as f64 / host.connections() as f64;
        assert!((4.0..=5.0).contains(&per_connection), "{per_connection}");
        assert_eq!(run.clients, Some(20));
        let fairness = run.fairness.unwrap();
        let mean = 1_000.0 * 20.0 / rate;
        let law = 21.0 + run.latency.spread.mean;
        if (mean - law).abs() < 0.05 * law && rate > 600.0 && fairness.jain > 0.98 {
            return;
        }
        seen.push((rate, mean, law, fairness.jain));
    }
    panic!("rate, mean cycle in ms and by the law, and Jain's index: {seen:?}");
}

#[test]
fn clients_that_join_are_there_for_as_long_as_it_says() {
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let host = Host::start(Manner::Says(GOOD));
        let client = Clients {
            think: Moment(ms(10)),
            ..Clients::default()
        };
        let joined = Joined {
            at: Moment(ms(300)),
            lasts: Moment(ms(300)),
            clients: 9,
        };
        let traffic = Traffic::Closed {
            clients: 1,
            client,
            joined: vec![joined],
        };
        let run = run(&Course {
            traffic,
            warm_up: ms(100),
            measured: ms(900),
            timeout: ms(1_000),
            ..open(&host, 1.0)
        });
        assert_eq!((run.clients, run.fairness.is_none()), (Some(1), true));
        let series = run.series.unwrap();
        let offered = &series.column("offered").unwrap().values;
        let of = |steps: std::ops::Range<usize>| -> f64 { offered[steps].iter().flatten().sum() };
        // One asks at most 100 times a second, ten a thousand times.
        let parts = [of(0..3), of(3..6), of(7..9)].map(|sum| sum / 10.0);
        assert!(parts[0] <= 31.0 && parts[2] <= 21.0, "{parts:?}");
        if parts[1] > 150.0 && parts[0] > 10.0 && parts[2] > 7.0 {
            return;
        }
        seen.push(parts);
    }
    panic!("requests before, while and after they are there: {seen:?}");
}

#[test]
fn a_session_asks_as_often_as_it_is_to() {
    let host = Host::start(Manner::Says(GOOD));
    let client = Clients {
        think: Moment(ms(1)),
        ..Clients::default()
    };
    let flow = Flood {
        spacing: Spacing::Uniform,
        ..Flood::poisson(100.0)
    };
    let traffic = Traffic::Sessions {
        flow,
        requests: 3,
        client,
    };
    let run = run(&Course {
        traffic,
        timeout: ms(1_000),
        ..open(&host, 1.0)
    });
    // 39 come, and the last of them may find the end before their third request.
    assert!(
        (100..=117).contains(&run.outcomes.offered),
        "{:?}",
        run.outcomes
    );
    assert_eq!(host.connections(), 39);
}

#[test]
fn a_refusal_is_tried_again_and_counted_once() {
    let host = Host::start(Manner::Says(BUSY));
    let retries = Retries {
        timeout: Moment(ms(1_000)),
        times: 2,
        backoff: Moment(ms(1)),
        budget: None,
    };
    let traffic = Traffic::Open {
        flow: Flood::poisson(100.0),
        retries: Some(retries),
    };
    let run = run(&Course {
        traffic,
        ..open(&host, 1.0)
    });
    let offered = run.outcomes.offered;
    assert_eq!(
        (run.outcomes.rejected, run.retried),
        (offered, Some(2 * offered))
    );
    assert_eq!(host.requests() as u64, 3 * offered);
    assert!(run.rejection.unwrap().p50 >= 3.0, "1 and 2 ms were waited");
}

#[test]
fn what_finds_no_connection_is_not_sent_and_the_run_is_invalid() {
    let host = Host::start(Manner::Ignores);
    let run = run(&Course {
        connections: 4,
        timeout: ms(50),
        ..open(&host, 500.0)
    });
    let unsent = run.failures["no connection free in time"];
    let part = 1.0 - unsent as f64 / run.outcomes.offered as f64;
    assert!((run.lag.unwrap().sent - part).abs() < 1e-9);
    assert!(part < 0.5, "{:?}", run.failures);
    assert!(run.invalid.is_some());
}
