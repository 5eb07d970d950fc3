//! Several policies under the same loads.

use seda_core::BoxError;
use serde::Serialize;

use crate::cell::{Cell, Wind};
use crate::policies::Policy;

/// The loads, as parts of capacity.
const LOADS: [f64; 5] = [0.9, 1.2, 2.0, 5.0, 10.0];

/// Is several policies under the same loads, side by side.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The seed that gives it again.
    pub seed: u64,
    /// The loads, as parts of capacity.
    pub loads: Vec<f64>,
    /// The policies.
    pub rows: Vec<Row>,
}

/// Is one policy under all loads.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What the policy is called.
    pub policy: &'static str,
    /// What it is.
    pub about: &'static str,
    /// One for each load.
    pub cells: Vec<Cell>,
    /// How long after a step from 0.7 to 2 times capacity the goodput was what
    /// it then stayed, in seconds; none when it never was.
    pub settled_after: Option<f64>,
    /// The goodput at 0.7 times capacity with a service four times slower, as
    /// a part of the slowed capacity.
    pub slow: f64,
}

impl Comparison {
    /// Runs each policy under each load.
    ///
    /// # Errors
    ///
    /// When a policy builds a stage that cannot start.
    pub fn of(policies: &[Policy], wind: &Wind, seed: u64) -> Result<Self, BoxError> {
        let rows = policies.iter().map(|policy| Row::of(policy, wind, seed));
        Ok(Self {
            seed,
            loads: LOADS.to_vec(),
            rows: rows.collect::<Result<_, _>>()?,
        })
    }
}

impl Row {
    fn of(policy: &Policy, wind: &Wind, seed: u64) -> Result<Self, BoxError> {
        let cells = LOADS.iter().map(|load| wind.steady(policy, *load, seed));
        Ok(Self {
            policy: policy.name,
            about: policy.about,
            cells: cells.collect::<Result<_, _>>()?,
            settled_after: wind.step(policy, seed)?.map(|after| after.as_secs_f64()),
            slow: wind.slow(policy, seed)?,
        })
    }
}
