//! Carries out `seda lab run SCENARIO`: a scenario on this machine's threads.

use std::time::Instant;

use seda_core::BoxError;
use seda_lab::generator::provenance;
use seda_lab::record::{Ground, Provenance, Record};
use seda_lab::run_on_threads;
use seda_lab::scenario::{Scenario, Site};

use crate::args::laboratory::simulate::Asked;
use crate::exit::Exit;
use crate::scenarios::{self, NoScenario};
use crate::simulated::{hand_over, recorded, told};
use crate::tell;

/// Runs it, and prints what was seen, or writes it down.
pub(super) fn run(asked: &Asked) -> Exit {
    let scenario = match found(&asked.scenario) {
        Ok(scenario) => scenario,
        Err(none) => {
            tell::line(none.what);
            return none.exit;
        }
    };
    hand_over(asked, measured(asked, &scenario))
}

/// Finds a scenario that can run here; of others it says where they can.
fn found(word: &str) -> Result<Scenario, NoScenario> {
    scenarios::find(word)?;
    scenarios::find_for(Site::Threads, word).map_err(|misfits| NoScenario {
        what: format!(
            "`{word}` does not run on this machine's threads, add `--simulate` for virtual time, \
             or `--target URL` for a server\n{}",
            misfits.what
        ),
        ..misfits
    })
}

fn measured(asked: &Asked, scenario: &Scenario) -> Result<Record, BoxError> {
    let began = Instant::now();
    let first = asked.seed.unwrap_or(1);
    let number = asked.seeds.unwrap_or(u64::from(scenario.seeds));
    let rounds: Vec<u64> = (0..number).map(|n| first.wrapping_add(n)).collect();
    let name = &asked.scenario;
    let place = provenance(&format!("seda lab run {name} --seeds {number}"));
    let runs = run_on_threads(scenario, &rounds, told())?;
    let took_s = began.elapsed().as_secs_f64();
    let provenance = Provenance { took_s, ..place };
    Ok(recorded(scenario, Ground::Threads, provenance, runs))
}
