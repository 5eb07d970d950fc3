//! How latencies are spread, in milliseconds.

use serde::{Deserialize, Serialize};

/// Is a few quantiles, in milliseconds; all zero when nothing was counted.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// How many were counted.
    pub count: u64,
    /// The mean.
    pub mean: f64,
    /// Half were at most this.
    pub p50: f64,
    /// Nine of ten were at most this.
    pub p90: f64,
    /// 99 of 100 were at most this.
    pub p99: f64,
    /// 999 of 1,000 were at most this.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

/// Is quantiles with the curve that they are points of.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// The quantiles that people ask for.
    pub spread: Spread,
    /// Latency in milliseconds, and the part that took at most so long; ascending.
    pub curve: Vec<(f64, f64)>,
}
