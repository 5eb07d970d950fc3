//! The waiting events of a stage, in order, by class where the stage asks for it.

pub(crate) mod census;
pub(crate) mod classes;
pub(crate) mod guard;
pub(crate) mod inbox;
pub(crate) mod lanes;
pub(crate) mod local;
pub(crate) mod runs;
pub(crate) mod terms;
#[cfg(all(test, not(loom)))]
mod tests;

use crate::dials::Order;
use classes::{Classified, Ranks};
use runs::{Entry, Epoch, Runs};

/// Is waiting events, the next one in front.
#[derive(Debug)]
pub(crate) struct EventQueue<E> {
    fifo: Runs<E>,
    classified: Option<Box<Classified<E>>>,
    /// An event with a key was here: those keep their order.
    keyed: bool,
}

impl<E> EventQueue<E> {
    pub(crate) fn new(ranks: Option<Ranks<'_>>) -> Self {
        Self {
            fifo: Runs::new(),
            classified: ranks.map(|ranks| Box::new(Classified::new(ranks))),
            keyed: false,
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
        self.keyed |= entry.stamp.meta.key().is_some();
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

    /// Appends an event without a key that begins a run; see [`Runs::push_in`].
    pub(crate) fn push_in(&mut self, epoch: Epoch, entry: Entry<E>) -> bool {
        match &mut self.classified {
            None => self.fifo.push_in(epoch, entry),
            Some(classified) => classified.push(entry),
        }
    }

    /// Gives the order in which it hands out events that should leave in this one.
    #[inline]
    pub(crate) const fn order(&self, wanted: Order) -> Order {
        if self.keyed {
            Order::OldestFirst
        } else {
            wanted
        }
    }

    /// Takes everything, the oldest first.
    pub(crate) fn take_all(&mut self, into: &mut Runs<E>) {
        self.take_into(into, usize::MAX, Order::OldestFirst);
        self.keyed = false;
    }

    /// Moves up to `limit` events to the back of `into`, those first that this
    /// order, which must be its [own](Self::order), has first.
    #[inline]
    pub(crate) fn take_into(&mut self, into: &mut Runs<E>, limit: usize, order: Order) {
        match &mut self.classified {
            None if order == Order::NewestFirst => self.fifo.move_back(into, limit),
            None if into.is_empty() && limit >= self.fifo.len() => {
                into.clear();
                std::mem::swap(&mut self.fifo, into);
            }
            None => self.fifo.move_front(into, limit),
            Some(classified) => classified.take_into(into, limit, order),
        }
    }

    /// Hands over all events, or, by class or the newest first, the next
    /// `limit`: whichever is cheaper.
    ///
    /// The caller takes `limit` of them and gives the rest back; without
    /// classes, the oldest first, that costs a swap of pointers however long the queue is.
    #[inline]
    pub(crate) fn lend_into(&mut self, into: &mut Runs<E>, limit: usize, order: Order) {
        let limit = match (&self.classified, order) {
            (None, Order::OldestFirst) => usize::MAX,
            _ => limit,
        };
        self.take_into(into, limit, order);
    }

    /// Puts events that were handed out in this order, but not handled, back
    /// where they came from: they are the next again.
    pub(crate) fn give_back(&mut self, from: &mut Runs<E>, order: Order) {
        match &mut self.classified {
            None if order == Order::NewestFirst => from.move_back(&mut self.fifo, usize::MAX),
            None => {
                from.append(&mut self.fifo);
                std::mem::swap(&mut self.fifo, from);
            }
            Some(classified) => classified.give_back(from, order),
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
