//! The words of the command line.

use std::ffi::OsString;

use lexopt::Arg::{Long, Short, Value};
use lexopt::Parser;

use crate::goal::Output;
use crate::words::{OUTPUTS, chosen, explain, number, one, some};

/// How to use the program.
pub const USAGE: &str = "\
usage: bandwidth [--rounds N] [--seconds N] [--only SERVER,…]
                 [--connections N,…] [-o table|json]
       bandwidth serve SERVER

  --rounds N           how often each server is measured; the median counts (3)
  --seconds N          how long each measurement lasts (3)
  --only SERVER,…      only these servers: seda, threads (both)
  --connections N,…    with so many connections (1,4,16,64,256,1024,4096,10000)
  -o table|json        how figures are printed (table)

`serve` runs one server alone: it prints where it listens, and for each line
that it reads how many bytes it has got.
";

/// The servers, in the order in which they take turns.
pub const SERVERS: [&str; 2] = ["seda", "threads"];
/// How many connections are measured.
const CONNECTIONS: [usize; 8] = [1, 4, 16, 64, 256, 1_024, 4_096, 10_000];

/// Is what the program is to do.
#[derive(Debug)]
pub enum Command {
    /// Measure.
    Measure(Options),
    /// Be a server.
    Serve(&'static str),
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
    pub servers: Vec<&'static str>,
    /// The numbers of connections.
    pub connections: Vec<usize>,
    /// How figures are printed.
    pub output: Output,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rounds: 3,
            seconds: 3,
            servers: SERVERS.to_vec(),
            connections: CONNECTIONS.to_vec(),
            output: Output::Table,
        }
    }
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
        let named = SERVERS.map(|name| (name, name));
        while let Some(word) = parser.next().map_err(explain)? {
            match word {
                Value(word) if word == "serve" => {
                    return Ok(Self::Serve(one(&mut parser, &named)?));
                }
                Short('h') | Long("help") => return Ok(Self::Help),
                Long("rounds") => options.rounds = number(&mut parser)?,
                Long("seconds") => options.seconds = number(&mut parser)?,
                Long("only") => options.servers = chosen(&mut parser, &SERVERS, |name| name)?,
                Long("connections") => options.connections = some(&mut parser)?,
                Short('o') => options.output = one(&mut parser, &OUTPUTS)?,
                word => return Err(word.unexpected().to_string()),
            }
        }
        Ok(Self::Measure(options))
    }
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn numbers_of_connections_can_be_chosen() {
        let words = ["--connections", "1,1000", "--only", "threads"];
        let Ok(Command::Measure(options)) = Command::parse(words.map(Into::into)) else {
            panic!("it measures");
        };
        assert_eq!(options.connections, [1, 1_000]);
        assert_eq!(options.servers, ["threads"]);
        assert!(Command::parse(["--connections", "1,x"].map(Into::into)).is_err());
        assert!(Command::parse(["serve", "nginx"].map(Into::into)).is_err());
    }
}
