//! The shared side of a domain: what is ready, who sleeps, how to wake them.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::driver::Wake;
use crate::ready::{Bit, Set, SharedSet};
use crate::sleepers::Sleepers;

/// Is where a domain's workers and everybody who sends them events meet.
pub(crate) struct Site {
    name: Arc<str>,
    /// Stages whose inbox has events for any worker.
    ready: SharedSet,
    workers: Box<[Post]>,
    sleepers: Sleepers,
}

/// Is what concerns one worker of a domain.
#[derive(Default)]
struct Post {
    /// Stages whose inbox has events for this worker alone.
    ready: SharedSet,
    /// Stages that were parked on this worker and may run again.
    unparked: SharedSet,
    waker: Mutex<Option<Arc<dyn Wake>>>,
}

impl Site {
    pub(crate) fn new(name: &str, workers: usize) -> Self {
        Self {
            name: name.into(),
            ready: SharedSet::default(),
            workers: (0..workers).map(|_| Post::default()).collect(),
            sleepers: Sleepers::new(),
        }
    }

    /// Makes a site whose workers nobody wakes, for tests.
    #[cfg(test)]
    #[allow(dead_code, reason = "used by the loom tests only")]
    pub(crate) fn detached(workers: usize) -> Self {
        Self::new("detached", workers)
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn worker_count(&self) -> usize {
        self.workers.len()
    }

    /// Sets who wakes a worker: that of the thread which sits there now, since
    /// the threads of an elastic domain come and go.
    pub(crate) fn set_waker(&self, worker: usize, waker: Arc<dyn Wake>) {
        if let Some(post) = self.workers.get(worker) {
            *post.waker.lock() = Some(waker);
        }
    }

    /// Says that a stage's inbox has events, for its home worker or for any.
    pub(crate) fn mark_ready(&self, home: Option<usize>, bit: Bit) {
        self.ready_of(home).insert(bit);
    }

    /// Says that a stage's inbox has nothing to take.
    pub(crate) fn mark_idle(&self, home: Option<usize>, bit: Bit) {
        self.ready_of(home).remove(bit);
    }

    /// Wakes the home worker, or any one, if it sleeps.
    pub(crate) fn wake(&self, home: Option<usize>) {
        match home {
            None => {
                if let Some(worker) = self.sleepers.pick_any() {
                    self.ring(worker);
                }
            }
            Some(worker) => {
                if self.sleepers.pick(worker) {
                    self.ring(worker);
                }
            }
        }
    }

    /// Wakes every worker, asleep or not: something that concerns all has changed.
    pub(crate) fn wake_all(&self) {
        (0..self.workers.len()).for_each(|worker| self.ring(worker));
    }

    /// Lets a parked stage run again on a worker.
    pub(crate) fn unpark(&self, worker: usize, bit: Bit) {
        if let Some(post) = self.workers.get(worker) {
            post.unparked.insert(bit);
            self.wake(Some(worker));
        }
    }

    /// Reads which stages' inboxes have events that this worker may take.
    pub(crate) fn ready_for(&self, worker: usize) -> Set {
        let own = self.workers.get(worker).map(|post| post.ready.load());
        self.ready.load().or(own.unwrap_or_default())
    }

    pub(crate) fn take_unparked(&self, worker: usize) -> Set {
        let post = self.workers.get(worker);
        post.map(|post| post.unparked.take()).unwrap_or_default()
    }

    pub(crate) fn has_unparked(&self, worker: usize) -> bool {
        let post = self.workers.get(worker);
        post.is_some_and(|post| !post.unparked.load().is_empty())
    }

    pub(crate) fn sleepers(&self) -> &Sleepers {
        &self.sleepers
    }

    fn ready_of(&self, home: Option<usize>) -> &SharedSet {
        home.and_then(|worker| self.workers.get(worker))
            .map_or(&self.ready, |post| &post.ready)
    }

    fn ring(&self, worker: usize) {
        let post = self.workers.get(worker);
        let waker = post.and_then(|post| post.waker.lock().clone());
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("name", &self.name)
            .field("workers", &self.workers.len())
            .finish_non_exhaustive()
    }
}
