//! The words of `seda lab`.

pub mod simulate;

use lexopt::Arg::{Long, Short, Value};
use lexopt::Parser;

use crate::args::laboratory::simulate::Simulate;
use crate::args::usage::{self, UsageError, text, unknown};

const ACTIONS: [&str; 4] = ["run", "scenarios", "table", "policies"];
const TABLE_OPTIONS: [&str; 4] = ["--policy", "--seed", "--seconds", "--output"];

/// What to do in the laboratory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Lab {
    /// Compare policies in virtual time.
    Table(Table),
    /// List the policies that there are.
    Policies,
    /// Run a scenario in virtual time.
    Simulate(Simulate),
    /// List the scenarios that come with the program.
    Scenarios,
}

/// Which policies to compare, and how.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Table {
    /// Their names; all of them when there are none.
    pub policies: Vec<String>,
    /// Decides everything that is left to chance; drawn when it is not given.
    pub seed: Option<u64>,
    /// Virtual seconds that each run counts.
    pub seconds: Option<u64>,
    /// An object a line, for programs.
    pub lines: Lines,
}

/// How a comparison is printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Lines {
    /// A table in Markdown.
    #[default]
    Table,
    /// An object a line.
    Json,
}

/// Reads the words after `lab`.
pub(super) fn parse(parser: &mut Parser) -> Result<Option<Lab>, UsageError> {
    match parser.next()? {
        Some(Value(word)) if word == "table" => table(parser),
        Some(Value(word)) if word == "run" => Ok(simulate::parse(parser)?.map(Lab::Simulate)),
        Some(Value(word)) if word == "policies" => nothing_more(parser, Lab::Policies),
        Some(Value(word)) if word == "scenarios" => nothing_more(parser, Lab::Scenarios),
        Some(Value(word)) => Err(unknown("action", &word.to_string_lossy(), &ACTIONS)),
        Some(Long("help") | Short('h')) => Ok(None),
        Some(other) => Err(usage::unexpected(&other, &ACTIONS)),
        None => Err(usage::missing("`seda lab` needs an action", &ACTIONS)),
    }
}

fn nothing_more(parser: &mut Parser, lab: Lab) -> Result<Option<Lab>, UsageError> {
    match parser.next()? {
        None => Ok(Some(lab)),
        Some(Long("help") | Short('h')) => Ok(None),
        Some(other) => Err(usage::unexpected(&other, &["--help"])),
    }
}

fn table(parser: &mut Parser) -> Result<Option<Lab>, UsageError> {
    let mut table = Table::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("policy") => table.policies.push(text(parser.value()?)?),
            Long("seed") => table.seed = Some(number("--seed", parser, 0)?),
            Long("seconds") => table.seconds = Some(number("--seconds", parser, 1)?),
            Long("output") | Short('o') => table.lines = lines(&text(parser.value()?)?)?,
            Long("help") | Short('h') => return Ok(None),
            other => return Err(usage::unexpected(&other, &TABLE_OPTIONS)),
        }
    }
    Ok(Some(Lab::Table(table)))
}

fn number(option: &str, parser: &mut Parser, least: u64) -> Result<u64, UsageError> {
    let word = text(parser.value()?)?;
    let read = word.parse().ok().filter(|number| *number >= least);
    read.ok_or_else(|| {
        UsageError::new(
            format!("`{option}` cannot be `{word}`"),
            format!("write a whole number, at least {least}"),
        )
    })
}

fn lines(word: &str) -> Result<Lines, UsageError> {
    match word {
        "table" => Ok(Lines::Table),
        "json" => Ok(Lines::Json),
        _ => Err(unknown("output", word, &["table", "json"])),
    }
}
