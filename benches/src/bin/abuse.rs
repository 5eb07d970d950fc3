//! Does a server serve its guests while thousands of others abuse it?
#![forbid(unsafe_code)]

use std::process::ExitCode;

use benches::abuse::outcome::{figures, is_sound};
use benches::abuse::run::{Findings, Plan, run};
use benches::abuse::server;
use benches::abuse::terms::{Command, USAGE};
use benches::goal::Output;
use benches::http::cores;

/// A guest was not served, something is not accounted for, or it came to nothing.
const FAILED: u8 = 1;
/// The command line is wrong.
const USED_WRONGLY: u8 = 2;

fn main() -> ExitCode {
    match Command::parse(std::env::args_os().skip(1)) {
        Ok(Command::Abuse(plan, output)) => abuse(&plan, output),
        Ok(Command::Serve) => match server::serve() {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => fail(FAILED, "not everything is accounted for"),
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
    eprintln!("abuse: {error}");
    ExitCode::from(code)
}

fn abuse(plan: &Plan, output: Output) -> ExitCode {
    eprintln!("abuse: --seed {}", plan.seed);
    cores::raise_descriptors();
    if let Err(error) = cores::bind(&cores::LOAD) {
        return fail(FAILED, &format!("two cores are needed: {error}"));
    }
    let findings = std::env::current_exe().and_then(|program| run(&program, plan));
    match findings {
        Ok(findings) => report(&findings, output),
        Err(error) => fail(FAILED, &error.to_string()),
    }
}

fn report(findings: &Findings, output: Output) -> ExitCode {
    eprint!("{}", findings.said);
    for figure in figures(findings) {
        output.print(&figure);
    }
    let books = findings.calm.books.iter().chain(&findings.abuse.books);
    for why in books.filter_map(|book| book.why.as_ref()) {
        eprintln!("abuse: a guest was not served: {why}");
    }
    ExitCode::from(if is_sound(findings) { 0 } else { FAILED })
}
