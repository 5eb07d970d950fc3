//! The words of the command line.

use std::ffi::OsString;

use lexopt::Arg::{Long, Short, Value};
use lexopt::{Parser, ValueExt};

use crate::goal::Output;
use crate::http::scenario::{SCENARIOS, Scenario};
use crate::http::servers::{OURS_TWICE, Origin, SERVERS, Server};

/// How to use the program.
pub const USAGE: &str = "\
usage: http [--rounds N] [--seconds N] [--only SERVER,…] [--scenario NAME,…]
            [-o table|json]
       http serve PORT WORKERS

  --rounds N         how often each server is measured; the median counts (3)
  --seconds N        how long each measurement lasts (3)
  --only SERVER,…    only these servers (all)
  --scenario NAME,…  only these scenarios (all)
  -o table|json      how figures are printed (table)

`serve` runs the server of this project alone, to be looked at with other tools.
";

/// Is what the program is to do.
#[derive(Debug)]
pub enum Command {
    /// Measure.
    Measure(Options),
    /// Be the server of this project.
    Serve {
        /// Where to listen.
        port: u16,
        /// How many workers.
        workers: usize,
    },
    /// Say how the program is used.
    Help,
}

/// Says what to measure, and how long.
#[derive(Debug)]
pub struct Options {
    /// How often each server is measured.
    pub rounds: usize,
    /// How long each measurement lasts.
    pub seconds: u64,
    /// The servers.
    pub servers: Vec<Server>,
    /// The scenarios.
    pub scenarios: Vec<Scenario>,
    /// How figures are printed.
    pub output: Output,
}

const OUTPUTS: [(&str, Output); 2] = [("table", Output::Table), ("json", Output::Json)];

impl Default for Options {
    fn default() -> Self {
        Self {
            rounds: 3,
            seconds: 3,
            servers: known_servers(),
            scenarios: SCENARIOS.to_vec(),
            output: Output::Table,
        }
    }
}

fn known_servers() -> Vec<Server> {
    SERVERS.into_iter().chain([OURS_TWICE]).collect()
}

impl Command {
    /// Reads the command line, without the program's name.
    ///
    /// # Errors
    ///
    /// Says which word is wrong, and what could stand there.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut parser = Parser::from_args(words);
        let mut options = Options::default();
        while let Some(word) = parser.next().map_err(explain)? {
            match word {
                Value(word) if word == "serve" => return serve(&mut parser).map_err(explain),
                Short('h') | Long("help") => return Ok(Self::Help),
                Long("rounds") => options.rounds = number(&mut parser)?,
                Long("seconds") => options.seconds = number(&mut parser)?,
                Long("only") => {
                    options.servers = chosen(&mut parser, &known_servers(), |one| one.name)?;
                }
                Long("scenario") => {
                    options.scenarios = chosen(&mut parser, &SCENARIOS, |one| one.name)?;
                }
                Short('o') => options.output = one(&mut parser, &OUTPUTS)?,
                word => return Err(word.unexpected().to_string()),
            }
        }
        Ok(Self::Measure(options))
    }
}

fn serve(parser: &mut Parser) -> Result<Command, lexopt::Error> {
    Ok(Command::Serve {
        port: parser.value()?.parse()?,
        workers: parser.value()?.parse()?,
    })
}

impl Options {
    /// Gives those of the scenario's servers that were chosen.
    pub fn servers_of(&self, scenario: &Scenario) -> Vec<Server> {
        let mut servers = scenario.servers().to_vec();
        servers.retain(|server| self.servers.contains(server));
        servers
    }

    /// Gives the programs that must be installed.
    pub fn programs(&self) -> Vec<&'static str> {
        let nginx = |server: &Server| server.origin == Origin::Nginx;
        let nginx = self.servers.iter().any(nginx).then_some("nginx");
        let wrk = self.scenarios.iter().any(Scenario::needs_wrk);
        nginx.into_iter().chain(wrk.then_some("wrk")).collect()
    }
}

fn number<N: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    parser: &mut Parser,
) -> Result<N, String> {
    let value = parser.value().map_err(explain)?;
    value.parse().map_err(explain)
}

fn one<T: Copy>(parser: &mut Parser, known: &[(&'static str, T)]) -> Result<T, String> {
    let word = text(parser)?;
    let found = known.iter().find(|(name, _)| *name == word);
    let names = || known.iter().map(|(name, _)| *name);
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| unknown(&word, names()))
}

fn chosen<T: Copy>(
    parser: &mut Parser,
    known: &[T],
    name: impl Fn(&T) -> &'static str,
) -> Result<Vec<T>, String> {
    let words = text(parser)?;
    let find = |word: &str| {
        let found = known.iter().find(|one| name(one) == word);
        found
            .copied()
            .ok_or_else(|| unknown(word, known.iter().map(&name)))
    };
    words.split(',').map(find).collect()
}

fn text(parser: &mut Parser) -> Result<String, String> {
    let value = parser.value().map_err(explain)?;
    value.string().map_err(explain)
}

fn unknown(word: &str, names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<&str> = names.collect();
    format!("unknown word `{word}`; there are {}", names.join(", "))
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "for map_err, which gives it away"
)]
fn explain(error: lexopt::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Command, Options};

    fn options(words: &str) -> Result<Options, String> {
        match Command::parse(words.split_whitespace().map(Into::into))? {
            Command::Measure(options) => Ok(options),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn one_comparison_can_be_chosen() {
        let words = "--only seda,nginx --scenario idle,two-workers --seconds 1";
        let options = options(words).unwrap();
        let named = options.scenarios.iter().map(|scenario| {
            let servers = options.servers_of(scenario);
            let servers = servers.iter().map(|server| server.name);
            (scenario.name, servers.collect::<Vec<_>>())
        });
        let named: Vec<_> = named.collect();
        let expected = [
            ("idle", vec!["seda", "nginx"]),
            ("two-workers", vec!["seda"]),
        ];
        assert_eq!(named, expected);
        assert_eq!(options.seconds, 1);
        assert_eq!(options.programs(), ["nginx"]);
    }

    #[test]
    fn everything_is_measured_where_nothing_is_chosen() {
        let options = options("").unwrap();
        let scenarios = options.scenarios.iter();
        let servers = scenarios.map(|scenario| options.servers_of(scenario).len());
        assert_eq!(
            servers.collect::<Vec<_>>(),
            [10, 10, 10, 10, 10, 10, 10, 10, 10, 2]
        );
    }

    #[test]
    fn an_unknown_word_is_answered_with_those_that_are_known() {
        let error = options("-o ab").unwrap_err();
        assert_eq!(error, "unknown word `ab`; there are table, json");
        assert!(options("--only apache").unwrap_err().contains("nginx"));
        assert!(options("--rounds many").is_err());
        assert!(options("--fast").is_err());
    }

    #[test]
    fn serve_takes_a_port_and_workers() {
        let command = Command::parse(["serve", "8080", "2"].map(Into::into));
        let Ok(Command::Serve { port, workers }) = command else {
            panic!("{command:?}");
        };
        assert_eq!((port, workers), (8080, 2));
    }
}
