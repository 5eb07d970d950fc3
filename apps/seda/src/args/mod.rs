//! The words of the command line, and what they ask for.

pub mod address;
pub mod laboratory;
pub mod usage;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::Arg::{Long, Short, Value};
use lexopt::Parser;

use crate::args::address::ServerAddress;
use crate::args::laboratory::Lab;
use crate::args::usage::{UsageError, text, unknown};

const COMMANDS: [&str; 6] = ["serve", "job", "graph", "bottleneck", "lab", "help"];
const ACTIONS: [&str; 5] = ["submit", "list", "status", "logs", "cancel"];
const SERVE_OPTIONS: [&str; 2] = ["--config", "--listen"];
const CLIENT_OPTIONS: [&str; 2] = ["--output", "--server"];
const SUBMIT_OPTIONS: [&str; 3] = ["--name", "--output", "--server"];

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Start the server.
    Serve(Serve),
    /// Ask a running server about jobs.
    Job(Job),
    /// Draw the stages of a running server.
    Graph(Graph),
    /// Ask a running server what limits it.
    Bottleneck(Limits),
    /// Measure what controllers do under load.
    Lab(Lab),
    /// Print what there is.
    Help,
    /// Print the version.
    Version,
}

/// How to start the server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Serve {
    /// The configuration; the defaults alone without one.
    pub config: Option<PathBuf>,
    /// Overrides the configuration's address.
    pub listen: Option<SocketAddr>,
}

/// What to ask about jobs, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Job {
    /// The server to ask.
    pub server: ServerAddress,
    /// How to print the answer.
    pub output: Output,
    /// What to ask.
    pub action: Action,
}

/// What can be asked about jobs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// Run a program as a job.
    Submit {
        /// What people call the job; the server makes one up otherwise.
        name: Option<String>,
        /// The program and its arguments; never empty.
        command: Vec<String>,
    },
    /// All jobs the server remembers.
    List,
    /// One job's state.
    Status(String),
    /// What one job has printed.
    Logs(String),
    /// End one job.
    Cancel(String),
}

/// How to print an answer about jobs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Output {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

/// How to be told what limits a server, and by which.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The server to ask.
    pub server: ServerAddress,
    /// How to print the answer.
    pub output: Output,
}

/// Which picture to get, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Graph {
    /// The server to ask.
    pub server: ServerAddress,
    /// How the picture is written.
    pub picture: Picture,
}

/// How a picture of the graph is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Picture {
    /// For browsers.
    #[default]
    Svg,
    /// For Graphviz.
    Dot,
    /// For Markdown.
    Mermaid,
    /// For programs.
    Json,
}

impl Command {
    /// Reads the words after the program's name.
    ///
    /// # Errors
    ///
    /// When they make no sense; the error says which word, and what to write instead.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, UsageError> {
        let mut words = words.into_iter().peekable();
        let first = words.peek().map(|word| word.to_string_lossy().into_owned());
        match first.as_deref() {
            Some("help" | "--help" | "-h") => return Ok(Self::Help),
            Some("--version" | "-V") => return Ok(Self::Version),
            Some("job" | "graph" | "bottleneck" | "lab" | "serve") => drop(words.next()),
            Some(word) if !word.starts_with('-') => {
                return Err(unknown("command", word, &COMMANDS));
            }
            _ => {}
        }
        let mut parser = Parser::from_args(words);
        match first.as_deref() {
            Some("job") => job(&mut parser),
            Some("graph") => graph(&mut parser),
            Some("bottleneck") => bottleneck(&mut parser),
            Some("lab") => Ok(laboratory::parse(&mut parser)?.map_or(Self::Help, Self::Lab)),
            _ => serve(&mut parser),
        }
    }
}

fn serve(parser: &mut Parser) -> Result<Command, UsageError> {
    let mut serve = Serve::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("config") => serve.config = Some(parser.value()?.into()),
            Long("listen") => serve.listen = Some(listen(&text(parser.value()?)?)?),
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(usage::unexpected(&other, &SERVE_OPTIONS)),
        }
    }
    Ok(Command::Serve(serve))
}

