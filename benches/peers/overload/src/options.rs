//! The words of the command line.

use std::fmt::Write as _;
use std::num::NonZero;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

use crate::burn::{SPREADS, Spread};
use crate::server::{SERVERS, Server};

/// Says what to serve, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which server.
    pub server: Server,
    /// Where it listens; 0 for a port that is free.
    pub port: u16,
    /// Where it takes orders; 0 for a port that is free.
    pub control_port: u16,
    /// Threads that serve, or processes.
    pub workers: usize,
    /// CPU time of a request, on average.
    pub work: Duration,
    /// How that is spread.
    pub spread: Spread,
    /// What the draws begin with.
    pub seed: u64,
    /// Requests or connections at once, for servers that have a limit.
    pub limit: usize,
    /// What a request may take, for servers with a timeout.
    pub timeout: Duration,
    /// What a request should take, for servers that go by that.
    pub target: Duration,
    /// Threads that burn, for servers that have some apart; by default the server's own.
    pub threads: Option<usize>,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// To serve.
    Serve(Options),
    /// To be told the words.
    Help,
}

/// Reads the command line.
///
/// # Errors
///
/// Says which word is wrong, and which would be right.
pub fn read(mut words: Parser) -> Result<Wanted, lexopt::Error> {
    let mut options = Options::default();
    let mut server = None;
    while let Some(word) = words.next()? {
        let Arg::Long(name) = word else {
            if word == Arg::Short('h') {
                return Ok(Wanted::Help);
            }
            return Err(word.unexpected());
        };
        match name {
            "help" => return Ok(Wanted::Help),
            "server" => server = Some(among(&words.value()?.string()?, &names())?),
            "port" => options.port = words.value()?.parse()?,
            "control-port" => options.control_port = words.value()?.parse()?,
            "workers" => options.workers = count(&mut words)?,
            "work" => options.work = span(&mut words)?,
            "dist" => options.spread = among(&words.value()?.string()?, &SPREADS)?,
            "seed" => options.seed = words.value()?.parse()?,
            "limit" => options.limit = count(&mut words)?,
            "timeout" => options.timeout = span(&mut words)?,
            "target" => options.target = span(&mut words)?,
            "threads" => options.threads = Some(count(&mut words)?),
            _ => return Err(word.unexpected()),
        }
    }
    options.server = server.ok_or("say which `--server`; `--help` lists them")?;
    Ok(Wanted::Serve(options))
}

impl Default for Options {
    fn default() -> Self {
        Self {
            server: Server::Seda,
            port: 0,
            control_port: 0,
            workers: thread::available_parallelism().map_or(1, NonZero::get),
            work: Duration::from_millis(1),
            spread: Spread::Exponential,
            seed: 1,
            limit: 20,
            timeout: Duration::from_millis(200),
            target: Duration::from_millis(25),
            threads: None,
        }
    }
}

/// Tells the words, and what there is to choose.
pub fn help() -> String {
    let spreads = SPREADS.map(|(name, _)| name).join(", ");
    let mut text = format!(
        "\
peer-overload --server NAME [--port 0] [--control-port 0] [--workers N]
              [--work 1ms] [--dist exponential] [--seed 1]
              [--limit 20] [--timeout 200ms] [--target 25ms] [--threads N]

Serves `GET /` by burning CPU time; says `control on ADDRESS`, then `listening on ADDRESS`.
--workers is by default as many as there are CPUs that it may use; --dist is one of
{spreads}. Orders: `POST /control?factor=4&pause=200ms`,
`GET /control`, at the address of the control.

"
    );
    for about in SERVERS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {:<22}{}", about.name, about.text);
    }
    text
}

fn names() -> Vec<(&'static str, Server)> {
    let names = SERVERS.iter().map(|about| (about.name, about.server));
    names.collect()
}

fn among<T: Copy>(word: &str, known: &[(&str, T)]) -> Result<T, lexopt::Error> {
    let found = known.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        format!("no `{word}`; there is {}", names.join(", ")).into()
    })
}

fn count(words: &mut Parser) -> Result<usize, lexopt::Error> {
    let count: NonZero<usize> = words.value()?.parse_with(NonZero::from_str)?;
    Ok(count.get())
}

fn span(words: &mut Parser) -> Result<Duration, lexopt::Error> {
    words.value()?.parse_with(humantime::parse_duration)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lexopt::Parser;

    use super::{Options, Wanted, help, read};
    use crate::burn::Spread;
    use crate::server::{SERVERS, Server};

    fn options(line: &str) -> Result<Options, String> {
        match read(Parser::from_args(line.split_whitespace())) {
            Ok(Wanted::Serve(options)) => Ok(options),
            Ok(Wanted::Help) => Err("help".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn every_word_is_understood() {
        let line = "--server cap --port 1 --control-port 2 --workers 3 --work 200us \
            --dist fixed --seed 4 --limit 5 --timeout 1s --target 9ms --threads 6";
        let read = options(line).unwrap();
        assert_eq!(
            (read.server, read.port, read.control_port),
            (Server::Cap, 1, 2)
        );
        assert_eq!((read.workers, read.seed, read.limit), (3, 4, 5));
        assert_eq!((read.spread, read.threads), (Spread::Fixed, Some(6)));
        assert_eq!(read.work, Duration::from_micros(200));
        assert_eq!(read.timeout, Duration::from_secs(1));
        assert_eq!(read.target, Duration::from_millis(9));
    }

    #[test]
    fn a_wrong_word_is_named_with_the_right_ones() {
        assert!(
            options("--server apache")
                .unwrap_err()
                .contains("seda-classic")
        );
        assert!(
            options("--server cap --dist odd")
                .unwrap_err()
                .contains("two-modes")
        );
        assert!(options("--server cap --limit 0").is_err());
        assert!(options("").unwrap_err().contains("--server"));
    }

    #[test]
    fn all_servers_are_in_the_help() {
        let help = help();
        for about in SERVERS {
            assert!(help.contains(about.name));
        }
    }
}
