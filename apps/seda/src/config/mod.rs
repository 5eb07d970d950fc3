//! What the server is told by a TOML file, on top of built-in defaults.
//!
//! Reading reports every mistake it can find at once, each as `file:line:column: what, what to do next`.

pub mod http;
pub mod problem;
pub mod section;
pub mod setting;

use std::collections::HashSet;
use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeTable;

use crate::config::http::Http;
use crate::config::problem::{Problem, Problems, Source};
use crate::config::section::{Reported, Section};
use crate::config::setting::{Bytes, LogLevel, Slots};

/// What holds where a configuration says nothing else; also its reference.
pub const DEFAULTS: &str = include_str!("../../defaults.toml");

/// The configuration of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where HTTP is served.
    pub listen: SocketAddr,
    /// The least serious level that is logged.
    pub log_level: LogLevel,
    /// How long a drain lets accepted jobs go on.
    pub drain_deadline: Duration,
    /// The most memory that the process should have; nothing for the machine's.
    pub memory_max: Option<Bytes>,
    /// Limits of HTTP connections, and of who makes them.
    pub http: Http,
    /// Where and how jobs run.
    pub jobs: Jobs,
    /// Capacities of the stages' queues, in events.
    pub queues: Queues,
    /// Where jobs can run; at least one, their names differ.
    pub targets: Vec<Target>,
    /// Which stage runs where, for the runtime to read; nothing for its default.
    pub plan: Option<PlanTable>,
}

/// Where and how jobs run.
#[derive(Clone, Debug, PartialEq)]
pub struct Jobs {
    /// The directory that holds one directory for each job.
    pub root: PathBuf,
    /// How many jobs run at once, over all targets.
    pub slots: Slots,
    /// How much of each output stream of an ended job is kept.
    pub output_bytes_max: Bytes,
    /// How many finished jobs are remembered at least.
    pub finished_max: NonZeroUsize,
    /// Between asking a cancelled job to end and killing it.
    pub cancel_grace: Duration,
}

/// Capacities of queues, in events.
#[derive(Clone, Debug, PartialEq)]
pub struct Queues {
    /// For each stage that handles HTTP requests.
    pub requests: NonZeroUsize,
    /// For each stage that handles jobs; also how many jobs there may be that have not ended.
    pub jobs: NonZeroUsize,
}

/// A place where jobs can run.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its name, which no other target has.
    pub name: String,
    /// The queue that a job may ask for.
    pub queue: String,
    /// How many jobs run here at once.
    pub slots: Slots,
    /// What each of its jobs may ask for, in MB; nothing for the machine's memory.
    pub memory_mb: Option<NonZeroUsize>,
}

/// The `[plan]` table, unread.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanTable {
    /// As it stands in the file.
    pub table: toml::Table,
    /// `file:line:column`, for what the runtime finds wrong with it.
    pub place: String,
}

impl Config {
    /// The built-in defaults alone.
    ///
    /// # Errors
    ///
    /// When the defaults are wrong, which a test rules out.
    pub fn defaults() -> Result<Self, Problems> {
        Self::parse("defaults.toml", "")
    }

    /// Reads `file` on top of the defaults.
    ///
    /// # Blocking
    ///
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// With every problem that was found, when the file cannot be read or understood.
    pub fn load(file: &Path) -> Result<Self, Problems> {
        let name = file.display().to_string();
        let text = fs::read_to_string(file).map_err(|error| {
            let what = format!("cannot be read ({error}), name another file with --config");
            let place = name.clone();
            Problems(vec![Problem { place, what }])
        })?;
        Self::parse(&name, &text)
    }

