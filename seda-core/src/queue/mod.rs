//! The waiting events of a stage, in order, by class where the stage asks for it.

pub(crate) mod census;
pub(crate) mod classes;
pub(crate) mod inbox;
pub(crate) mod lanes;
pub(crate) mod local;
pub(crate) mod runs;

use classes::{Classified, Ranks};
use runs::{Entry, Epoch, Runs};

/// Is waiting events, the next one in front.
#[derive(Debug)]
pub(crate) struct EventQueue<E> {
    fifo: Runs<E>,
    classified: Option<Box<Classified<E>>>,
}

impl<E> EventQueue<E> {
    pub(crate) fn new(ranks: Option<Ranks<'_>>) -> Self {
        Self {
            fifo: Runs::new(),
            classified: ranks.map(|ranks| Box::new(Classified::new(ranks))),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.classified {
            None => self.fifo.len(),
            Some(classified) => classified.len(),
        }
    }

    /// Appends an event; tells whether the queue was empty.
    pub(crate) fn push(&mut self, entry: Entry<E>) -> bool {
        match &mut self.classified {
            None => self.fifo.push(entry),
            Some(classified) => classified.push(entry),
        }
    }

    /// Tells whether the next event of this epoch continues the last run. By
    /// class none ever does.
    #[inline]
    pub(crate) fn is_in(&self, epoch: Epoch) -> bool {
        self.fifo.is_in(epoch)
    }

    /// Appends an event to the last run; see [`Runs::push_on`].
    #[inline]
    pub(crate) fn push_on(&mut self, event: E) {
        self.fifo.push_on(event);
    }

    /// Appends an event that begins a run; see [`Runs::push_in`].
    pub(crate) fn push_in(&mut self, epoch: Epoch, entry: Entry<E>) -> bool {
        match &mut self.classified {
            None => self.fifo.push_in(epoch, entry),
            Some(classified) => classified.push(entry),
        }
    }

    /// Moves up to `limit` events to the back of `into`.
    #[inline]
    pub(crate) fn take_into(&mut self, into: &mut Runs<E>, limit: usize) {
        match &mut self.classified {
            None if into.is_empty() && limit >= self.fifo.len() => {
                into.clear();
                std::mem::swap(&mut self.fifo, into);
            }
            None => self.fifo.move_front(into, limit),
            Some(classified) => classified.take_into(into, limit),
        }
    }

    /// Hands over all events, or, by class, the next `limit`: whichever is cheaper.
    ///
    /// The caller takes `limit` of them and gives the rest back; without
    /// classes that costs a swap of pointers however long the queue is.
    #[inline]
    pub(crate) fn lend_into(&mut self, into: &mut Runs<E>, limit: usize) {
        let limit = match self.classified {
            None => usize::MAX,
            Some(_) => limit,
        };
        self.take_into(into, limit);
    }

    /// Puts events that were handed out but not handled back in front.
    pub(crate) fn give_back(&mut self, from: &mut Runs<E>) {
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
