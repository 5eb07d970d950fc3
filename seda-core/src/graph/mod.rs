//! Typed graphs: stages, wires, sources, and the checks before they start.

pub(crate) mod builder;
pub(crate) mod check;
pub(crate) mod sources;
pub(crate) mod spec;
pub(crate) mod topology;
pub(crate) mod wire;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Clock;
use crate::driver::Driver;
use crate::edge::{EdgeKind, Origin};
use crate::failure::Failure;
use crate::graph::builder::StageBuilder;
use crate::graph::sources::{SourceBuilder, SourceSpec};
use crate::graph::spec::Spec;
use crate::here::StageRef;
use crate::overload::OverloadManager;
use crate::overload::pressure::Pressure;
use crate::promises::Promises;
use crate::sink::Sink;
use crate::stage::core::StageCore;
use crate::stage::untyped::Untyped;
use crate::trace::Traces;
use crate::worker::team::DriverMaker;

/// The bound of a queue for which none is chosen, in events.
pub const QUEUE_DEFAULT: usize = 1_024;

/// Is a handle to a stage of a graph, by which others are wired to it.
pub struct Stage<E> {
    pub(crate) core: Arc<StageCore<E>>,
}

impl<E> Stage<E> {
    /// Names the stage.
    pub fn name(&self) -> &str {
        &self.core.common.name
    }
}

impl<E> Clone for Stage<E> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
        }
    }
}

impl<E> fmt::Debug for Stage<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stage").field(&self.name()).finish()
    }
}

/// Is a graph of stages under construction.
///
/// ```
/// use seda_core::{Graph, Plan};
/// use std::time::Duration;
///
/// let mut graph = Graph::new("greetings");
/// let greet = graph.stage("greet").queue(8).each(|name: String| {
///     println!("hello, {name}");
///     Ok(())
/// });
/// let running = graph.start(Plan::default())?;
/// running.inlet(&greet).enqueue("world".to_owned())?;
/// let ledger = running.drain(Duration::from_secs(5))?;
/// assert_eq!(ledger.stage("greet").map(|account| account.handled), Some(1));
/// # Ok::<(), seda_core::BoxError>(())
/// ```
pub struct Graph {
    pub(crate) name: Arc<str>,
    pub(crate) id: u64,
    pub(crate) clock: Clock,
    pub(crate) specs: Vec<Spec>,
    pub(crate) sources: Vec<SourceSpec>,
    pub(crate) promises: Vec<Promises>,
    pub(crate) driver: Option<DriverMaker>,
    pub(crate) failures: Option<Stage<Failure>>,
    pub(crate) traces: Arc<Traces>,
    pub(crate) overload: Option<OverloadManager>,
    pub(crate) pressure: Pressure,
    /// What was done wrong while building; told at the start, all at once.
    pub(crate) complaints: Vec<String>,
}

impl Graph {
    /// Makes an empty graph.
    pub fn new(name: &str) -> Self {
        static GRAPHS: AtomicU64 = AtomicU64::new(1);
        Self {
            name: name.into(),
            id: GRAPHS.fetch_add(1, Ordering::Relaxed),
            clock: Clock::real(),
            specs: Vec::new(),
            sources: Vec::new(),
            promises: Vec::new(),
            driver: None,
            failures: None,
            traces: Arc::default(),
            overload: None,
            pressure: Pressure::default(),
            complaints: Vec::new(),
        }
    }

    /// Has the graph take its time from `clock`. Call it before any stage is made.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Names the graph.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Begins a stage; its handler says what events it takes.
    pub fn stage<E: Send + 'static>(&mut self, name: &str) -> StageBuilder<'_, E> {
        let stage = self.add(name, QUEUE_DEFAULT);
        StageBuilder::new(self, stage)
    }

    /// Makes a stage whose handler comes later, so that stages can form a loop.
    ///
    /// Its capacity is set here, and [`define`](Self::define) must not set it again.
    pub fn declare<E: Send + 'static>(&mut self, name: &str, capacity: usize) -> Stage<E> {
        let stage = self.add(name, capacity);
        if let Some(spec) = self.specs.last_mut() {
            spec.declared = true;
        }
        stage
    }

    /// Begins the definition of a declared stage.
    pub fn define<E: Send + 'static>(&mut self, stage: &Stage<E>) -> StageBuilder<'_, E> {
        let at = stage.core.common.at;
        if at.graph != self.id {
            self.complaints.push(format!(
                "stage `{}` was declared in another graph; define it there",
                stage.name()
            ));
        }
        StageBuilder::new(self, stage.clone())
    }

    /// Begins a source.
    pub fn source(&mut self, name: &str) -> SourceBuilder<'_> {
        SourceBuilder::new(self, name)
    }

    /// Gives a sink by which code outside the graph enqueues.
    pub fn inlet<E: Send + 'static>(&mut self, stage: &Stage<E>) -> Sink<E> {
        inlet(stage)
    }

    /// Has every failure of any stage sent to this one.
    ///
    /// Without one, failures are counted and logged.
    pub fn failures_to(&mut self, stage: &Stage<Failure>) {
        self.failures = Some(stage.clone());
    }

    /// Has an overload manager watch the graph; without one, the pressure is
    /// always none. The last one given counts.
    pub fn overload(&mut self, manager: OverloadManager) {
        self.overload = Some(manager);
    }

    /// Gives where the overload manager will tell how pressed the graph is,
    /// for sources that can do something about it.
    pub fn pressure(&self) -> Pressure {
        self.pressure.clone()
    }

    /// Has the workers of the cores sleep in drivers of this make, such as
    /// seda-io's reactor. It is called in each worker's thread.
    pub fn driver<F>(&mut self, make: F)
    where
        F: Fn(usize) -> io::Result<Box<dyn Driver>> + Send + Sync + 'static,
    {
        self.driver = Some(Arc::new(make));
    }

    fn add<E: Send + 'static>(&mut self, name: &str, capacity: usize) -> Stage<E> {
        let at = StageRef {
            graph: self.id,
            stage: self.specs.len(),
        };
        let common = Untyped::new(at, name, self.clock.clone(), capacity.max(1));
        let core = Arc::new(StageCore::<E>::new(common));
        if capacity == 0 {
            self.complaints.push(format!(
                "stage `{name}`: a queue of 0 events takes none; give it at least 1"
            ));
        }
        self.specs.push(Spec::new(name, Arc::clone(&core) as _));
        Stage { core }
    }
}

pub(crate) fn inlet<E: Send + 'static>(stage: &Stage<E>) -> Sink<E> {
    let edge = stage
        .core
        .common
        .edge_from(EdgeKind::Inlet, Origin::Outside);
    Sink::new(Arc::clone(&stage.core), edge)
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.specs.iter().map(|spec| &spec.name);
        f.debug_struct("Graph")
            .field("name", &self.name)
            .field("stages", &names.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