    /// Reads `text`, the content of the file `name`, on top of the defaults.
    ///
    /// # Errors
    ///
    /// With every problem that was found.
    ///
    /// # Examples
    ///
    /// ```
    /// use seda::config::Config;
    ///
    /// let problems = Config::parse("seda.toml", "lisen = \"127.0.0.1:80\"").unwrap_err();
    /// assert_eq!(
    ///     problems.to_string(),
    ///     "seda.toml:1:1: unknown key `lisen`, did you mean `listen`?"
    /// );
    /// ```
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let defaults_source = Source {
            name: "defaults.toml",
            text: DEFAULTS,
        };
        let source = Source { name, text };
        let defaults = syntax(defaults_source)?;
        let table = syntax(source)?;
        let mut root = Section::root(source, &table, &defaults);
        let config = read(&mut root, text);
        match (config, root.finish()) {
            (Ok(config), problems) if problems.is_empty() => Ok(config),
            (_, problems) => Err(Problems(problems)),
        }
    }
}

/// The text as a table with positions. A text with mistakes is read no further:
/// what else is wrong with it would be guessed.
fn syntax(source: Source<'_>) -> Result<DeTable<'_>, Problems> {
    let (table, mut errors) = DeTable::parse_recoverable(source.text);
    if errors.is_empty() {
        return Ok(table.into_inner());
    }
    let start = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
    errors.sort_by_key(start);
    let problems = errors.iter().map(|error| Problem {
        place: source.place(start(error)),
        what: format!("not TOML: {}", error.message()),
    });
    Err(Problems(problems.collect()))
}

fn read(root: &mut Section<'_>, text: &str) -> Result<Config, Reported> {
    let listen = root.get("listen");
    let log_level = root.get("log_level");
    let drain_deadline = root.get("drain_deadline");
    let memory_max = root.optional("memory_max");
    let http = root.section("http", http::read);
    let jobs = root.section("jobs", jobs);
    let queues = root.section("queues", queues);
    let targets = targets(root);
    let plan = plan(root, text);
    Ok(Config {
        listen: listen?,
        log_level: log_level?,
        drain_deadline: drain_deadline?,
        memory_max: memory_max?,
        http: http?,
        jobs: jobs?,
        queues: queues?,
        targets: targets?,
        plan: plan?,
    })
}

fn jobs(section: &mut Section<'_>) -> Result<Jobs, Reported> {
    let root = section.get("root");
    let slots = section.get("slots");
    let output_bytes_max = section.get("output_bytes_max");
    let finished_max = section.get("finished_max");
    let cancel_grace = section.get("cancel_grace");
    Ok(Jobs {
        root: root?,
        slots: slots?,
        output_bytes_max: output_bytes_max?,
        finished_max: finished_max?,
        cancel_grace: cancel_grace?,
    })
}

fn queues(section: &mut Section<'_>) -> Result<Queues, Reported> {
    let requests = section.get("requests");
    let jobs = section.get("jobs");
    Ok(Queues {
        requests: requests?,
        jobs: jobs?,
    })
}

fn targets(root: &mut Section<'_>) -> Result<Vec<Target>, Reported> {
    let read = root.list("target", target)?;
    let mut names = HashSet::new();
    let mut targets = Vec::new();
    for (start, target) in read {
        if !names.insert(target.name.clone()) {
            let what = format!("another target is called `{}`, rename one", target.name);
            root.problem(start, what);
        }
        targets.push(target);
    }
    Ok(targets)
}

fn target(section: &mut Section<'_>) -> Result<Target, Reported> {
    let name = section.required("name");
    let queue = section.get("queue");
    let slots = section.get("slots");
    let memory_mb = section.optional("memory_mb");
    Ok(Target {
        name: name?,
        queue: queue?,
        slots: slots?,
        memory_mb: memory_mb?,
    })
}

fn plan(root: &mut Section<'_>, text: &str) -> Result<Option<PlanTable>, Reported> {
    let Some(place) = root.table_place("plan")? else {
        return Ok(None);
    };
    // The text is TOML and has the table: `syntax` and `table_place` have seen to that.
    let whole: Option<toml::Table> = text.parse().ok();
    let plan = whole.and_then(|mut whole| whole.remove("plan"));
    Ok(match plan {
        Some(toml::Value::Table(table)) => Some(PlanTable { table, place }),
        _ => None,
    })
}
