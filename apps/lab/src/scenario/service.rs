//! What serves.

use serde::Deserialize;

use crate::scenario::Moment;

/// Is a stage of some servers, and what requests cost it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// How many requests it works on at a time.
    pub servers: usize,
    /// How many stages a request goes through, one after the other.
    #[serde(default = "one")]
    pub stages: usize,
    /// How long a request takes in each of them.
    pub work: Work,
    /// For work that blocks a thread: the threads of its pool at first, and at most.
    #[serde(default)]
    pub threads: Option<(usize, usize)>,
    /// The CPU time of every request that comes in, refused or not.
    #[serde(default)]
    pub arrival_cost: Moment,
    /// Times in which requests take longer.
    #[serde(default)]
    pub slower: Vec<Slowdown>,
    /// Times in which nothing is done.
    #[serde(default)]
    pub pauses: Vec<Pause>,
}

const fn one() -> usize {
    1
}

/// Is how long a request takes.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Work {
    /// Always the same.
    Constant {
        /// How long.
        each: Moment,
    },
    /// Exponentially distributed.
    Exponential {
        /// On average.
        mean: Moment,
    },
    /// Long for a part of them, and short for the others.
    Bimodal {
        /// The short time.
        short: Moment,
        /// The long time.
        long: Moment,
        /// The part that takes long, 0 to 1.
        long_share: f64,
    },
    /// Pareto-distributed: a few take very long.
    Pareto {
        /// The shortest time.
        min: Moment,
        /// The exponent; the smaller, the heavier the tail.
        alpha: f64,
    },
    /// In batches: so much for each, and so much for each request in it.
    Batch {
        /// For the batch, such as an fsync.
        fixed: Moment,
        /// For each request.
        each: Moment,
    },
}

/// Is a time in which requests take longer.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Slowdown {
    /// When it begins, from when on the run counts.
    pub at: Moment,
    /// How long it lasts.
    pub lasts: Moment,
    /// How many times longer.
    pub factor: f64,
}

/// Is a time in which nothing is done.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// When it begins, from when on the run counts.
    pub at: Moment,
    /// How long it lasts.
    pub lasts: Moment,
}
