//! What a source publishes beside its edges: named figures of its own.

use serde::Serialize;

/// Is one figure that a source publishes, such as its open connections.
///
/// ```
/// use seda_core::Figure;
///
/// let open = Figure::gauge("connections_open", "Connections that are open.", 3);
/// assert_eq!(open.to_string(), "3 connections open");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// Its name: lowercase words with underscores, without unit prefix or `_total`.
    pub name: &'static str,
    /// What it counts, in one sentence.
    #[serde(skip)]
    pub help: &'static str,
    /// How it behaves.
    pub kind: FigureKind,
    /// How much it is.
    pub value: u64,
}

/// Says how a figure behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FigureKind {
    /// It counts what has happened since the start, and never falls.
    Counter,
    /// It tells how much there is now.
    Gauge,
}

impl Figure {
    /// Makes a figure of what has happened since the start.
    pub const fn counter(name: &'static str, help: &'static str, value: u64) -> Self {
        Self {
            name,
            help,
            kind: FigureKind::Counter,
            value,
        }
    }

    /// Makes a figure of what there is now.
    pub const fn gauge(name: &'static str, help: &'static str, value: u64) -> Self {
        Self {
            name,
            help,
            kind: FigureKind::Gauge,
            value,
        }
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.value, self.name.replace('_', " "))
    }
}
