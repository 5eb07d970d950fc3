//! The words of `seda lab run` and `seda lab scenarios`.

use std::path::PathBuf;

use lexopt::Arg::{Long, Short, Value};
use lexopt::Parser;

use crate::args::laboratory::{Lines, lines, number};
use crate::args::usage::{self, UsageError, text};

const OPTIONS: [&str; 5] = ["--simulate", "--seed", "--seeds", "--out", "--output"];
/// More runs of each point than these are hardly meant.
const SEEDS_MAX: u64 = 10_000;

/// Which scenario to run in virtual time, and how.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Simulate {
    /// The name of a scenario that comes with the program, or a file.
    pub scenario: String,
    /// The first seed; drawn when it is not given.
    pub seed: Option<u64>,
    /// How many seeds, one after the other; the scenario says it otherwise.
    pub seeds: Option<u64>,
    /// Where the record is written to.
    pub out: Option<PathBuf>,
    /// The record, for programs.
    pub lines: Lines,
}

/// Reads the words after `lab run`.
pub(super) fn parse(parser: &mut Parser) -> Result<Option<Simulate>, UsageError> {
    let mut asked = Simulate::default();
    let mut scenario = None;
    let mut simulated = None;
    while let Some(arg) = parser.next()? {
        match arg {
            Value(word) if scenario.is_none() => scenario = Some(text(word)?),
            Long("simulate") => simulated = Some(()),
            Long("seed") => asked.seed = Some(number("--seed", parser, 0)?),
            Long("seeds") => asked.seeds = Some(seeds(number("--seeds", parser, 1)?)?),
            Long("out") => asked.out = Some(parser.value()?.into()),
            Long("output") | Short('o') => asked.lines = lines(&text(parser.value()?)?)?,
            Long("help") | Short('h') => return Ok(None),
            other => return Err(usage::unexpected(&other, &OPTIONS)),
        }
    }
    let Some(scenario) = scenario else {
        return Err(UsageError::new(
            "`seda lab run` needs a scenario",
            "name one that `seda lab scenarios` lists, or a file",
        ));
    };
    if simulated.is_none() {
        return Err(UsageError::new(
            "`seda lab run` does not know where to run it",
            "add `--simulate` for virtual time",
        ));
    }
    Ok(Some(Simulate { scenario, ..asked }))
}

fn seeds(seeds: u64) -> Result<u64, UsageError> {
    if seeds <= SEEDS_MAX {
        return Ok(seeds);
    }
    Err(UsageError::new(
        format!("`--seeds` cannot be `{seeds}`"),
        format!("write a whole number, at most {SEEDS_MAX}"),
    ))
}
