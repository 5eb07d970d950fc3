//! How a graph gets its sources.

use std::fmt;
use std::sync::Arc;

use crate::edge::Origin;
use crate::error::BoxError;
use crate::graph::Graph;
use crate::graph::wire::Wire;
use crate::promises::Promises;
use crate::source::Source;
use crate::stats::figure::Figure;
use crate::worker::team::SourceMaker;

/// Is a source under construction.
pub(crate) struct SourceSpec {
    pub(crate) name: String,
    pub(crate) figures: Publish,
    pub(crate) make: SourceMaker,
}

/// Reads what a source publishes.
pub(crate) type Publish = Box<dyn Fn() -> Vec<Figure> + Send + Sync>;

/// Is a source as who looks at the graph sees it.
pub(crate) struct Published {
    pub(crate) name: Arc<str>,
    pub(crate) figures: Publish,
}

/// Builds one source.
#[must_use = "a source is made by `solo` or `on_each_worker`"]
pub struct SourceBuilder<'g> {
    graph: &'g mut Graph,
    name: String,
    figures: Publish,
}

impl<'g> SourceBuilder<'g> {
    pub(crate) fn new(graph: &'g mut Graph, name: &str) -> Self {
        Self {
            graph,
            name: name.to_owned(),
            figures: Box::new(Vec::new),
        }
    }

    /// Has snapshots of the graph show what `read` gives, in its order; it is
    /// called for each of them, on whatever thread takes it, and must not block.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use seda_core::{Figure, Graph, Next, Plan, Source, Tick};
    ///
    /// struct Meters(Arc<AtomicU64>);
    ///
    /// impl Source for Meters {
    ///     fn poll(&mut self, _: Tick) -> Next {
    ///         self.0.store(7, Ordering::Relaxed);
    ///         Next::Ended
    ///     }
    /// }
    ///
    /// let read = Arc::new(AtomicU64::new(0));
    /// let mut graph = Graph::new("meters");
    /// let count = Arc::clone(&read);
    /// let figures = move || {
    ///     let read = count.load(Ordering::Relaxed);
    ///     vec![Figure::counter("meters_read", "Meters that were read.", read)]
    /// };
    /// graph.source("meters").figures(figures).solo(|_| Meters(read));
    /// let snapshot = graph.start(Plan::default())?.snapshot();
    /// assert_eq!(snapshot.source("meters").map(|source| source.figures.len()), Some(1));
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub fn figures(mut self, read: impl Fn() -> Vec<Figure> + Send + Sync + 'static) -> Self {
        self.figures = Box::new(read);
        self
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
            figures: self.figures,
            make,
        });
    }
}

impl fmt::Debug for SourceBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceBuilder").field(&self.name).finish()
    }
}
