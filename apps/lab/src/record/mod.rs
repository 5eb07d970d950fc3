//! What was seen of a scenario: written to disk as JSON, read by the report and by comparisons.

mod interval;
mod outcomes;
mod reading;
mod series;
mod spread;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use interval::Interval;
pub use outcomes::Outcomes;
pub use reading::ReadError;
pub use series::{Column, Series};
pub use spread::{Distribution, Spread};

/// Is the number of this format; a record of another one is refused.
pub const FORMAT: u32 = 1;

/// Is everything that was seen of one scenario.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Always [`FORMAT`].
    pub format: u32,
    /// The scenario's name, title, and what it is to show.
    pub scenario: String,
    /// See [`scenario`](Self::scenario).
    pub title: String,
    /// See [`scenario`](Self::scenario).
    pub about: String,
    /// Where it ran.
    pub ground: Ground,
    /// What makes the figures worth something: how to get them again.
    pub provenance: Provenance,
    /// The latency, in milliseconds, within which an answer is good.
    pub target_ms: f64,
    /// One for each variant, point and seed.
    pub runs: Vec<Run>,
}

/// Says where a scenario ran.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// In virtual time.
    Simulated,
    /// On the machine's threads, in the process that asked.
    Threads,
    /// Against a server, at this address.
    Server(String),
}

/// Is how to get the figures again.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The command line.
    pub command: String,
    /// The commit of this program, where it is known.
    pub commit: Option<String>,
    /// Processor, number of cores, and system.
    pub machine: String,
    /// The system's load average over a minute as the scenario began.
    pub load_average: Option<f64>,
    /// When it began, in seconds since 1970-01-01 00:00 UTC.
    pub began: u64,
    /// How long it took, in seconds.
    pub took_s: f64,
}

/// Is what became of one load in one variant.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The variant's name: a policy, a plan, a server.
    pub variant: String,
    /// What decided everything that was left to chance.
    pub seed: u64,
    /// Offered load as a part of capacity, where the load is open.
    pub load: Option<f64>,
    /// The number of clients, where the load is closed.
    pub clients: Option<u64>,
    /// Requests per second that can be done, as measured or modelled.
    pub capacity: Option<f64>,
    /// How long it counted, in seconds.
    pub seconds: f64,
    /// What became of what was offered; the four sum to it.
    pub outcomes: Outcomes,
    /// How often clients asked, where they ask again.
    #[serde(default)]
    pub attempts: Option<u64>,
    /// What was done, from the moment that it should have been sent.
    pub latency: Distribution,
    /// The same from the moment that it was sent: what a careless generator shows.
    pub uncorrected: Option<Spread>,
    /// Rejections, from the moment that they should have been sent.
    pub rejection: Option<Spread>,
    /// How late the generator sent.
    pub lag: Option<Lag>,
    /// What clients had, where they are told apart.
    pub fairness: Option<Fairness>,
    /// The classes of requests, where there are several; the most urgent first.
    pub classes: Vec<ClassRun>,
    /// Times after a change in milliseconds, by name, where the scenario has one: none if never.
    pub settled_ms: Option<f64>,
    /// Figures over time.
    pub series: Option<Series>,
    /// Requests that had to wait for a connection, where that is known.
    #[serde(default)]
    pub queued: Option<u64>,
    /// Attempts beyond the first of a request, where they are counted.
    #[serde(default)]
    pub retried: Option<u64>,
    /// The part of its core that the generator has used, where it is known: near 1, a
    /// closed loop has measured the generator.
    #[serde(default)]
    pub busy: Option<f64>,
    /// The CPU time of the whole process for each answer, in microseconds, where
    /// all that works for it is in one process.
    #[serde(default)]
    pub cpu_us: Option<f64>,
    /// Why requests failed, and how many, where that is known.
    #[serde(default)]
    pub failures: BTreeMap<String, u64>,
    /// Why the run shows nothing; it is valid where there is no reason.
    pub invalid: Option<String>,
    /// Latencies second by second, where they are kept; they are written to a log of
    /// their own and not to the record.
    #[serde(skip)]
    pub intervals: Vec<Interval>,
}

/// Says how late a generator was, in milliseconds after the intended moments.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Lag {
    /// The spread of how late requests were sent.
    pub spread: Spread,
    /// The part of the schedule that was sent at all.
    pub sent: f64,
}

/// Says how evenly clients were served. A client without an answer counts as one that
/// has waited for all of the run.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fairness {
    /// Jain's index of the answers per client: 1 is even, 1/n is all for one; even if
    /// nobody has any.
    pub jain: f64,
    /// The mean latency of the slowest client / that of the median one.
    pub slowest: f64,
    /// The p99 latency of each client in milliseconds, in ascending order,
    /// by its first ten thousand answers; at most a thousand clients, evenly chosen.
    pub p99_ms: Vec<f64>,
}

/// Is what became of one class.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClassRun {
    /// 0 is the most urgent.
    pub class: u8,
    /// What became of what was offered.
    pub outcomes: Outcomes,
    /// What was done.
    pub latency: Spread,
    /// Within what an answer is good, in milliseconds, where it is known by class.
    #[serde(default)]
    pub target_ms: Option<f64>,
    /// The longest time without an answer to one of this class, in milliseconds.
    #[serde(default)]
    pub starved_ms: Option<f64>,
}

impl Run {
    /// Gives the good answers per second.
    pub fn goodput(&self) -> f64 {
        per_second(self.outcomes.good, self.seconds)
    }

    /// Gives the offered requests per second.
    pub fn offered(&self) -> f64 {
        per_second(self.outcomes.offered, self.seconds)
    }

    /// Gives the answers per second, good and late.
    pub fn throughput(&self) -> f64 {
        per_second(self.outcomes.good + self.outcomes.late, self.seconds)
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of requests")]
fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        count as f64 / seconds
    } else {
        0.0
    }
}
