//! How many events of each class wait in a stage's queues, and how many ever did or would have.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::clock::{Clock, Tick};
use crate::meta::Class;
use crate::queue::guard::Guard;

/// Counts the events of a stage's queues by class, over all its queues. Events
/// with a key that several workers serve have lanes of their own, and are not
/// counted.
#[derive(Debug)]
pub(crate) struct Census {
    heads: [Heads; Class::COUNT_MAX],
    /// The weights of a weighted queue; 0 stands for no such class.
    weights: OnceLock<[u32; Class::COUNT_MAX]>,
    pub(crate) guard: Guard,
}

#[derive(Debug, Default)]
struct Heads {
    queued: AtomicUsize,
    entered: AtomicU64,
    offered: AtomicU64,
}

impl Census {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            heads: Default::default(),
            weights: OnceLock::new(),
            guard: Guard::new(clock),
        }
    }

    pub(crate) fn set_weights(&self, weights: [u32; Class::COUNT_MAX]) {
        self.weights.get_or_init(|| weights);
    }

    /// Gives the weight of a class, where the queue goes by weights.
    pub(crate) fn weight(&self, class: usize) -> Option<u32> {
        self.weights.get()?.get(class).copied()
    }

    pub(crate) fn is_weighted(&self) -> bool {
        self.weights.get().is_some()
    }

    /// Tells whether the guard lets events in that are refused: their class is
    /// overdue, and none of it waits that could be served.
    pub(crate) fn lets_in(&self, class: usize, now: Tick) -> bool {
        self.queued(class) == 0 && self.guard.lets_in(class, now)
    }

    pub(crate) fn enter(&self, class: usize) {
        if let Some(heads) = self.heads.get(class) {
            heads.queued.fetch_add(1, Ordering::Relaxed);
            heads.entered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts events that ask to enter.
    pub(crate) fn offer(&self, class: usize, n: usize) {
        if let Some(heads) = self.heads.get(class) {
            heads.offered.fetch_add(n as u64, Ordering::Relaxed);
        }
    }

    /// Counts an event that comes back from a batch.
    pub(crate) fn enter_again(&self, class: usize) {
        if let Some(heads) = self.heads.get(class) {
            heads.queued.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn leave(&self, class: usize) {
        if let Some(heads) = self.heads.get(class) {
            heads.queued.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Gives the events of a class that wait.
    pub(crate) fn queued(&self, class: usize) -> usize {
        let heads = self.heads.get(class);
        heads.map_or(0, |heads| heads.queued.load(Ordering::Relaxed))
    }

    /// Gives the events of a class that ever entered.
    pub(crate) fn entered(&self, class: usize) -> u64 {
        let heads = self.heads.get(class);
        heads.map_or(0, |heads| heads.entered.load(Ordering::Relaxed))
    }

    /// Gives the events of a class that ever asked to enter.
    pub(crate) fn offered(&self, class: usize) -> u64 {
        let heads = self.heads.get(class);
        heads.map_or(0, |heads| heads.offered.load(Ordering::Relaxed))
    }

    /// Gives the events that a new one of this class waits for, at the rate
    /// that is left for it: in a strict queue those of its class and of all more
    /// urgent ones; in a weighted one those of its class, since its rate is what
    /// the others leave of the whole while it waits.
    pub(crate) fn ahead(&self, class: usize) -> usize {
        if self.is_weighted() {
            return self.queued(class);
        }
        (0..=class).map(|class| self.queued(class)).sum()
    }

    /// Gives the events that a new one of this class is served before: in a
    /// strict queue, those of less urgent ones.
    pub(crate) fn behind(&self, class: usize) -> usize {
        if self.is_weighted() {
            return 0;
        }
        let less_urgent = class.saturating_add(1)..Class::COUNT_MAX;
        less_urgent.map(|class| self.queued(class)).sum()
    }
}
