//! What is to be seen, and under which load: a file in TOML.

mod clients;
mod faults;
mod mistakes;
mod moment;
mod parsing;
pub(crate) mod parts;
mod service;
mod site;

use std::time::Duration;

use serde::Deserialize;

pub use clients::{Clients, Joined, Retries};
pub use mistakes::{Mistake, Mistakes};
pub use moment::{Change, Moment, Times};
pub use service::{Pause, Server, Slowdown, Work};
pub use site::Site;

/// Is one experiment: what serves, what load it gets, and in which variants.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One word, by which it is asked for.
    pub name: String,
    /// The title of its report.
    pub title: String,
    /// What it is to show, in a sentence or two.
    pub about: String,
    /// An answer within this is good.
    pub target: Moment,
    /// How many seeds each point is run with.
    #[serde(default = "five")]
    pub seeds: u32,
    /// What serves, where the scenario is simulated or brings its own server.
    pub server: Server,
    /// What it gets.
    pub load: Load,
    /// How long each run is.
    pub times: Times,
    /// What is compared; one without a name where there is nothing to compare.
    #[serde(default)]
    pub variant: Vec<Variant>,
}

/// Is who asks, and when.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Load {
    /// Requests come whatever becomes of those before (open loop).
    Open {
        /// How they are spread.
        #[serde(default)]
        arrivals: Spacing,
        /// Each is a run of its own: the rate as a part of capacity.
        loads: Vec<f64>,
        /// The load's factor, from these moments on: a step is one of them.
        #[serde(default)]
        changes: Vec<Change>,
        /// What clients do that get no answer, where they do something.
        #[serde(default)]
        retries: Option<Retries>,
        /// The parts of the requests that belong to classes, the most urgent first.
        #[serde(default)]
        classes: Vec<f64>,
        /// By class, within what an answer is good and what the server is told
        /// to hold, the rest of the requests included; the scenario's target
        /// where there is none. In the simulator only.
        #[serde(default)]
        class_targets: Vec<Moment>,
    },
    /// Clients ask, wait for the answer, think, and ask again (closed loop).
    Closed {
        /// Each is a run of its own.
        clients: Vec<u64>,
        /// What each of them does.
        #[serde(default)]
        client: Clients,
        /// Clients that join them for a time.
        #[serde(default)]
        joined: Vec<Joined>,
    },
}

impl Scenario {
    /// Gives for each class within what an answer is good, the most urgent
    /// first; without classes, for all requests.
    pub(crate) fn targets(&self) -> Vec<Duration> {
        let (count, own) = match &self.load {
            Load::Open {
                classes,
                class_targets,
                ..
            } => (parts::count(classes), class_targets.as_slice()),
            Load::Closed { .. } => (1, [].as_slice()),
        };
        let target = |class| own.get(class).map_or(self.target.0, |own: &Moment| own.0);
        (0..count.max(1)).map(target).collect()
    }
}

/// Is how requests of an open loop are spread over time.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Spacing {
    /// As if many people asked who know nothing of each other.
    #[default]
    Poisson,
    /// Evenly.
    Uniform,
    /// In turn at a low and a high rate, each for a time that is exponentially
    /// distributed (a Markov-modulated Poisson process of two states).
    Burst {
        /// The low rate as a part of the load.
        low: f64,
        /// The high rate as a part of the load.
        high: f64,
        /// How long each lasts on average.
        dwell: Moment,
    },
    /// From one load to another, steadily, over the time that counts.
    Ramp {
        /// The part of the load at the beginning.
        from: f64,
        /// The part of the load at the end.
        to: f64,
    },
    /// At these moments after the beginning, over and over.
    Trace {
        /// A file with a moment in seconds on each line.
        file: String,
    },
}

/// Is one of the things that are compared.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name in the report.
    pub name: String,
    /// The policy that admits, by the name that `seda lab policies` lists.
    #[serde(default)]
    pub policy: Option<String>,
    /// The plan: "default", or "seda-classic", which has SEDA's own thread
    /// controller and, without a policy, takes everything.
    #[serde(default)]
    pub plan: Option<String>,
    /// A pool of just so many threads, for work that blocks.
    #[serde(default)]
    pub threads: Option<usize>,
    /// The most requests of one batch.
    #[serde(default)]
    pub batch: Option<usize>,
    /// Who adjusts batches: "adaptive", or "classic", SEDA's own controller.
    #[serde(default)]
    pub batching: Option<String>,
    /// What clients do in this variant instead.
    #[serde(default)]
    pub retries: Option<Retries>,
    /// The server that answers, where it is one of several: its address.
    #[serde(default)]
    pub target: Option<String>,
}

impl Variant {
    /// Tells whether each stage has a pool of threads, as SEDA had it.
    pub(crate) fn is_classic(&self) -> bool {
        self.plan.as_deref() == Some("seda-classic")
    }
}

const fn five() -> u32 {
    5
}
