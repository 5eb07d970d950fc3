//! The words of `seda lab run` and `seda lab scenarios`.

use std::path::PathBuf;

use lexopt::Arg::{Long, Short, Value};
use lexopt::Parser;

use crate::args::laboratory::{Lab, Lines, lines, number};
use crate::args::usage::{self, UsageError, text};

const OPTIONS: [&str; 10] = [
    "--simulate",
    "--target",
    "--capacity",
    "--cpu",
    "--class-header",
    "--seed",
    "--seeds",
    "--out",
    "--hdr-log",
    "--output",
];
/// More runs of each point than these are hardly meant.
const SEEDS_MAX: u64 = 10_000;

/// Which scenario to run, and how.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Asked {
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

/// Where a scenario runs that is not simulated.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ground {
    /// The server's URL.
    pub target: String,
    /// Requests per second that it can do; measured when it is not given.
    pub capacity: Option<u64>,
    /// The core that the load comes from.
    pub cpu: Option<u64>,
    /// By which header the server is told the class of a request, `NAME` or `NAME: VALUE`.
    pub class_header: Option<String>,
    /// Where latencies are written to, second by second.
    pub hdr_log: Option<PathBuf>,
}

/// Reads the words after `lab run`.
pub(super) fn parse(parser: &mut Parser) -> Result<Option<Lab>, UsageError> {
    let mut asked = Asked::default();
    let (mut scenario, mut simulated, mut target) = (None, None, None);
    let mut ground = Ground::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Value(word) if scenario.is_none() => scenario = Some(text(word)?),
            Long("simulate") => simulated = Some(()),
            Long("target") => target = Some(text(parser.value()?)?),
            Long("capacity") => ground.capacity = Some(number("--capacity", parser, 1)?),
            Long("cpu") => ground.cpu = Some(number("--cpu", parser, 0)?),
            Long("class-header") => ground.class_header = Some(text(parser.value()?)?),
            Long("seed") => asked.seed = Some(number("--seed", parser, 0)?),
            Long("seeds") => asked.seeds = Some(seeds(number("--seeds", parser, 1)?)?),
            Long("hdr-log") => ground.hdr_log = Some(parser.value()?.into()),
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
    let asked = Asked { scenario, ..asked };
    if target.is_none() && (ground.capacity.is_some() || ground.cpu.is_some()) {
        return Err(UsageError::new(
            "`--capacity` and `--cpu` are about a server",
            "add `--target URL`, or leave them out",
        ));
    }
    match (simulated, target) {
        (Some(()), None) if ground.hdr_log.is_some() => Err(UsageError::new(
            "`--hdr-log` has the latencies of a server, and `--simulate` asks none",
            "leave it out, or name a server with `--target URL`",
        )),
        (Some(()), None) => Ok(Some(Lab::Simulate(asked))),
        (None, Some(target)) => Ok(Some(Lab::Trial(asked, Ground { target, ..ground }))),
        (None, None) => Ok(Some(Lab::Threads(asked))),
        (Some(()), Some(_)) => Err(UsageError::new(
            "`--simulate` and `--target` exclude each other",
            "leave one of them out",
        )),
    }
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
