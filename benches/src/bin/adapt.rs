//! How soon do threads and batches fit the work, on this machine's threads and disk?
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use benches::adapt::journal::{self, Size};
use benches::adapt::pools::{Handling, pool};
use benches::goal::{Figure, Output, Wanted};
use seda_core::BoxError;

/// How long a pool may take to adapt; then it is measured for as long again.
const ADAPTING: Duration = Duration::from_secs(2);
/// Threads of the pools that nobody adapts.
const FIXED: [usize; 5] = [8, 16, 24, 32, 48];
/// Threads that a pool may have that adapts.
const THREADS_MAX: usize = 64;
/// Events per second that wait 10 ms each: 25 threads' worth.
const WAITING_RATE: f64 = 2_500.0;
/// Events per second that compute for 10 ms each: more than any machine here does.
const COMPUTING_RATE: f64 = 1_000.0;
/// Lines in a batch that nobody adapts.
const BATCHES: [usize; 6] = [1, 4, 16, 64, 256, 1_024];
/// The loads, in lines that are written one by one as fast as that goes.
const LOADS: [f64; 8] = [0.1, 0.3, 0.8, 2.0, 4.0, 8.0, 16.0, 32.0];
/// How long each load lasts.
const LOADED: Duration = Duration::from_millis(1_500);

fn main() -> ExitCode {
    let output = match Output::from_args(std::env::args().skip(1)) {
        Ok(output) => output,
        Err(error) => {
            eprintln!("adapt: {error}");
            return ExitCode::from(2);
        }
    };
    match threads(output).and_then(|()| batches(output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("adapt: {error}");
            ExitCode::FAILURE
        }
    }
}

fn threads(output: Output) -> Result<(), BoxError> {
    let mut best = 0.0_f64;
    for fixed in FIXED {
        let done = pool(Handling::Waits, fixed..=fixed, WAITING_RATE, ADAPTING)?;
        best = best.max(done.per_second);
        let what = format!("events that wait 10 ms, {fixed} threads");
        output.print(&Figure::shown(what, done.per_second, "/s"));
    }
    let done = pool(Handling::Waits, 1..=THREADS_MAX, WAITING_RATE, ADAPTING)?;
    let what = "events that wait 10 ms, after 2 s of adapting / the best fixed pool";
    let figure = Figure::shown(what, done.per_second / best, "x");
    output.print(&figure.wanted("L10", Wanted::AtLeast, 0.9));
    let one = pool(Handling::Computes, 1..=1, COMPUTING_RATE, ADAPTING)?;
    let many = 1..=THREADS_MAX;
    let done = pool(Handling::Computes, many, COMPUTING_RATE, ADAPTING)?;
    let times = done.per_second / one.per_second;
    let what = "events that compute, adapted / one thread";
    output.print(&Figure::shown(what, times, "x"));
    let cores = std::thread::available_parallelism()?.get();
    let beyond = float(done.threads_max) - float(cores);
    let figure = Figure::shown("threads of a stage that computes, beyond cores", beyond, "");
    output.print(&figure.wanted("L10", Wanted::AtMost, 1.0));
    Ok(())
}

fn batches(output: Output) -> Result<(), BoxError> {
    let alone = journal::alone()?;
    let unit = 1.0 / alone.as_secs_f64();
    output.print(&Figure::shown(
        "a line with its fsync",
        alone.as_secs_f64() * 1e6,
        "µs",
    ));
    for load in LOADS {
        let run = |size| journal::write(size, load * unit, LOADED);
        let controlled = run(Size::Controlled)?;
        let fixed = BATCHES.map(|most| run(Size::Fixed(most)));
        let fixed = fixed.into_iter().collect::<Result<Vec<_>, _>>()?;
        let good = fixed.iter().map(|written| written.good_per_second);
        let best = good.fold(0.0, f64::max);
        let what = format!("lines in time at {load}x, controlled / best fixed batch");
        let figure = Figure::shown(what, controlled.good_per_second / best, "x");
        output.print(&figure.wanted("L11", Wanted::AtLeast, 0.9));
        if let (Some(first), true) = (fixed.first(), load < 0.2) {
            let ratio = controlled.p50.as_secs_f64() / first.p50.as_secs_f64();
            let figure = Figure::shown("p50 at a tenth, controlled / one by one", ratio, "x");
            output.print(&figure.wanted("L11", Wanted::AtMost, 1.2));
        }
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "a number of threads")]
const fn float(count: usize) -> f64 {
    count as f64
}
