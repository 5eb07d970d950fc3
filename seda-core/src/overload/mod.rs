//! Watches what a process runs short of, and has it do less before it runs out.

pub(crate) mod monitors;
pub(crate) mod policy;
pub(crate) mod post;
pub(crate) mod pressure;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::meta::Class;
use crate::overload::monitors::Monitor;

/// Watches a graph and its process, and has it do less before something runs out.
///
/// Every 250 ms it reads its monitors: the memory of the process, its open
/// descriptors, the events in the graph, and the longest queue time against
/// the target of its stage. The largest reading becomes the level that
/// handlers are told by [`Batch::pressure`](crate::Batch::pressure), from 0 at
/// half to 255 at 0.95 of what there is; it rises by half of the way at each
/// reading and falls by an eighth. Beyond that, [actions](crate::OverloadAction)
/// are taken, each with a threshold to begin and a lower one to end.
///
/// ```
/// use seda_core::{Batch, BoxError, Graph, Handler, OverloadManager, Plan};
///
/// #[derive(Clone)]
/// struct Search;
///
/// impl Handler for Search {
///     type Event = String;
///
///     fn handle(&mut self, batch: &mut Batch<String>) -> Result<(), BoxError> {
///         let results = if batch.pressure() > 128 { 10 } else { 100 };
///         for question in batch {
///             println!("{results} results for {question}");
///         }
///         Ok(())
///     }
/// }
///
/// let mut graph = Graph::new("search");
/// graph.stage("search").handler(Search);
/// graph.overload(OverloadManager::default().memory_max(2 << 30));
/// let running = graph.start(Plan::default().workers(1))?;
/// assert_eq!(running.pressure().level(), 0);
/// # Ok::<(), seda_core::BoxError>(())
/// ```
pub struct OverloadManager {
    /// The bounds; none is what the machine tells.
    memory_max: Option<u64>,
    descriptors_max: Option<u64>,
    in_flight_max: Option<u64>,
    shed_from: Class,
    /// Those of a process, which a simulation does not look at.
    watches_process: bool,
    more: Vec<Box<dyn Monitor>>,
}

impl Default for OverloadManager {
    fn default() -> Self {
        Self {
            memory_max: None,
            descriptors_max: None,
            in_flight_max: None,
            shed_from: Class::LOW,
            watches_process: true,
            more: Vec::new(),
        }
    }
}

impl OverloadManager {
    /// Bounds the memory of the process, in bytes; by default what the machine
    /// has, or its control group allows.
    #[must_use]
    pub const fn memory_max(mut self, bytes: u64) -> Self {
        self.memory_max = Some(bytes);
        self
    }

    /// Bounds the open descriptors; by default what the process may have open.
    #[must_use]
    pub const fn descriptors_max(mut self, descriptors: u64) -> Self {
        self.descriptors_max = Some(descriptors);
        self
    }

    /// Bounds the events that wait or are in hand in all stages together; by
    /// default they are not looked at.
    #[must_use]
    pub const fn in_flight_max(mut self, events: u64) -> Self {
        self.in_flight_max = Some(events);
        self
    }

    /// Says from which class on events are turned away where they enter, while
    /// classes are shed; [`Class::LOW`] by default.
    #[must_use]
    pub const fn shed_from(mut self, class: Class) -> Self {
        self.shed_from = class;
        self
    }

    /// Does not look at the process: neither at its memory nor at its descriptors.
    #[must_use]
    pub const fn without_process(mut self) -> Self {
        self.watches_process = false;
        self
    }

    /// Adds a monitor.
    #[must_use]
    pub fn monitor(mut self, monitor: impl Monitor + 'static) -> Self {
        self.more.push(Box::new(monitor));
        self
    }

    /// Gives the monitors, as far as there is something to read.
    fn monitors(self) -> Vec<Box<dyn Monitor>> {
        let mut all: Vec<Box<dyn Monitor>> = vec![Box::new(monitors::queue_time())];
        if let Some(most) = self.in_flight_max {
            all.push(Box::new(monitors::in_flight(most)));
        }
        if self.watches_process {
            if let Some(most) = self.memory_max.or_else(monitors::memory_of_machine) {
                all.push(Box::new(monitors::memory(most)));
            }
            let descriptors = self.descriptors_max;
            if let Some(most) = descriptors.or_else(monitors::descriptors_of_process) {
                all.push(Box::new(monitors::descriptors(most)));
            }
        }
        all.extend(self.more);
        all
    }
}

impl fmt::Debug for OverloadManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OverloadManager")
            .field("memory_max", &self.memory_max)
            .field("descriptors_max", &self.descriptors_max)
            .field("in_flight_max", &self.in_flight_max)
            .finish_non_exhaustive()
    }
}
