//! Does a server move as much over ten thousand connections as over one?
#![forbid(unsafe_code)]

use std::process::ExitCode;

use benches::bandwidth::chosen::{Command, Options, USAGE};
use benches::bandwidth::flatness::{Row, figures, goals, table};
use benches::bandwidth::span::measure;
use benches::bandwidth::{staged, threads};
use benches::goal::Output;
use benches::http::cores;

/// Something went wrong while it was measured.
const FAILED: u8 = 1;
/// The command line is wrong.
const USED_WRONGLY: u8 = 2;

fn main() -> ExitCode {
    match Command::parse(std::env::args_os().skip(1)) {
        Ok(Command::Measure(options)) => run(&options),
        Ok(Command::Serve(server)) => {
            let never = match server {
                "seda" => staged::serve(),
                _ => threads::serve(),
            };
            match never {
                Ok(never) => match never {},
                Err(error) => fail(FAILED, &error.to_string()),
            }
        }
        Ok(Command::Help) => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(USED_WRONGLY, &error),
    }
}

fn fail(code: u8, error: &str) -> ExitCode {
    eprintln!("bandwidth: {error}");
    ExitCode::from(code)
}

fn run(options: &Options) -> ExitCode {
    cores::raise_descriptors();
    if let Err(error) = cores::bind(&cores::LOAD) {
        return fail(FAILED, &format!("two cores are needed: {error}"));
    }
    let mut rows = Vec::new();
    let mut complete = true;
    for round in 0..options.rounds {
        for &connections in &options.connections {
            for &server in &options.servers {
                match measure(server, connections, options.seconds) {
                    Ok(reading) => {
                        let row = Row {
                            server,
                            connections,
                            round,
                            reading,
                        };
                        eprintln!("{row}");
                        rows.push(row);
                    }
                    Err(error) => {
                        eprintln!("bandwidth: {connections} connections: {server}: {error}");
                        complete = false;
                    }
                }
            }
        }
    }
    print(&rows, options.output);
    ExitCode::from(if complete { 0 } else { FAILED })
}

fn print(rows: &[Row], output: Output) {
    let shown = match output {
        Output::Table => {
            print!("{}", table(rows));
            Vec::new()
        }
        Output::Json => figures(rows),
    };
    for figure in shown.iter().chain(&goals(rows)) {
        output.print(figure);
    }
}
