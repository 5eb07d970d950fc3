//! Carries out `seda lab run SCENARIO --target URL`: a scenario on a server that runs.

use std::time::Instant;

use seda_lab::generator::{
    Aim, Course, CourseError, Flood, Keep, Mix, Traffic, provenance, record, run_trials,
};
use seda_lab::record::Record;
use seda_lab::scenario::{Load, Scenario};

use super::live;
use super::progress_line::ProgressLine;
use crate::args::laboratory::simulate::{Asked, Ground};
use crate::exit::Exit;
use crate::outlet::Outlet;
use crate::runs;
use crate::scenarios;
use crate::tell;

/// Runs it, and prints what was seen, or writes it down.
pub(super) fn run(asked: &Asked, ground: &Ground) -> Exit {
    let scenario = match scenarios::find(&asked.scenario) {
        Ok(scenario) => scenario,
        Err(none) => {
            tell::line(none.what);
            return none.exit;
        }
    };
    let record = match trials(asked, ground, scenario) {
        Ok(record) => record,
        Err(error) => return live::refused(&error),
    };
    let outlet = Outlet {
        out: asked.out.as_deref(),
        hdr_log: ground.hdr_log.as_deref(),
        lines: asked.lines,
    };
    let handed = outlet.hand_over(&record, |out| runs::write(&record, out));
    handed.or(live::verdict(&record))
}

fn trials(asked: &Asked, ground: &Ground, scenario: Scenario) -> Result<Record, CourseError> {
    let began = Instant::now();
    let place = provenance(&live::command());
    let base = course(asked, ground, &scenario)?;
    let capacity = match &scenario.load {
        Load::Closed { .. } => None,
        #[allow(clippy::cast_precision_loss, reason = "a rate of requests")]
        Load::Open { .. } => {
            let known = ground.capacity.map(|capacity| capacity as f64);
            Some(live::capacity(&base, known)?)
        }
    };
    let seeds = asked.seeds.and_then(|seeds| u32::try_from(seeds).ok());
    let seeds = seeds.unwrap_or(scenario.seeds);
    let scenario = Scenario { seeds, ..scenario };
    let mut progress = ProgressLine::new("");
    let runs = run_trials(&base.of_scenario(&scenario, capacity)?, &mut |leg, seen| {
        progress.rename(format!("{}/{}", leg.number, leg.of));
        progress.show(&seen);
    });
    progress.clear();
    let mut seen = record([&scenario.name, &scenario.title], &base, place, runs?);
    seen.about.clone_from(&scenario.about);
    seen.provenance.took_s = began.elapsed().as_secs_f64();
    Ok(seen)
}

/// Makes what all runs have in common.
fn course(asked: &Asked, ground: &Ground, scenario: &Scenario) -> Result<Course, CourseError> {
    let aim = Aim::get(&ground.target).ok_or_else(|| {
        let target = &ground.target;
        CourseError::Usage(format!(
            "`{target}` is no URL; write one, such as http://127.0.0.1:8080/"
        ))
    })?;
    let traffic = Traffic::Open {
        flow: Flood::poisson(1.0),
        retries: None,
    };
    let mix = Mix {
        parts: scenario.load.classes().to_vec(),
        ..Mix::default()
    };
    let header = ground.class_header.as_deref();
    Ok(Course {
        mix: header.map_or(mix.clone(), |header| mix.told_by(header)),
        slo: scenario.target.0,
        seed: asked.seed.unwrap_or(1),
        keep: match ground.hdr_log {
            Some(_) => Keep::Intervals,
            None => Keep::Sums,
        },
        cpu: ground.cpu.and_then(|cpu| usize::try_from(cpu).ok()),
        ..Course::new(aim, traffic)
    })
}
