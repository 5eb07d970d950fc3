//! Carries out what the command line asks for.

use std::ffi::OsString;

use crate::args::{Command, Serve};
use crate::client::{self, Refused};
use crate::config::Config;
use crate::config::problem::Problems;
use crate::exit::Exit;
use crate::help;
use crate::lab;
use crate::print;
use crate::serve;
use crate::tell;

/// What `--version` prints.
const VERSION: &str = concat!("seda ", env!("CARGO_PKG_VERSION"), "\n");

/// Reads the words after the program's name and does what they say.
///
/// # Blocking
///
/// Until the command is done; a server, until it is told to stop.
pub fn run(words: impl IntoIterator<Item = OsString>) -> Exit {
    match Command::parse(words) {
        Ok(Command::Help) => answered(print::plain(help::TEXT).map_err(Refused::from)),
        Ok(Command::Version) => answered(print::plain(VERSION).map_err(Refused::from)),
        Ok(Command::Serve(serve)) => start(&serve),
        Ok(Command::Job(job)) => answered(client::job(&job)),
        Ok(Command::Graph(graph)) => answered(client::graph(&graph)),
        Ok(Command::Bottleneck(asked)) => answered(client::bottleneck(&asked)),
        Ok(Command::Lab(asked)) => lab::run(&asked),
        Err(error) => {
            tell::line(error);
            Exit::Usage
        }
    }
}

fn start(serve: &Serve) -> Exit {
    match configuration(serve) {
        Ok(config) => serve::run(&config),
        Err(problems) => {
            tell::plain(format_args!("{problems}\n"));
            Exit::Usage
        }
    }
}

/// The configuration that `serve` names, with what the command line overrides.
fn configuration(serve: &Serve) -> Result<Config, Problems> {
    let mut config = match &serve.config {
        Some(file) => Config::load(file)?,
        None => Config::defaults()?,
    };
    if let Some(listen) = serve.listen {
        config.listen = listen;
    }
    Ok(config)
}

fn answered(answer: Result<(), Refused>) -> Exit {
    answer.map_or_else(|refused| refused.tell(), |()| Exit::Success)
}
