//! Where the workers of a source take what stages hand over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use parking_lot::Mutex;

use crate::reactor::Mailbox;

/// Is the workers of one source. Clones are one.
#[derive(Debug)]
pub(crate) struct Offices<L> {
    all: Arc<Mutex<Vec<Office<L>>>>,
    /// Whose turn it is when a thread asks that is no worker.
    turn: Arc<AtomicUsize>,
}

/// Is where one worker takes things.
#[derive(Debug)]
struct Office<L> {
    thread: ThreadId,
    letters: Arc<Mailbox<L>>,
}

impl<L> Offices<L> {
    /// Adds the current worker.
    pub(crate) fn open(&self, letters: Arc<Mailbox<L>>) {
        let thread = thread::current().id();
        self.all.lock().push(Office { thread, letters });
    }

    /// Hands something over: on a worker of the source to that one, and
    /// otherwise to each in turn. Gives it back when the graph does not run.
    pub(crate) fn post(&self, letter: L) -> Result<(), L> {
        let offices = self.all.lock();
        let here = thread::current().id();
        let own = offices.iter().find(|office| office.thread == here);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let any = || offices.get(turn.checked_rem(offices.len())?);
        match own.or_else(any) {
            Some(office) => office.letters.post(letter),
            None => Err(letter),
        }
    }
}

impl<L> Clone for Offices<L> {
    fn clone(&self) -> Self {
        let (all, turn) = (Arc::clone(&self.all), Arc::clone(&self.turn));
        Self { all, turn }
    }
}

impl<L> Default for Offices<L> {
    fn default() -> Self {
        let (all, turn) = (Arc::default(), Arc::default());
        Self { all, turn }
    }
}
