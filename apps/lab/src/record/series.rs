//! Figures over time, at even steps.

use serde::{Deserialize, Serialize};

/// Is figures over time: every column has a value for each step.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// The length of a step in milliseconds; the first begins with the run.
    pub step_ms: f64,
    /// What was seen, such as "offered", "good", "queue time", "threads".
    pub columns: Vec<Column>,
}

/// Is one figure over time.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What it is.
    pub name: String,
    /// In what it is counted: "/s", "ms", "threads"; columns of one unit share an axis.
    pub unit: String,
    /// One for each step; none where it is unknown.
    pub values: Vec<Option<f64>>,
}

impl Series {
    /// Finds a column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
