//! Carries out `seda lab run SCENARIO --simulate`.

use std::env;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use seda_core::BoxError;
use seda_lab::record::{FORMAT, Ground, Provenance, Record};
use seda_lab::scenario::Scenario;

use crate::args::laboratory::Lines;
use crate::args::laboratory::simulate::Asked;
use crate::exit::Exit;
use crate::runs;
use crate::scenarios;
use crate::tell;

/// Runs it, and prints what was seen, or writes it down.
///
/// # Blocking
///
/// Until all runs are done.
pub fn run(asked: &Asked) -> Exit {
    let scenario = match scenarios::find(&asked.scenario) {
        Ok(scenario) => scenario,
        Err(none) => {
            tell::line(none.what);
            return none.exit;
        }
    };
    let done = simulate(asked, &scenario).and_then(|record| hand_over(asked, &record));
    done.map_or_else(
        |error| {
            tell::line(error);
            Exit::Failed
        },
        |()| Exit::Success,
    )
}

fn simulate(asked: &Asked, scenario: &Scenario) -> Result<Record, BoxError> {
    let (began, clock) = (SystemTime::now(), Instant::now());
    let load_average = load_average();
    let first = asked.seed.unwrap_or_else(|| fastrand::u64(..));
    let number = asked.seeds.unwrap_or(u64::from(scenario.seeds));
    let seeds: Vec<u64> = (0..number).map(|n| first.wrapping_add(n)).collect();
    let shown = io::stderr().is_terminal();
    let runs = seda_lab::simulate(scenario, &seeds, |done, all| {
        if shown {
            let end = if done == all { "\n" } else { "" };
            tell::plain(format_args!("\r{done} of {all} runs{end}"));
        }
    })?;
    let began = began.duration_since(UNIX_EPOCH);
    Ok(Record {
        format: FORMAT,
        scenario: scenario.name.clone(),
        title: scenario.title.clone(),
        about: scenario.about.clone(),
        ground: Ground::Simulated,
        provenance: Provenance {
            command: format!(
                "seda lab run {} --simulate --seed {first} --seeds {number}",
                asked.scenario
            ),
            commit: option_env!("SEDA_COMMIT").map(str::to_owned),
            machine: machine(),
            load_average,
            began: began.map_or(0, |since| since.as_secs()),
            took_s: clock.elapsed().as_secs_f64(),
        },
        target_ms: scenario.target.0.as_secs_f64() * 1e3,
        runs,
    })
}

/// Writes the record to its file, and prints it.
pub(crate) fn hand_over(asked: &Asked, record: &Record) -> Result<(), BoxError> {
    if let Some(file) = &asked.out {
        let text = serde_json::to_string(record)?;
        let told = |error| {
            format!(
                "{}: cannot be written ({error}), name another file",
                file.display()
            )
        };
        fs::write(file, text).map_err(told)?;
    }
    let mut out = io::stdout().lock();
    match asked.lines {
        Lines::Json => writeln!(out, "{}", serde_json::to_string(record)?)?,
        Lines::Table => {
            writeln!(out, "{}\n", record.title)?;
            write!(out, "{}", runs::table(record))?;
            writeln!(out, "\n{}", record.provenance.command)?;
        }
    }
    Ok(())
}

fn load_average() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// Names the processor, its cores and the system, as far as they are known.
fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or(env::consts::ARCH, |model| {
        model.trim_start_matches([' ', '\t', ':'])
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{model}, {cores} cores, {} {}",
        env::consts::OS,
        release.trim()
    )
}
