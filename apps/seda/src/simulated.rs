//! Carries out `seda lab run SCENARIO --simulate`.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use seda_core::BoxError;
use seda_lab::generator::provenance;
use seda_lab::record::{FORMAT, Ground, Provenance, Record, Run};
use seda_lab::scenario::{Scenario, Site};

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
    let scenario = match scenarios::find_for(Site::WindTunnel, &asked.scenario) {
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
    let began = Instant::now();
    let first = asked.seed.unwrap_or_else(|| fastrand::u64(..));
    let number = asked.seeds.unwrap_or(u64::from(scenario.seeds));
    let seeds: Vec<u64> = (0..number).map(|n| first.wrapping_add(n)).collect();
    let place = provenance(&format!(
        "seda lab run {} --simulate --seed {first} --seeds {number}",
        asked.scenario
    ));
    let runs = seda_lab::simulate(scenario, &seeds, told())?;
    let took_s = began.elapsed().as_secs_f64();
    let provenance = Provenance { took_s, ..place };
    Ok(recorded(scenario, Ground::Simulated, provenance, runs))
}

/// Makes what says on a terminal how many runs are done.
pub(crate) fn told() -> impl Fn(usize, usize) {
    let shown = io::stderr().is_terminal();
    move |done, all| {
        if shown {
            let end = if done == all { "\n" } else { "" };
            tell::plain(format_args!("\r{done} of {all} runs{end}"));
        }
    }
}

/// Makes the record of a scenario.
pub(crate) fn recorded(
    scenario: &Scenario,
    ground: Ground,
    provenance: Provenance,
    runs: Vec<Run>,
) -> Record {
    Record {
        format: FORMAT,
        scenario: scenario.name.clone(),
        title: scenario.title.clone(),
        about: scenario.about.clone(),
        ground,
        provenance,
        target_ms: scenario.target.0.as_secs_f64() * 1e3,
        runs,
    }
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
