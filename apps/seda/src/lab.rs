//! Carries out `seda lab`.

mod live;
mod on_threads;
mod progress_line;
mod summary;
mod trial;

use std::io::{self, Write};

use seda_core::BoxError;
use seda_lab::{Comparison, Policy, Wind};

use crate::args::laboratory::{Lab, Lines, Table};
use crate::args::usage::{UsageError, unknown};
use crate::exit::Exit;
use crate::records;
use crate::scenarios;
use crate::simulated;
use crate::tell;

/// Does what is asked in the laboratory.
///
/// # Blocking
///
/// Until it is done; a comparison of all policies takes some seconds.
pub fn run(lab: &Lab) -> Exit {
    let done = match lab {
        Lab::Policies => list().map_err(BoxError::from),
        Lab::Run(live) => return live::run(live),
        Lab::Sweep(live, loads) => return live::sweep(live, loads),
        Lab::Scenarios => scenarios::list().map_err(BoxError::from),
        Lab::Threads(asked) => return on_threads::run(asked),
        Lab::Trial(asked, ground) => return trial::run(asked, ground),
        Lab::Simulate(asked) => return simulated::run(asked),
        Lab::Table(table) => match chosen(&table.policies) {
            Ok(policies) => compare(table, &policies),
            Err(error) => {
                tell::line(error);
                return Exit::Usage;
            }
        },
        Lab::Report(asked) => return records::report(asked),
        Lab::Compare(asked) => return records::compare(asked),
    };
    done.map_or_else(
        |error| {
            tell::line(error);
            Exit::Failed
        },
        |()| Exit::Success,
    )
}

fn list() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for policy in Policy::all() {
        writeln!(out, "{:<16} {}", policy.name, policy.about)?;
    }
    Ok(())
}

/// Gives the policies of these names, or all.
fn chosen(names: &[String]) -> Result<Vec<Policy>, UsageError> {
    if names.is_empty() {
        return Ok(Policy::all().to_vec());
    }
    let known: Vec<&str> = Policy::all().iter().map(|policy| policy.name).collect();
    let find = |name: &String| Policy::named(name).ok_or_else(|| unknown("policy", name, &known));
    names.iter().map(find).collect()
}

fn compare(table: &Table, policies: &[Policy]) -> Result<(), BoxError> {
    let seed = table.seed.unwrap_or_else(|| fastrand::u64(..));
    let wind = Wind::default();
    let wind = table
        .seconds
        .map_or(wind.clone(), |seconds| wind.seconds(seconds));
    let comparison = Comparison::of(policies, &wind, seed)?;
    let mut out = io::stdout().lock();
    match table.lines {
        Lines::Table => write!(out, "{comparison}\nseed {seed}\n")?,
        Lines::Json => {
            for row in &comparison.rows {
                writeln!(out, "{}", serde_json::to_string(row)?)?;
            }
        }
    }
    Ok(())
}
