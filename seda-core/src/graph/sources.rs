//! How a graph gets its sources.

use std::fmt;

use crate::edge::Origin;
use crate::error::BoxError;
use crate::graph::Graph;
use crate::graph::wire::Wire;
use crate::promises::Promises;
use crate::source::Source;
use crate::worker::team::SourceMaker;

/// Is a source under construction.
pub(crate) struct SourceSpec {
    pub(crate) name: String,
    pub(crate) make: SourceMaker,
}

/// Builds one source.
#[must_use = "a source is made by `solo` or `on_each_worker`"]
pub struct SourceBuilder<'g> {
    graph: &'g mut Graph,
    name: String,
}

impl<'g> SourceBuilder<'g> {
    pub(crate) fn new(graph: &'g mut Graph, name: &str) -> Self {
        Self {
            graph,
            name: name.to_owned(),
        }
    }

    /// Has a drain wait until the source has kept its promises.
    pub fn promises(self, promises: &Promises) -> Self {
        self.graph.promises.push(promises.clone());
        self
    }

    /// Makes one source, on the first worker of its domain.
    pub fn solo<S, F>(self, make: F)
    where
        S: Source + Send,
        F: FnOnce(&Wire) -> S,
    {
        let mut source = Some(make(&self.wire()));
        self.add(Box::new(move |worker| {
            let source = source.take_if(|_| worker == 0)?;
            Some(Ok(Box::new(source) as Box<dyn Source>))
        }));
    }

    /// Makes a source on each worker of its domain: `prepare` draws the edges
    /// and gives what is called, with the worker's number, in its thread.
    pub fn on_each_worker<S, M, F>(self, prepare: F)
    where
        S: Source,
        M: FnMut(usize) -> Result<S, BoxError> + Send + 'static,
        F: FnOnce(&Wire) -> M,
    {
        let mut make = prepare(&self.wire());
        let name = self.name.clone();
        self.add(Box::new(move |worker| {
            let source = make(worker).map(|source| Box::new(source) as Box<dyn Source>);
            Some(source.map_err(|error| format!("source `{name}`: {error}").into()))
        }));
    }

    fn wire(&self) -> Wire {
        Wire::new(self.graph.id, Origin::Source(self.graph.sources.len()))
    }

    fn add(self, make: SourceMaker) {
        self.graph.sources.push(SourceSpec {
            name: self.name,
            make,
        });
    }
}

impl fmt::Debug for SourceBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceBuilder").field(&self.name).finish()
    }
}