fn job(parser: &mut Parser) -> Result<Command, UsageError> {
    let action = match parser.next()? {
        Some(Value(word)) => text(word)?,
        Some(Long("help") | Short('h')) => return Ok(Command::Help),
        Some(other) => return Err(usage::unexpected(&other, &ACTIONS)),
        None => return Err(usage::missing("`seda job` needs an action", &ACTIONS)),
    };
    if !ACTIONS.contains(&action.as_str()) {
        return Err(unknown("action", &action, &ACTIONS));
    }
    let mut server = ServerAddress::default();
    let mut output = Output::default();
    let mut name = None;
    let mut values: Vec<String> = Vec::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("server") => server = text(parser.value()?)?.parse()?,
            Long("output") | Short('o') => output = job_output(&text(parser.value()?)?)?,
            Long("name") if action == "submit" => name = Some(text(parser.value()?)?),
            Long("help") | Short('h') => return Ok(Command::Help),
            Value(word) => {
                values.push(text(word)?);
                if action == "submit" {
                    // From its first word on, all belongs to the command, options too.
                    for word in parser.raw_args()? {
                        values.push(text(word)?);
                    }
                }
            }
            other if action == "submit" => return Err(usage::unexpected(&other, &SUBMIT_OPTIONS)),
            other => return Err(usage::unexpected(&other, &CLIENT_OPTIONS)),
        }
    }
    let action = job_action(&action, name, values)?;
    Ok(Command::Job(Job {
        server,
        output,
        action,
    }))
}

/// Puts an action together from its word and the values after it.
fn job_action(
    action: &str,
    name: Option<String>,
    values: Vec<String>,
) -> Result<Action, UsageError> {
    let of_one_job: fn(String) -> Action = match action {
        "submit" if values.is_empty() => {
            return Err(UsageError::new(
                "`seda job submit` needs a command",
                "write it after `--`, such as `seda job submit -- echo hello`",
            ));
        }
        "submit" => {
            let command = values;
            return Ok(Action::Submit { name, command });
        }
        "status" => Action::Status,
        "logs" => Action::Logs,
        "cancel" => Action::Cancel,
        _ => {
            return match values.first() {
                None => Ok(Action::List),
                Some(extra) => Err(UsageError::new(
                    format!("`seda job list` takes no `{extra}`"),
                    "`seda job status ID` shows one job",
                )),
            };
        }
    };
    match <[String; 1]>::try_from(values) {
        Ok([id]) => Ok(of_one_job(id)),
        Err(values) => Err(UsageError::new(
            format!("`seda job {action}` needs one job, not {}", values.len()),
            "`seda job list` shows their IDs",
        )),
    }
}

fn graph(parser: &mut Parser) -> Result<Command, UsageError> {
    let mut server = ServerAddress::default();
    let mut picture = Picture::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("server") => server = text(parser.value()?)?.parse()?,
            Long("output") | Short('o') => picture = graph_output(&text(parser.value()?)?)?,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(usage::unexpected(&other, &CLIENT_OPTIONS)),
        }
    }
    Ok(Command::Graph(Graph { server, picture }))
}

fn bottleneck(parser: &mut Parser) -> Result<Command, UsageError> {
    let mut server = ServerAddress::default();
    let mut output = Output::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("server") => server = text(parser.value()?)?.parse()?,
            Long("output") | Short('o') => output = job_output(&text(parser.value()?)?)?,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(usage::unexpected(&other, &CLIENT_OPTIONS)),
        }
    }
    Ok(Command::Bottleneck(Limits { server, output }))
}

fn job_output(word: &str) -> Result<Output, UsageError> {
    match word {
        "table" => Ok(Output::Table),
        "json" => Ok(Output::Json),
        _ => Err(unknown("output", word, &["table", "json"])),
    }
}

fn graph_output(word: &str) -> Result<Picture, UsageError> {
    match word {
        "svg" => Ok(Picture::Svg),
        "dot" => Ok(Picture::Dot),
        "mermaid" => Ok(Picture::Mermaid),
        "json" => Ok(Picture::Json),
        _ => Err(unknown("output", word, &["svg", "dot", "mermaid", "json"])),
    }
}

fn listen(word: &str) -> Result<SocketAddr, UsageError> {
    word.parse().map_err(|_| {
        UsageError::new(
            format!("`--listen` cannot be `{word}`"),
            "write an address and a port, such as 127.0.0.1:8080",
        )
    })
}

#[cfg(test)]
mod tests;
