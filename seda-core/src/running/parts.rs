//! A graph that is checked and built, before its first thread.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::control::conductor::Seated;
use crate::control::way::Way;
use crate::graph::sources::Published;
use crate::overload::OverloadManager;
use crate::trace::Traces;
use crate::worker::restarts::Restarts;
use crate::worker::team::{Surroundings, Team};

/// Is what a checked graph has become, before its first thread.
pub(crate) struct Assembled {
    pub(crate) parts: Parts,
    /// The controllers, each with its stage's place.
    pub(crate) controllers: Vec<Seated>,
    /// The paths that have a target.
    pub(crate) ways: Vec<Way>,
    pub(crate) overload: Option<OverloadManager>,
}

/// Is everything that a running graph, or a simulated one, is made of.
pub(crate) struct Parts {
    pub(crate) name: Arc<str>,
    pub(crate) around: Surroundings,
    pub(crate) teams: Vec<Arc<Team>>,
    pub(crate) restarts: Vec<Option<Arc<Mutex<Restarts>>>>,
    /// The stages' places in the roster, by rank.
    pub(crate) stage_of_rank: Vec<usize>,
    /// The sources, as far as they can be looked at.
    pub(crate) sources: Vec<Published>,
    pub(crate) traces: Arc<Traces>,
    /// Whether waits, service times and batch sizes are recorded.
    pub(crate) measured: bool,
}
