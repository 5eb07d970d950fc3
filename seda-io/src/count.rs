//! Counters that one thread writes and any thread sums up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use seda_core::Figure;

/// Counts one kind of happening.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One counter as a source publishes it: its name, what it counts, how much that is.
pub(crate) type Counted = (&'static str, &'static str, u64);

/// Gives counters as a source publishes them.
pub(crate) fn counters(counted: impl IntoIterator<Item = Counted>) -> Vec<Figure> {
    let figure = |(name, help, value)| Figure::counter(name, help, value);
    counted.into_iter().map(figure).collect()
}

/// Gives how many connections are open, and counters, as a source publishes them.
pub(crate) fn connections(open: u64, counted: impl IntoIterator<Item = Counted>) -> Vec<Figure> {
    let mut figures = counters(counted);
    let help = "Connections that are open.";
    figures.insert(0, Figure::gauge("connections_open", help, open));
    figures
}

// What every entrance counts, by the same names wherever it is published.

pub(crate) const fn accept_pauses(count: u64) -> Counted {
    (
        "accept_pauses",
        "Times that no more connections were accepted, for the limit.",
        count,
    )
}

pub(crate) const fn accept_shortages(count: u64) -> Counted {
    (
        "accept_shortages",
        "Times that connections waited for want of descriptors or memory.",
        count,
    )
}

pub(crate) const fn turned_away(count: u64) -> Counted {
    (
        "connections_turned_away",
        "Connections closed at once for want of descriptors.",
        count,
    )
}

pub(crate) const fn closed(count: u64) -> Counted {
    ("connections_closed", "Connections that have ended.", count)
}

/// Is one set of counters for each worker, so that workers do not share their cache lines.
#[derive(Debug)]
pub(crate) struct Sheets<T>(Arc<Mutex<Vec<Arc<T>>>>);

impl<T: Default> Sheets<T> {
    /// Adds the counters of one worker.
    pub(crate) fn open(&self) -> Arc<T> {
        let sheet = Arc::new(T::default());
        self.0.lock().push(Arc::clone(&sheet));
        sheet
    }

    /// Adds up one figure of all workers.
    pub(crate) fn sum(&self, count: impl Fn(&T) -> &Count) -> u64 {
        self.0.lock().iter().map(|sheet| count(sheet).get()).sum()
    }
}

impl<T> Clone for Sheets<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Sheets<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}
