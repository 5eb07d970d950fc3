//! Where a graph is in its life, and news of progress for who waits for its end.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// Is a step in a graph's life; it only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Sources make events and inlets accept them.
    Running,
    /// Sources and inlets are closed; what is accepted is finished.
    Draining,
    /// Nothing is accepted; what is left is buried and the workers leave.
    Stopping,
}

/// Is the phase of a graph, shared by its workers and its handles.
#[derive(Debug, Default)]
pub(crate) struct Life {
    phase: AtomicU8,
    news: Mutex<u64>,
    changed: Condvar,
}

impl Life {
    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Running,
            1 => Phase::Draining,
            _ => Phase::Stopping,
        }
    }

    /// Moves on to `phase`; tells whether that was news.
    pub(crate) fn advance(&self, phase: Phase) -> bool {
        let before = self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        before < phase as u8
    }

    /// Tells who waits that something has changed.
    pub(crate) fn announce(&self) {
        *self.news.lock() += 1;
        self.changed.notify_all();
    }

    /// Waits until `done` says so, looking again at every announcement; false
    /// when that has not happened by `until`.
    ///
    /// # Blocking
    ///
    /// Blocks until then.
    pub(crate) fn wait_until(
        &self,
        until: Option<Instant>,
        mut done: impl FnMut() -> bool,
    ) -> bool {
        loop {
            let seen = *self.news.lock();
            if done() {
                return true;
            }
            let mut news = self.news.lock();
            while *news == seen {
                match until {
                    None => self.changed.wait(&mut news),
                    Some(until) => {
                        if self.changed.wait_until(&mut news, until).timed_out() {
                            drop(news);
                            return done();
                        }
                    }
                }
            }
        }
    }
}
