//! Carries out `seda lab run SCENARIO --simulate`.

use std::io::{self, IsTerminal};
use std::time::Instant;

use seda_core::BoxError;
use seda_lab::generator::provenance;
use seda_lab::record::{FORMAT, Ground, Provenance, Record, Run};
use seda_lab::scenario::{Scenario, Site};

use crate::args::laboratory::simulate::Asked;
use crate::exit::Exit;
use crate::outlet::Outlet;
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
    hand_over(asked, simulate(asked, &scenario))
}

/// Writes a record where it was asked for, and prints it; or says why there is none.
pub(crate) fn hand_over(asked: &Asked, record: Result<Record, BoxError>) -> Exit {
    let record = match record {
        Ok(record) => record,
        Err(error) => {
            tell::line(error);
            return Exit::Failed;
        }
    };
    let outlet = Outlet {
        out: asked.out.as_deref(),
        hdr_log: None,
        lines: asked.lines,
    };
    outlet.hand_over(&record, |out| runs::write(&record, out))
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
