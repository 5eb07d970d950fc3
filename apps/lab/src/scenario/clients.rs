//! What clients do.

use std::time::Duration;

use serde::Deserialize;

use crate::scenario::Moment;

/// Is what each client of a closed loop does, over and over. The defaults are
/// those of SEDA's own measurements.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Clients {
    /// How long it thinks between an answer and the next request.
    pub think: Moment,
    /// By how much a thought is longer on average, as by a network: clients
    /// that are exactly in step stay so for ever.
    pub jitter: Moment,
    /// After how many requests it begins a new connection; 0 is never.
    pub requests_per_connection: u32,
    /// After how long it gives up, if ever.
    pub timeout: Option<Moment>,
}

/// Is clients that join others for a time.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Joined {
    /// When they come, from when on the run counts.
    pub at: Moment,
    /// How long they stay.
    pub lasts: Moment,
    /// How many they are.
    pub clients: u64,
}

/// Is what clients of an open loop do that get no answer in time, or a refusal.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Retries {
    /// After how long a client gives up on one attempt.
    pub timeout: Moment,
    /// How often it asks again at most.
    #[serde(default)]
    pub times: u32,
    /// How long it waits before the next attempt; doubled for each further one.
    #[serde(default)]
    pub backoff: Moment,
    /// Retries may be at most this part of all requests; no bound without it.
    #[serde(default)]
    pub budget: Option<f64>,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            think: Moment(Duration::from_millis(20)),
            jitter: Moment(Duration::from_millis(1)),
            requests_per_connection: 5,
            timeout: None,
        }
    }
}
