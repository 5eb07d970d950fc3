//! Things handed to a worker's source from other threads.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::bell::Bell;

/// Is a list that any thread adds to and one source takes from.
///
/// It has no bound of its own: what is posted here is something the source, or
/// the operating system, has given out and counted before.
#[derive(Debug)]
pub(crate) struct Mailbox<L> {
    letters: Mutex<Letters<L>>,
    /// There are letters; spares the source a lock at each poll.
    any: AtomicBool,
    bell: Arc<Bell>,
}

#[derive(Debug)]
struct Letters<L> {
    waiting: Vec<L>,
    closed: bool,
}

impl<L> Mailbox<L> {
    pub(crate) fn new(bell: Arc<Bell>) -> Self {
        Self {
            letters: Mutex::new(Letters {
                waiting: Vec::new(),
                closed: false,
            }),
            any: AtomicBool::new(false),
            bell,
        }
    }

    /// Hands a letter over and wakes the worker if it sleeps; gives it back
    /// when the source is gone.
    pub(crate) fn post(&self, letter: L) -> Result<(), L> {
        {
            let mut letters = self.letters.lock();
            if letters.closed {
                return Err(letter);
            }
            letters.waiting.push(letter);
            self.any.store(true, Ordering::Release);
        }
        self.bell.ring();
        Ok(())
    }

    /// Takes all letters, in the order they were posted.
    pub(crate) fn take(&self) -> Vec<L> {
        if !self.any.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut letters = self.letters.lock();
        self.any.store(false, Ordering::Release);
        mem::take(&mut letters.waiting)
    }

    /// Takes no more letters, and gives back those that wait.
    pub(crate) fn close(&self) -> Vec<L> {
        let mut letters = self.letters.lock();
        letters.closed = true;
        mem::take(&mut letters.waiting)
    }
}
