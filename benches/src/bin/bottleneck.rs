//! Is the bottleneck of a running graph found, on this machine's threads?
#![forbid(unsafe_code)]

use std::process::ExitCode;

use benches::goal::{Figure, Output, Wanted};
use benches::injected::drawn::{Drawn, name};
use benches::injected::trial::trial;
use fastrand::Rng;
use seda_core::BoxError;

const GRAPHS: u32 = 50;
const NAMED: f64 = 49.0;

fn main() -> ExitCode {
    let output = match Output::from_args(std::env::args().skip(1)) {
        Ok(output) => output,
        Err(error) => {
            eprintln!("bottleneck: {error}");
            return ExitCode::from(2);
        }
    };
    match graphs(output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bottleneck: {error}");
            ExitCode::FAILURE
        }
    }
}

fn graphs(output: Output) -> Result<(), BoxError> {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let (mut named, mut limits) = (0, 0);
    for number in 1..=GRAPHS {
        let drawn = Drawn::new(&mut rng);
        let found = trial(&drawn)?;
        let expected = name(drawn.bottleneck);
        let is_named = found
            .as_ref()
            .is_some_and(|found| *found.stage == *expected);
        let is_limit = found
            .as_ref()
            .is_some_and(|found| found.limit == drawn.limit());
        named += u32::from(is_named);
        limits += u32::from(is_named && is_limit);
        if !is_named || !is_limit {
            let found = found.map_or_else(|| "nothing".to_owned(), |found| found.to_string());
            eprintln!(
                "graph {number}: {expected}, limited by {:?}, and found was {found}",
                drawn.limit()
            );
            eprintln!("  {drawn:?}");
        }
    }
    let figure = Figure::shown(
        "graphs of 50 whose bottleneck was named after 2 s",
        f64::from(named),
        "",
    );
    output.print(&figure.wanted("L14", Wanted::AtLeast, NAMED));
    let what = "of them with what limits it, computing or somebody else";
    output.print(&Figure::shown(what, f64::from(limits), ""));
    Ok(())
}
