//! The waiting events of a stage, in order, by class where the stage asks for it.

pub(crate) mod classes;
pub(crate) mod inbox;
pub(crate) mod lanes;
pub(crate) mod local;

use std::collections::VecDeque;

use crate::clock::Tick;
use crate::meta::Meta;
use classes::{Classes, Classified};

/// Is an event with what travels along.
#[derive(Debug)]
pub(crate) struct Entry<E> {
    pub(crate) meta: Meta,
    pub(crate) enqueued: Tick,
    pub(crate) event: E,
}

/// Is a run of waiting events, the next one in front.
#[derive(Debug)]
pub(crate) struct EventQueue<E> {
    fifo: VecDeque<Entry<E>>,
    classified: Option<Box<Classified<E>>>,
}

impl<E> EventQueue<E> {
    pub(crate) fn new(classes: Option<&Classes>) -> Self {
        Self {
            fifo: VecDeque::new(),
            classified: classes.map(|classes| Box::new(Classified::new(classes))),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        match &self.classified {
            None => self.fifo.len(),
            Some(classified) => classified.len(),
        }
    }

    /// Appends an event; tells whether the queue was empty.
    #[inline]
    pub(crate) fn push(&mut self, entry: Entry<E>) -> bool {
        if let Some(classified) = &mut self.classified {
            return classified.push(entry);
        }
        let was_empty = self.fifo.is_empty();
        self.fifo.push_back(entry);
        was_empty
    }

    /// Moves up to `limit` events to the back of `into`.
    pub(crate) fn take_into(&mut self, into: &mut VecDeque<Entry<E>>, limit: usize) {
        match &mut self.classified {
            None if into.is_empty() && limit >= self.fifo.len() => {
                std::mem::swap(&mut self.fifo, into);
            }
            None => {
                let n = limit.min(self.fifo.len());
                into.extend(self.fifo.drain(..n));
            }
            Some(classified) => {
                into.extend(std::iter::from_fn(|| classified.pop()).take(limit));
            }
        }
    }

    /// Hands over all events, or, by class, the next `limit`: whichever is cheaper.
    ///
    /// The caller takes `limit` of them and gives the rest back; without
    /// classes that costs a swap of two pointers however long the queue is.
    #[inline]
    pub(crate) fn lend_into(&mut self, into: &mut VecDeque<Entry<E>>, limit: usize) {
        if self.classified.is_none() && into.is_empty() {
            // Start over at the front of its memory, which is in the cache.
            into.clear();
            std::mem::swap(&mut self.fifo, into);
        } else {
            self.take_into(into, limit);
        }
    }

    /// Puts events that were handed out but not handled back in front.
    pub(crate) fn give_back(&mut self, from: &mut VecDeque<Entry<E>>) {
        match &mut self.classified {
            None => {
                from.append(&mut self.fifo);
                std::mem::swap(&mut self.fifo, from);
            }
            Some(classified) => classified.give_back(from),
        }
    }

    /// Removes the event that has waited longest in the least urgent class.
    pub(crate) fn pop_oldest(&mut self) -> Option<Entry<E>> {
        match &mut self.classified {
            None => self.fifo.pop_front(),
            Some(classified) => classified.pop_least_urgent(),
        }
    }
}
