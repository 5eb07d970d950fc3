//! What does a request cost, beside the servers of today?
#![forbid(unsafe_code)]

use std::process::ExitCode;

use benches::goal::{Figure, Output};
use benches::http::measure::measure;
use benches::http::options::{Command, Options, USAGE};
use benches::http::scenario::Scenario;
use benches::http::shop::Shop;
use benches::http::verdicts::{Results, Round};
use benches::http::{cores, ours};

/// Something went wrong while it was measured.
const FAILED: u8 = 1;
/// The command line is wrong.
const USED_WRONGLY: u8 = 2;
/// A program is missing.
const MISSING: u8 = 3;

fn main() -> ExitCode {
    match Command::parse(std::env::args_os().skip(1)) {
        Ok(Command::Measure(options)) => run(&options),
        Ok(Command::Serve {
            port,
            workers,
            service,
            directory,
        }) => match ours::serve(port, workers, service, &directory) {
            Ok(never) => match never {},
            Err(error) => fail(FAILED, &error.to_string()),
        },
        Ok(Command::Help) => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(USED_WRONGLY, &error),
    }
}

fn fail(code: u8, error: &str) -> ExitCode {
    eprintln!("http: {error}");
    ExitCode::from(code)
}

fn run(options: &Options) -> ExitCode {
    let mut shop = match Shop::stock(&options.programs()) {
        Ok(shop) => shop,
        Err(error) => return fail(MISSING, &error),
    };
    if let Err(error) = shop.build(&options.needed_servers()) {
        return fail(MISSING, &error.to_string());
    }
    cores::raise_descriptors();
    if let Err(error) = cores::bind(&cores::LOAD) {
        return fail(FAILED, &format!("two cores are needed: {error}"));
    }
    let mut complete = true;
    for scenario in &options.scenarios {
        let (results, problems) = compare(scenario, &shop, options);
        print(&results, options.output);
        for problem in &problems {
            eprintln!("http: {problem}");
        }
        complete &= problems.is_empty();
    }
    ExitCode::from(if complete { 0 } else { FAILED })
}

/// Lets the servers take turns, so that a noisy minute hits all alike.
fn compare<'s>(
    scenario: &'s Scenario,
    shop: &Shop,
    options: &Options,
) -> (Results<'s>, Vec<String>) {
    let servers = options.servers_of(scenario);
    let mut problems = Vec::new();
    let mut round = || {
        let mut round = Round::new();
        for server in &servers {
            match measure(server, scenario.work, shop, options.seconds) {
                Ok(reading) => round.push((server.name, reading)),
                Err(error) => {
                    problems.push(format!("{}: {}: {error}", scenario.name, server.name));
                }
            }
        }
        round
    };
    let rounds = (0..options.rounds).map(|_| round()).collect();
    (Results { scenario, rounds }, problems)
}

fn print(results: &Results<'_>, output: Output) {
    if output == Output::Table {
        print!("{}", results.table());
    }
    let shown: Vec<Figure> = match output {
        Output::Table => Vec::new(),
        Output::Json => results.figures(),
    };
    for figure in shown.iter().chain(&results.goals()) {
        output.print(figure);
    }
}
