//! The words of the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::Arg::{Long, Short, Value};
use lexopt::Parser;

use crate::goal::Output;
use crate::http::scenario::{SCENARIOS, Scenario};
use crate::http::servers::{NGINX_READING, OURS_TWICE, Origin, SERVERS, Server};
use crate::http::service::Service;
use crate::words::{OUTPUTS, chosen, explain, number, one};

/// How to use the program.
pub const USAGE: &str = "\
usage: http [--rounds N] [--seconds N] [--only SERVER,…] [--scenario NAME,…]
            [-o table|json]
       http serve PORT WORKERS hello|tls|files DIRECTORY

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
        /// What to serve.
        service: Service,
        /// Where the files are, if that is it.
        directory: PathBuf,
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
    SERVERS
        .into_iter()
        .chain([OURS_TWICE, NGINX_READING])
        .collect()
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
                Value(word) if word == "serve" => return serve(&mut parser),
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

fn serve(parser: &mut Parser) -> Result<Command, String> {
    Ok(Command::Serve {
        port: number(parser)?,
        workers: number(parser)?,
        service: one(parser, &Service::NAMED)?,
        directory: parser.value().map_err(explain)?.into(),
    })
}

impl Options {
    /// Gives those of the scenario's servers that were chosen.
    pub fn servers_of(&self, scenario: &Scenario) -> Vec<Server> {
        let mut servers = scenario.servers().to_vec();
        servers.retain(|server| self.servers.contains(server));
        servers
    }

    /// Gives those of the chosen servers that any of the chosen scenarios has.
    pub fn needed_servers(&self) -> Vec<Server> {
        let needed = |server: &Server| {
            let mut scenarios = self.scenarios.iter();
            scenarios.any(|scenario| scenario.servers().contains(server))
        };
        self.servers.iter().copied().filter(needed).collect()
    }

    /// Gives the programs that must be installed.
    pub fn programs(&self) -> Vec<&'static str> {
        let nginx = |server: &Server| server.origin == Origin::Nginx;
        let nginx = self.needed_servers().iter().any(nginx).then_some("nginx");
        let wrk = self.scenarios.iter().any(Scenario::needs_wrk);
        nginx.into_iter().chain(wrk.then_some("wrk")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Options};
    use crate::http::service::Service;

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
        assert_eq!(options.needed_servers().len(), 2);
    }

    #[test]
    fn everything_is_measured_where_nothing_is_chosen() {
        let options = options("").unwrap();
        let scenarios = options.scenarios.iter();
        let servers = scenarios.map(|scenario| options.servers_of(scenario).len());
        assert_eq!(
            servers.collect::<Vec<_>>(),
            [
                10, 10, 10, 10, 10, 10, 10, 10, 10, 2, 3, 3, 3, 3, 3, 3, 2, 2, 2
            ]
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
    fn serve_takes_a_port_workers_and_what_to_serve() {
        let words = ["serve", "8080", "2", "files", "docs"];
        let command = Command::parse(words.map(Into::into));
        let Ok(Command::Serve {
            port,
            workers,
            service,
            directory,
        }) = command
        else {
            panic!("{command:?}");
        };
        assert_eq!((port, workers, service), (8080, 2, Service::Files));
        assert_eq!(directory.to_str(), Some("docs"));
        assert!(Command::parse(["serve", "8080", "2", "tea"].map(Into::into)).is_err());
    }
}
