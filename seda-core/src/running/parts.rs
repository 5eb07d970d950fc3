//! A graph that is checked and built, before its first thread.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::control::Controller;
use crate::trace::Traces;
use crate::worker::restarts::Restarts;
use crate::worker::team::{Surroundings, Team};

/// Is everything that a running graph, or a simulated one, is made of.
pub(crate) struct Parts {
    pub(crate) name: Arc<str>,
    pub(crate) around: Surroundings,
    pub(crate) teams: Vec<Arc<Team>>,
    /// The controllers, each with its stage's place.
    pub(crate) controllers: Vec<(usize, Box<dyn Controller>)>,
    pub(crate) restarts: Vec<Option<Arc<Mutex<Restarts>>>>,
    /// The sources' names.
    pub(crate) sources: Vec<String>,
    pub(crate) traces: Arc<Traces>,
    /// Whether waits, service times and batch sizes are recorded.
    pub(crate) measured: bool,
    /// Whether there is a stage for failures.
    pub(crate) failures: bool,
}
