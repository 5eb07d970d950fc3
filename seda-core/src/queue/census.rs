//! How many events of each class wait in a stage's queues, and how many ever did or would have.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::meta::Class;

/// Counts the events of a stage's queues by class, over all its queues. Events
/// with a key that several workers serve have lanes of their own, and are not
/// counted.
#[derive(Debug, Default)]
pub(crate) struct Census([Heads; Class::COUNT_MAX]);

#[derive(Debug, Default)]
struct Heads {
    queued: AtomicUsize,
    entered: AtomicU64,
    offered: AtomicU64,
}

impl Census {
    pub(crate) fn enter(&self, class: usize) {
        if let Some(heads) = self.0.get(class) {
            heads.queued.fetch_add(1, Ordering::Relaxed);
            heads.entered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts events that ask to enter.
    pub(crate) fn offer(&self, class: usize, n: usize) {
        if let Some(heads) = self.0.get(class) {
            heads.offered.fetch_add(n as u64, Ordering::Relaxed);
        }
    }

    /// Counts an event that comes back from a batch.
    pub(crate) fn enter_again(&self, class: usize) {
        if let Some(heads) = self.0.get(class) {
            heads.queued.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn leave(&self, class: usize) {
        if let Some(heads) = self.0.get(class) {
            heads.queued.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Gives the events of a class that wait.
    pub(crate) fn queued(&self, class: usize) -> usize {
        let heads = self.0.get(class);
        heads.map_or(0, |heads| heads.queued.load(Ordering::Relaxed))
    }

    /// Gives the events of a class that ever entered.
    pub(crate) fn entered(&self, class: usize) -> u64 {
        let heads = self.0.get(class);
        heads.map_or(0, |heads| heads.entered.load(Ordering::Relaxed))
    }

    /// Gives the events of a class that ever asked to enter.
    pub(crate) fn offered(&self, class: usize) -> u64 {
        let heads = self.0.get(class);
        heads.map_or(0, |heads| heads.offered.load(Ordering::Relaxed))
    }

    /// Gives the events that a new one of this class waits for in a strict
    /// queue: those of its class and of all more urgent ones.
    pub(crate) fn ahead(&self, class: usize) -> usize {
        (0..=class).map(|class| self.queued(class)).sum()
    }
}
