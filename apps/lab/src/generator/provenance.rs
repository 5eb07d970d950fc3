//! What makes figures worth something: which machine, which program, when.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::course::Course;
use crate::record::{FORMAT, Ground, Provenance, Record, Run};

/// Says where this program runs, and what it was told.
pub fn provenance(command: &str) -> Provenance {
    let began = SystemTime::now().duration_since(UNIX_EPOCH);
    Provenance {
        command: command.to_owned(),
        commit: option_env!("SEDA_COMMIT").map(str::to_owned),
        machine: machine(),
        load_average: load_average(),
        began: began.map_or(0, |time| time.as_secs()),
        took_s: 0.0,
    }
}

/// Makes the record of runs on one server.
pub fn record(
    [name, title]: [&str; 2],
    course: &Course,
    provenance: Provenance,
    runs: Vec<Run>,
) -> Record {
    let target = &course.aim.request;
    let (origin, path) = (&course.aim.origin, target.target().path());
    Record {
        format: FORMAT,
        scenario: name.to_owned(),
        title: title.to_owned(),
        about: format!("What becomes of requests to {origin}{path}."),
        ground: Ground::Server(origin.to_string()),
        provenance,
        target_ms: millis(course.slo),
        runs,
    }
}

fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models = cpus.lines().filter_map(|line| line.split_once(": "));
    let models = models.filter(|(key, _)| key.trim_end() == "model name");
    let models: Vec<&str> = models.map(|(_, model)| model).collect();
    let model = models.first().copied().unwrap_or("unknown processor");
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    let system = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {count} cores, Linux {}", system.trim_end())
}

fn load_average() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
