//! A worker's own queue of a stage: no lock, since nobody else reaches it.

use crate::dials::Order;
use crate::queue::EventQueue;
use crate::queue::classes::Ranks;
use crate::queue::runs::{Entry, Epoch, Runs};
use crate::room::Room;

/// Is the events that one worker enqueued for itself, and the room it holds ready.
#[derive(Debug)]
pub(crate) struct LocalQueue<E> {
    events: EventQueue<E>,
    /// Room that is reserved in the stage's [`Room`] but holds no event yet.
    pocket: usize,
}

impl<E> LocalQueue<E> {
    pub(crate) fn new(ranks: Option<Ranks<'_>>) -> Self {
        Self {
            events: EventQueue::new(ranks),
            pocket: 0,
        }
    }

    /// Appends an event to the run that this worker has begun in this epoch,
    /// in room that it holds ready; gives it back where there is neither.
    #[inline]
    pub(crate) fn push_on(&mut self, epoch: Epoch, event: E) -> Result<(), E> {
        if !self.events.is_in(epoch) || self.pocket == 0 {
            return Err(event);
        }
        self.pocket -= 1;
        self.events.push_on(event);
        Ok(())
    }

    /// Appends an event that begins a run, or needs more room to be made ready;
    /// gives it back when there is none, or when it needs a closer look. Tells
    /// whether the queue was empty.
    pub(crate) fn push_in(
        &mut self,
        room: &Room,
        epoch: Epoch,
        entry: Entry<E>,
    ) -> Result<bool, E> {
        if epoch == Epoch::CLOSER_LOOK || (self.pocket == 0 && !self.refill(room)) {
            return Err(entry.event);
        }
        self.pocket -= 1;
        Ok(self.events.push_in(epoch, entry))
    }

    fn refill(&mut self, room: &Room) -> bool {
        self.pocket = room.reserve_up_to(room.pocket());
        self.pocket > 0
    }

    /// Appends an event whose room is already reserved.
    pub(crate) fn push_reserved(&mut self, entry: Entry<E>) -> bool {
        self.events.push(entry)
    }

    /// Hands all its events, or the next `limit`, whichever is cheaper, over to
    /// a batch that will take `limit` of them; keeps at most `keep` of their
    /// room ready. Gives how many, and in which order they are.
    #[inline]
    pub(crate) fn lend_into(
        &mut self,
        into: &mut Runs<E>,
        (limit, order): (usize, Order),
        (room, keep): (&Room, usize),
    ) -> (usize, Order) {
        let n = limit.min(self.events.len());
        let order = self.events.order(order);
        self.events.lend_into(into, limit, order);
        self.pocket += n;
        if self.pocket > keep {
            room.release(self.pocket - keep);
            self.pocket = keep;
        }
        (n, order)
    }

    /// Tells whether events are left, as they are after only a batch was lent.
    #[inline]
    pub(crate) fn has_events(&self) -> bool {
        self.events.len() > 0
    }

    /// Takes back what a batch left: `untaken` of it had given up its room.
    pub(crate) fn give_back(
        &mut self,
        (left, order): (&mut Runs<E>, Order),
        untaken: usize,
        room: &Room,
    ) {
        self.events.give_back(left, order);
        let from_pocket = untaken.min(self.pocket);
        self.pocket -= from_pocket;
        room.force(untaken - from_pocket);
    }

    /// Gives the room that is held ready back, before the worker sleeps; tells
    /// whether there was any.
    pub(crate) fn empty_pocket(&mut self, room: &Room) -> bool {
        let had = self.pocket > 0;
        if had {
            room.release(self.pocket);
            self.pocket = 0;
        }
        had
    }

    /// Removes the oldest event of the least urgent class; its room is the caller's.
    pub(crate) fn evict_oldest(&mut self) -> Option<Entry<E>> {
        self.events.pop_oldest()
    }
}
