//! The words of the command line.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::Arg::{Long, Short, Value};
use lexopt::Parser;

use crate::abuse::run::Plan;
use crate::goal::Output;
use crate::words::{OUTPUTS, explain, number, one};

/// How to use the program.
pub const USAGE: &str = "\
usage: abuse [--minutes N | --seconds N] [--idle N] [--active N] [--seed N]
             [-o table|json]
       abuse serve

  --minutes N      how long the server is abused, from when everybody is there (10)
  --idle N         connections that do hardly anything (10000)
  --active N       connections that do something all the time (2000)
  --seed N         decides what they do (printed, when it is not given)
  -o table|json    how figures are printed (table)

`serve` runs the server alone: it prints where it listens, plain and under TLS,
and at its end the ledger.
";

/// Is what the program is to do.
#[derive(Debug)]
pub enum Command {
    /// Abuse a server.
    Abuse(Plan, Output),
    /// Be the server.
    Serve,
    /// Say how the program is used.
    Help,
}

impl Command {
    /// Reads the command line, without the program's name.
    ///
    /// # Errors
    ///
    /// Says which word is wrong, and what could stand there.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut parser = Parser::from_args(words);
        let mut output = Output::Table;
        let mut plan = Plan {
            abuse: Duration::from_mins(10),
            idle: 10_000,
            active: 2_000,
            seed: fastrand::u64(..),
        };
        while let Some(word) = parser.next().map_err(explain)? {
            match word {
                Value(word) if word == "serve" => return Ok(Self::Serve),
                Short('h') | Long("help") => return Ok(Self::Help),
                Long("minutes") => plan.abuse = Duration::from_mins(number(&mut parser)?),
                Long("seconds") => plan.abuse = Duration::from_secs(number(&mut parser)?),
                Long("idle") => plan.idle = number(&mut parser)?,
                Long("active") => plan.active = number(&mut parser)?,
                Long("seed") => plan.seed = number(&mut parser)?,
                Short('o') => output = one(&mut parser, &OUTPUTS)?,
                word => return Err(word.unexpected().to_string()),
            }
        }
        Ok(Self::Abuse(plan, output))
    }
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn a_short_run_can_be_chosen() {
        let words = ["--seconds", "10", "--idle", "300", "--seed", "7"];
        let Ok(Command::Abuse(plan, _)) = Command::parse(words.map(Into::into)) else {
            panic!("it abuses");
        };
        assert_eq!(
            (plan.abuse.as_secs(), plan.idle, plan.active, plan.seed),
            (10, 300, 2_000, 7)
        );
        assert!(Command::parse(["--minutes", "x"].map(Into::into)).is_err());
    }
}
