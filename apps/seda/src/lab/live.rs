//! Carries out `seda lab run` and `seda lab sweep`: loads on a server that runs.

use std::io::{self, Write};
use std::time::Instant;

use seda_lab::generator::{
    Capacity, Course, CourseError, Traffic, find_capacity, provenance, record,
};
use seda_lab::record::{Record, Run};

use super::progress_line::ProgressLine;
use super::summary;
use crate::args::laboratory::{Live, Loads};
use crate::exit::Exit;
use crate::outlet::Outlet;
use crate::tell;

/// A generator that has used more of its core than this may be what was measured.
const BUSY: f64 = 0.9;

/// Generates one load.
pub(super) fn run(live: &Live) -> Exit {
    let began = Instant::now();
    let place = provenance(&command());
    let progress = ProgressLine::new("");
    let run = live.course.run(&mut |seen| progress.show(&seen));
    progress.clear();
    let run = match run {
        Ok(run) => run,
        Err(error) => return refused(&error),
    };
    let run = Run {
        variant: "server".to_owned(),
        seed: live.course.seed,
        ..run
    };
    let (origin, what) = (&live.course.aim.origin, load(&live.course));
    let title = format!("{origin}: {what}");
    let mut seen = record(["run", &title], &live.course, place, vec![run]);
    seen.provenance.took_s = began.elapsed().as_secs_f64();
    conclude(live, &seen, |out| {
        let runs = seen.runs.iter();
        let texts: Vec<String> = runs.map(|run| summary::of_run(run, &live.course)).collect();
        write!(out, "{title}\n{}", texts.concat())
    })
}

/// Measures what a server can do, and generates loads around it.
pub(super) fn sweep(live: &Live, loads: &Loads) -> Exit {
    let began = Instant::now();
    let place = provenance(&command());
    let capacity = match capacity(&live.course, loads.capacity) {
        Ok(capacity) => capacity,
        Err(error) => return refused(&error),
    };
    let mut progress = ProgressLine::new("");
    let runs = loads.sweep.run(&live.course, capacity, &mut |leg, seen| {
        progress.rename(format!("{}/{} at {}x", leg.number, leg.of, leg.load));
        progress.show(&seen);
    });
    progress.clear();
    let runs = match runs {
        Ok(runs) => runs,
        Err(error) => return refused(&error),
    };
    let origin = &live.course.aim.origin;
    let title = format!("{origin}: loads around {capacity:.0} requests/s");
    let mut seen = record(["sweep", &title], &live.course, place, runs);
    seen.provenance.took_s = began.elapsed().as_secs_f64();
    conclude(live, &seen, |out| {
        write!(out, "{title}\n{}", summary::of_sweep(&seen.runs))
    })
}

/// Gives what a server can do, in requests per second: what is known, or measured.
pub(super) fn capacity(course: &Course, known: Option<f64>) -> Result<f64, CourseError> {
    if let Some(capacity) = known {
        return Ok(capacity);
    }
    let progress = ProgressLine::new("");
    let found = find_capacity(course, &mut |rung| {
        progress.note(format_args!(
            "capacity: {} clients, {:.0} good/s, p99 {:.2} ms",
            rung.clients, rung.goodput, rung.p99_ms
        ));
    });
    progress.clear();
    let Capacity {
        per_second,
        clients,
        busy,
    } = found?;
    tell::line(format_args!(
        "capacity is {per_second:.0} good answers/s, with {clients} clients"
    ));
    if busy > BUSY {
        tell::line(format_args!(
            "the generator used {:.0} % of its core then: the server may be able to do more",
            100.0 * busy
        ));
    }
    Ok(per_second)
}

pub(super) fn refused(error: &CourseError) -> Exit {
    tell::line(error);
    match error {
        CourseError::Usage(_) => Exit::Usage,
        CourseError::Unreachable(_) => Exit::Unreachable,
        CourseError::Broken(_) => Exit::Failed,
    }
}

/// Writes and prints what was seen; the exit code says whether it is worth anything.
fn conclude(
    live: &Live,
    seen: &Record,
    text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Exit {
    let outlet = Outlet {
        out: live.out.as_deref(),
        hdr_log: live.hdr_log.as_deref(),
        lines: live.lines,
    };
    let handed = outlet.hand_over(seen, text);
    handed.or(verdict(seen))
}

/// Says how many runs show nothing.
pub(super) fn verdict(seen: &Record) -> Exit {
    let invalid = seen.runs.iter().filter_map(|run| run.invalid.as_ref());
    let mut invalid = invalid.peekable();
    let Some(why) = invalid.peek() else {
        return Exit::Success;
    };
    let why = (*why).clone();
    let (count, of) = (invalid.count(), seen.runs.len());
    tell::line(format_args!("{count} of {of} runs invalid: {why}"));
    Exit::Failed
}

fn load(course: &Course) -> String {
    let seed = course.seed;
    match &course.traffic {
        Traffic::Open { flow, .. } => format!("{} requests/s, seed {seed}", flow.rate),
        Traffic::Sessions { flow, requests, .. } => {
            format!(
                "{} sessions/s of {requests} requests, seed {seed}",
                flow.rate
            )
        }
        Traffic::Closed { clients, .. } => format!("{clients} clients"),
    }
}

/// Gives the command line again.
pub(super) fn command() -> String {
    let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    words.collect::<Vec<_>>().join(" ")
}
