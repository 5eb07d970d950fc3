//! The words of `seda lab`.

mod figures;
mod load_words;
pub mod simulate;

use std::path::PathBuf;

use lexopt::Arg::{Long, Short, Value};
use lexopt::Parser;

use crate::args::laboratory::simulate::{Asked, Ground};
use crate::args::usage::{self, UsageError, text, unknown};

pub use load_words::{Live, Loads};

const ACTIONS: [&str; 7] = [
    "run",
    "sweep",
    "report",
    "compare",
    "scenarios",
    "table",
    "policies",
];
const TABLE_OPTIONS: [&str; 4] = ["--policy", "--seed", "--seconds", "--output"];
const REPORT_OPTIONS: [&str; 4] = ["--out", "--svg", "--csv", "--variant"];
const COMPARE_OPTIONS: [&str; 2] = ["--out", "--output"];

/// What to do in the laboratory.
#[derive(Clone, Debug, PartialEq)]
pub enum Lab {
    /// Compare policies in virtual time.
    Table(Table),
    /// List the policies that there are.
    Policies,
    /// Show what was recorded.
    Report(Report),
    /// Show how two records differ.
    Compare(Compare),
    /// Generate one load on a server.
    Run(Box<Live>),
    /// Generate loads on a server from far below to far above what it can do.
    Sweep(Box<Live>, Loads),
    /// Run a scenario in virtual time.
    Simulate(Asked),
    /// Run a scenario on this machine's threads.
    Threads(Asked),
    /// Run a scenario on a server.
    Trial(Asked, Ground),
    /// List the scenarios that come with the program.
    Scenarios,
}

/// Which records to show, and where.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// The files of the records; never none.
    pub records: Vec<PathBuf>,
    /// Where the page goes; to standard output when nothing else is asked for.
    pub out: Option<PathBuf>,
    /// The directory for the plots, a file each.
    pub svg: Option<PathBuf>,
    /// The file for the table of all runs.
    pub csv: Option<PathBuf>,
    /// Which variants the page and the plots show; all when there are none.
    pub variants: Vec<String>,
}

/// Which records to compare, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Compare {
    /// The file of the record that is compared with.
    pub a: PathBuf,
    /// The file of the other one.
    pub b: PathBuf,
    /// How the differences are printed.
    pub lines: Lines,
    /// Where a page with the curves of both goes.
    pub out: Option<PathBuf>,
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
        Some(Value(word)) if word == "run" => run(parser),
        Some(Value(word)) if word == "sweep" => load_words::sweep(parser),
        Some(Value(word)) if word == "policies" => nothing_more(parser, Lab::Policies),
        Some(Value(word)) if word == "scenarios" => nothing_more(parser, Lab::Scenarios),
        Some(Value(word)) if word == "report" => report(parser),
        Some(Value(word)) if word == "compare" => compare(parser),
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

/// Reads the words after `lab run`: a scenario comes first, where it is one.
fn run(parser: &mut Parser) -> Result<Option<Lab>, UsageError> {
    match parser.clone().next()? {
        Some(Value(_) | Long("simulate")) => simulate::parse(parser),
        _ => load_words::run(parser),
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

fn report(parser: &mut Parser) -> Result<Option<Lab>, UsageError> {
    let mut report = Report::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("out") => report.out = Some(parser.value()?.into()),
            Long("svg") => report.svg = Some(parser.value()?.into()),
            Long("csv") => report.csv = Some(parser.value()?.into()),
            Long("variant") => report.variants.push(text(parser.value()?)?),
            Long("help") | Short('h') => return Ok(None),
            Value(file) => report.records.push(file.into()),
            other => return Err(usage::unexpected(&other, &REPORT_OPTIONS)),
        }
    }
    if report.records.is_empty() {
        return Err(UsageError::new(
            "`seda lab report` needs a record",
            "name the files that were measured, such as `seda lab report sweep.json --out sweep.html`",
        ));
    }
    Ok(Some(Lab::Report(report)))
}

fn compare(parser: &mut Parser) -> Result<Option<Lab>, UsageError> {
    let mut records: Vec<PathBuf> = Vec::new();
    let (mut lines_as, mut out) = (Lines::default(), None);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("output") | Short('o') => lines_as = lines(&text(parser.value()?)?)?,
            Long("out") => out = Some(parser.value()?.into()),
            Long("help") | Short('h') => return Ok(None),
            Value(file) => records.push(file.into()),
            other => return Err(usage::unexpected(&other, &COMPARE_OPTIONS)),
        }
    }
    match <[PathBuf; 2]>::try_from(records) {
        Ok([a, b]) => Ok(Some(Lab::Compare(Compare {
            a,
            b,
            lines: lines_as,
            out,
        }))),
        Err(records) => Err(UsageError::new(
            format!(
                "`seda lab compare` needs two records, not {}",
                records.len()
            ),
            "name the files, such as `seda lab compare before.json after.json`",
        )),
    }
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
