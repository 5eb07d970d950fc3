//! The `seda` program: everything is in the library beside it.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    seda::command::run(std::env::args_os().skip(1)).into()
}
