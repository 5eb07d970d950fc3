//! Where stages run: data apart from the code of the stages (contract 9).

pub(crate) mod file;
pub(crate) mod layout;

use std::collections::BTreeMap;

use serde::Serialize;

/// Says how a domain runs its stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DomainKind {
    /// Workers that never block, each with its own queues, timers and driver.
    Cores {
        /// How many threads; one per core is usual.
        workers: usize,
    },
    /// An elastic pool for code that blocks.
    Blocking {
        /// How many threads stay, even idle.
        min: usize,
        /// How many threads there may be.
        max: usize,
    },
}

impl DomainKind {
    /// Gives the most threads this domain may have.
    pub const fn workers_max(self) -> usize {
        match self {
            Self::Cores { workers } => workers,
            Self::Blocking { max, .. } => max,
        }
    }
}

/// Is where a plan puts one stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seating {
    pub(crate) domain: Option<String>,
    pub(crate) share: Option<u32>,
    pub(crate) batch: Option<usize>,
}

/// Says which stage runs in which domain. Stages do not know it.
///
/// [`Plan::default`] runs all stages that do not block in one domain with a
/// worker per core, and gives each stage that is declared blocking a pool of
/// its own. [`Plan::seda_classic`] is the architecture of 2001, for comparison.
///
/// ```
/// use seda_core::Plan;
///
/// let plan = Plan::default().workers(2).share("parse", 3);
/// # let _ = plan;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub(crate) classic: bool,
    pub(crate) measured: bool,
    pub(crate) workers: Option<usize>,
    pub(crate) domains: BTreeMap<String, DomainKind>,
    pub(crate) stages: BTreeMap<String, Seating>,
}

/// The domain of all stages that do not block, in the default plan.
pub(crate) const CORES: &str = "cores";

impl Default for Plan {
    fn default() -> Self {
        Self {
            classic: false,
            measured: true,
            workers: None,
            domains: BTreeMap::new(),
            stages: BTreeMap::new(),
        }
    }
}

impl Plan {
    /// Gives each stage a thread pool and queue of its own, as SEDA did: one
    /// thread at first, up to 20, by SEDA's own controller.
    pub fn seda_classic() -> Self {
        Self {
            classic: true,
            ..Self::default()
        }
    }

    /// Sets how many workers the domain of the cores has (at least 1); by
    /// default one for each core.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers.max(1));
        self
    }

    /// Adds a domain.
    #[must_use]
    pub fn domain(mut self, name: &str, kind: DomainKind) -> Self {
        self.domains.insert(name.to_owned(), kind);
        self
    }

    /// Puts a stage (or source) into a domain.
    #[must_use]
    pub fn place(mut self, stage: &str, domain: &str) -> Self {
        self.seating(stage).domain = Some(domain.to_owned());
        self
    }

    /// Sets a stage's share of its domain's time, beside the default of 1.
    /// Once one stage has a share, its domain divides time by shares instead
    /// of running the most downstream stage first.
    #[must_use]
    pub fn share(mut self, stage: &str, share: u32) -> Self {
        self.seating(stage).share = Some(share.max(1));
        self
    }

    /// Sets the most events that a stage takes at once.
    #[must_use]
    pub fn batch(mut self, stage: &str, batch_max: usize) -> Self {
        self.seating(stage).batch = Some(batch_max.max(1));
        self
    }

    /// Leaves out waits, service times and batch sizes; the ledger stays exact.
    #[must_use]
    pub const fn without_statistics(mut self) -> Self {
        self.measured = false;
        self
    }

    fn seating(&mut self, stage: &str) -> &mut Seating {
        self.stages.entry(stage.to_owned()).or_default()
    }
}
