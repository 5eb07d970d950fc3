//! Logs for `HdrHistogram`'s tools have what the record has.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hosts;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use hosts::{GOOD, Host, Manner};
use seda_lab::generator::{
    Aim, Course, Flood, Keep, Mix, Sweep, Traffic, provenance, record, write_hdr_log,
};
use seda_lab::record::{Record, Run};

/// Milliseconds: with three digits, what takes a second is told from what takes
/// one less.
const EXACTLY_MS: f64 = 1.0;

fn course(host: &Host, parts: Vec<f64>) -> Course {
    let traffic = Traffic::Open {
        flow: Flood::poisson(500.0),
        retries: None,
    };
    Course {
        warm_up: Duration::from_millis(50),
        measured: Duration::from_millis(1_200),
        timeout: Duration::from_secs(10),
        mix: Mix {
            parts,
            ..Mix::default()
        },
        keep: Keep::Intervals,
        ..Course::new(Aim::get(&host.url()).unwrap(), traffic)
    }
}

fn recorded(course: &Course, runs: Vec<Run>) -> Record {
    record(["test", "A test"], course, provenance("seda lab"), runs)
}

/// Is one line of a log: its tag, when it began, how long it is, and what it has.
struct Line {
    tag: String,
    began: Duration,
    lasts: Duration,
    latencies: Histogram<u64>,
}

/// Reads a log as other programs do.
fn lines(log: &[u8]) -> Vec<Line> {
    let mut base = None;
    let mut lines = Vec::new();
    for entry in IntervalLogIterator::new(log) {
        match entry.unwrap() {
            LogEntry::StartTime(_) => {}
            LogEntry::BaseTime(time) => base = Some(time),
            LogEntry::Interval(it) => {
                let bytes = STANDARD.decode(it.encoded_histogram()).unwrap();
                let mut deserializer = Deserializer::new();
                lines.push(Line {
                    tag: it.tag().unwrap().to_string(),
                    began: base.unwrap() + it.start_timestamp(),
                    lasts: it.duration(),
                    latencies: deserializer.deserialize(&mut bytes.as_slice()).unwrap(),
                });
            }
        }
    }
    lines
}

fn written(record: &Record) -> Vec<u8> {
    let mut log = Vec::new();
    write_hdr_log(record, &mut log).unwrap();
    log
}

/// Gives all that the lines of a tag have.
fn by_tag(lines: &[Line]) -> BTreeMap<String, Histogram<u64>> {
    let mut all: BTreeMap<String, Histogram<u64>> = BTreeMap::new();
    for line in lines {
        let sum = all.entry(line.tag.clone());
        let sum = sum.or_insert_with(|| Histogram::new(3).unwrap());
        sum.add(&line.latencies).unwrap();
    }
    all
}

#[allow(clippy::cast_precision_loss, reason = "nanoseconds of a run")]
fn ms(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

#[test]
fn a_log_has_the_latencies_of_each_class_second_by_second() {
    let host = Host::start(Manner::Says(GOOD));
    let course = course(&host, vec![0.3]);
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let run = course.run(&mut |_| {}).unwrap();
    let run = Run {
        variant: "drain rate".to_owned(),
        load: Some(0.5),
        ..run
    };
    let classes = run.classes.clone();
    let record = recorded(&course, vec![run]);
    let lines = lines(&written(&record));
    // The second one is what is left of 1.2 s, and longer if an answer came later.
    let spans: Vec<(Duration, Duration)> = lines.iter().map(|it| (it.began, it.lasts)).collect();
    assert!(
        lines.len() >= 4 && lines.len().is_multiple_of(2),
        "{spans:?}"
    );
    assert_eq!(spans[0].1, Duration::from_secs(1));
    assert_eq!(
        spans[2].0.saturating_sub(spans[0].0),
        Duration::from_secs(1)
    );
    assert!(spans[2].1 >= Duration::from_millis(200), "{spans:?}");
    let began = spans[0].0.saturating_sub(before);
    assert!(
        began >= Duration::from_millis(69),
        "{began:?}, warm-up included"
    );
    assert!([0, 2].iter().all(|line| !lines[*line].latencies.is_empty()));

    let tags = by_tag(&lines);
    let names: Vec<&String> = tags.keys().collect();
    let expected = ["drain%20rate/0.5x/class-0", "drain%20rate/0.5x/class-1"];
    assert_eq!(names, expected);
    for (class, latencies) in classes.iter().zip(tags.values()) {
        assert_eq!(latencies.len(), class.latency.count);
        let [max, p99] = [latencies.max(), latencies.value_at_quantile(0.99)].map(ms);
        assert!((max - class.latency.max).abs() < EXACTLY_MS, "{max}");
        assert!((p99 - class.latency.p99).abs() < EXACTLY_MS, "{p99}");
    }
    let text = serde_json::to_string(&record).unwrap();
    assert!(!text.contains("intervals"), "the record has none of it");
}

#[test]
fn the_runs_of_a_sweep_follow_each_other_by_tags_of_their_own() {
    let host = Host::start(Manner::Says(GOOD));
    let course = Course {
        measured: Duration::from_millis(100),
        ..course(&host, Vec::new())
    };
    let sweep = Sweep {
        from: 0.5,
        to: 2.0,
        points: 2,
        seeds: 2,
    };
    let runs = sweep.run(&course, 300.0, &mut |_, _| {}).unwrap();
    let count = |load: f64| {
        let of_load = runs.iter().filter(|run| run.load == Some(load));
        of_load.map(|run| run.latency.spread.count).sum::<u64>()
    };
    let expected = [("server/0.5x", count(0.5)), ("server/2x", count(2.0))];
    let lines = lines(&written(&recorded(&course, runs.clone())));
    assert!(lines.is_sorted_by_key(|line| line.began));
    let tags = by_tag(&lines);
    let counts: Vec<(&str, u64)> = tags.iter().map(|(tag, all)| (&**tag, all.len())).collect();
    assert_eq!(counts, expected);
    let plain = Course {
        keep: Keep::Sums,
        ..course
    };
    assert!(plain.run(&mut |_| {}).unwrap().intervals.is_empty());
}

/// Has room for so many bytes.
struct Small(usize);

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        match taken {
            0 => Err(io::ErrorKind::StorageFull.into()),
            taken => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_that_has_no_room_is_an_error_wherever_it_ends() {
    let host = Host::start(Manner::Says(GOOD));
    let course = Course {
        measured: Duration::from_millis(100),
        ..course(&host, vec![0.5])
    };
    let record = recorded(&course, vec![course.run(&mut |_| {}).unwrap()]);
    let whole = written(&record).len();
    for room in (0..whole).step_by(7) {
        let error = write_hdr_log(&record, &mut Small(room)).unwrap_err();
        assert_eq!(
            error.kind(),
            io::ErrorKind::StorageFull,
            "{room} of {whole}"
        );
    }
    write_hdr_log(&record, &mut Small(whole)).unwrap();
}
