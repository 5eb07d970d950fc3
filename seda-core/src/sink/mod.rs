//! The enqueue side of a stage's queue.

pub(crate) mod slots;
pub(crate) mod with;

use std::fmt;
use std::sync::Arc;

use crate::edge::{Edge, Overflow};
use crate::here::{self, Here, SeatId, Shortage};
use crate::meta::Meta;
use crate::queue::local::LocalQueue;
use crate::queue::runs::{Entry, Stamp};
use crate::rejected::{Reason, Rejected};
use crate::sink::slots::Slots;
use crate::sink::with::SinkWith;
use crate::stage::core::{Ask, Refusal, Right, StageCore};
use crate::stage::placement::{Local, Placement};

/// Enqueues events for one stage, along one edge of the graph.
///
/// It is a plain field of a handler; clones are cheap and work on any thread.
/// On a worker of the stage's own domain an enqueue is a push onto that
/// worker's queue; from elsewhere it takes a lock, and wakes a worker only if
/// one sleeps.
///
/// # Ordering
///
/// Events of one producer and one class are handled in the order they were
/// enqueued by a stage with one worker; with several workers, events with the
/// same [`Key`](crate::Key) are (contract 6).
pub struct Sink<E> {
    core: Arc<StageCore<E>>,
    edge: Arc<Edge>,
    /// The edge's index, here to spare a look at the edge.
    index: usize,
}

impl<E: Send + 'static> Sink<E> {
    pub(crate) fn new(core: Arc<StageCore<E>>, edge: Arc<Edge>) -> Self {
        let index = edge.index;
        Self { core, edge, index }
    }

    /// Names the stage behind this sink.
    pub fn stage(&self) -> &str {
        &self.core.common.name
    }

    /// Chooses what happens along this edge when the stage has no room.
    ///
    /// Every edge that closes a loop must choose; others reject by default.
    #[must_use]
    pub fn overflow(self, overflow: Overflow) -> Self {
        self.edge.set_overflow(overflow);
        self
    }

    /// Enqueues one event, which inherits the meta of the event in hand.
    ///
    /// # Errors
    ///
    /// Gives the event back with the reason when there is no room
    /// ([`Reason::Full`]), when admission sheds it, when its deadline has
    /// passed, or when the stage is closed. Along an edge that drops, a full
    /// queue is no error.
    #[inline]
    pub fn enqueue(&self, event: E) -> Result<(), Rejected<E>> {
        match self.put_quickly(event) {
            Ok(()) => Ok(()),
            Err(event) => self.put_inheriting(event),
        }
    }

    /// Enqueues all events, or none of them, with the meta of the event in hand.
    ///
    /// They count against bound and admission at once; a refused batch
    /// consumes nothing (contract 3). An edge that drops the newest drops all of
    /// them; one that drops the oldest makes room for all of them.
    ///
    /// # Errors
    ///
    /// Gives all events back, as [`enqueue`](Self::enqueue) does one.
    pub fn enqueue_all(&self, events: Vec<E>) -> Result<(), Rejected<Vec<E>>> {
        here::with(|here| self.put_all(here, &here.meta(), events))
    }

    /// Enqueues one event or drops it; tells which. The drop is counted.
    pub fn enqueue_lossy(&self, event: E) -> bool {
        match here::with(|here| self.put_locally(here, event)) {
            Ok(()) => true,
            Err(event) => here::with(|here| self.put_lossy(here, &here.meta(), event)),
        }
    }

    /// Reserves room for `n` events, to be filled one by one: the first of two
    /// phases. Dropping the [`Slots`] gives what is left back.
    ///
    /// Admission cannot see the events; it decides by the meta in hand, which
    /// the filled events inherit.
    ///
    /// # Errors
    ///
    /// As for [`enqueue`](Self::enqueue); nothing is reserved then.
    pub fn reserve(&self, n: usize) -> Result<Slots<'_, E>, Rejected<()>> {
        here::with(|here| self.book(here, here.meta(), n))
    }

    /// Gives this sink for events with a meta of their own.
    ///
    /// ```
    /// # use seda_core::{Class, Meta, testing::probe};
    /// let (sink, events) = probe::<u32>(8);
    /// sink.with(Meta::NONE.with_class(Class::HIGH)).enqueue(7)?;
    /// assert_eq!(events.take_with_meta()[0].1.class(), Class::HIGH);
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub const fn with(&self, meta: Meta) -> SinkWith<'_, E> {
        SinkWith::new(self, meta)
    }

    pub(crate) fn core(&self) -> &StageCore<E> {
        &self.core
    }

    pub(crate) fn count_accepted(&self) {
        self.edge.count_accepted(1);
    }

    /// Gives the queue of whoever sits there, if only the bound decides who enters.
    #[inline]
    fn own_queue(&self, seat: SeatId) -> Option<(&Placement<E>, &Local<E>)> {
        let place = self.core.placement.get()?;
        let local = place.local(seat)?;
        self.core.common.gate.is_plain().then_some((place, local))
    }

    /// Is the common way, and as short as can be: one more event of a run that
    /// is begun, with nothing to vet, and room at hand. Everything else gives
    /// the event back for [`put_inheriting`](Self::put_inheriting).
    #[inline]
    fn put_quickly(&self, event: E) -> Result<(), E> {
        let Some((_, local)) = self.own_queue(here::seat()) else {
            return Err(event);
        };
        let push = |queue: &mut LocalQueue<E>, event| queue.push_on(here::epoch(), event);
        local.queue.with(event, push)??;
        local.count(self.index, &self.edge);
        Ok(())
    }

    /// Is the next common way: an event that begins a run in a queue of this
    /// worker's own, or takes more room for it.
    fn put_locally(&self, here: &Here, event: E) -> Result<(), E> {
        let Some((place, local)) = self.own_queue(here.seat()) else {
            return Err(event);
        };
        let core = &*self.core;
        let stamp = here.stamp();
        let push = |queue: &mut LocalQueue<E>, event| {
            queue.push_in(&core.common.room, here.epoch(), Entry { stamp, event })
        };
        let was_empty = local.queue.with(event, push)??;
        local.count(self.index, &self.edge);
        if was_empty {
            here.ready.insert(place.bit);
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn put_inheriting(&self, event: E) -> Result<(), Rejected<E>> {
        here::with(|here| match self.put_locally(here, event) {
            Ok(()) => Ok(()),
            Err(event) => self.put(here, &here.meta(), event),
        })
    }

    /// Is the long way: everything is looked at.
    fn put(&self, here: &Here, meta: &Meta, event: E) -> Result<(), Rejected<E>> {
        let meta = &self.core.common.on_its_way(here, meta);
        match self.core.vet(here, &self.edge, meta, &Ask::Event(&event)) {
            Err(refusal) => Err(self.refuse(here, refusal, 1, event)),
            Ok(()) => self.put_any(here, meta, event),
        }
    }

    #[cold]
    fn put_lossy(&self, here: &Here, meta: &Meta, event: E) -> bool {
        let meta = &self.core.common.on_its_way(here, meta);
        let vetted = self.core.vet(here, &self.edge, meta, &Ask::Event(&event));
        let put = match vetted {
            Ok(()) => self
                .put_or_evict(here, meta, event)
                .map_err(|(reason, _)| reason),
            Err((reason, _)) => Err(reason),
        };
        if let Err(reason) = put {
            self.edge.count_rejected(reason, 1);
            self.edge.count_dropped(1);
        }
        put.is_ok()
    }

    /// Enqueues a vetted event, and does what the edge says when there is no room.
    fn put_any(&self, here: &Here, meta: &Meta, event: E) -> Result<(), Rejected<E>> {
        match self.put_or_evict(here, meta, event) {
            Ok(()) => Ok(()),
            Err((Reason::Full, _)) if self.edge.drops() => {
                self.edge.count_rejected(Reason::Full, 1);
                self.edge.count_dropped(1);
                Ok(())
            }
            Err((reason, event)) => Err(self.refuse(here, (reason, None), 1, event)),
        }
    }

    /// Enqueues an event in whichever queue the current thread may use, in the
    /// place of an older one where the edge says so.
    fn put_or_evict(&self, here: &Here, meta: &Meta, event: E) -> Result<(), (Reason, E)> {
        if !self.reserve_or_evict(here, 1) {
            self.core.not_entered(1, meta);
            return Err((Reason::Full, event));
        }
        let pushed = self.push_reserved(here, meta, Right::Vetted, event);
        pushed.map_err(|event| {
            self.core.common.room.release(1);
            (Reason::Closed, event)
        })
    }

    /// Reserves room, and makes it where the edge drops the oldest.
    fn reserve_or_evict(&self, here: &Here, n: usize) -> bool {
        let room = &self.core.common.room;
        let evicts = self.edge.overflow() == Some(Overflow::DropOldest) && n <= room.limit();
        // What is evicted leaves its room to the caller.
        for evicted in 0..n {
            if self.core.reserve(here, n - evicted) {
                return true;
            }
            if !evicts || !self.core.evict_oldest(here) {
                room.release(evicted);
                self.core.common.waiters.room_freed();
                return false;
            }
        }
        true
    }

    fn put_all(&self, here: &Here, meta: &Meta, events: Vec<E>) -> Result<(), Rejected<Vec<E>>> {
        let n = events.len();
        let meta = &self.core.common.on_its_way(here, meta);
        if let Err(refusal) = self.core.vet(here, &self.edge, meta, &Ask::Events(&events)) {
            return Err(self.refuse(here, refusal, n, events));
        }
        if self.reserve_or_evict(here, n) {
            return self
                .push_all_reserved(here, meta, events)
                .map_err(|events| {
                    self.core.common.room.release(n);
                    self.refuse(here, (Reason::Closed, None), n, events)
                });
        }
        self.core.not_entered(n, meta);
        if self.edge.drops() {
            self.edge.count_rejected(Reason::Full, n);
            self.edge.count_dropped(n);
            return Ok(());
        }
        Err(self.refuse(here, (Reason::Full, None), n, events))
    }

    fn push_all_reserved(&self, here: &Here, meta: &Meta, events: Vec<E>) -> Result<(), Vec<E>> {
        let stamp = Stamp {
            meta: *meta,
            enqueued: self.core.common.stamp(here),
        };
        let entry = |event| Entry { stamp, event };
        let mut entries: Vec<Entry<E>> = events.into_iter().map(entry).collect();
        if let Some(place) = self.core.placement.get()
            && let Some(local) = place
                .local(here.seat())
                .filter(|_| place.lane(meta).is_none())
        {
            let pushed = local.queue.with(entries, |queue, entries| {
                for entry in entries {
                    queue.push_reserved(entry);
                    local.count(self.index, &self.edge);
                }
            });
            match pushed {
                Ok(()) => {
                    here.ready.insert(place.bit);
                    return Ok(());
                }
                Err(back) => entries = back,
            }
        }
        self.core
            .push_shared(meta, &self.edge, Right::Vetted, entries)
            .map_err(|entries| entries.into_iter().map(|entry| entry.event).collect())
    }

    fn book(&self, here: &Here, meta: Meta, n: usize) -> Result<Slots<'_, E>, Rejected<()>> {
        let meta = self.core.common.on_its_way(here, &meta);
        let asked = self.core.vet(here, &self.edge, &meta, &Ask::Room(n));
        match asked {
            Err(refusal) => Err(self.refuse(here, refusal, n, ())),
            Ok(()) if !self.core.reserve(here, n) => {
                self.core.not_entered(n, &meta);
                Err(self.refuse(here, (Reason::Full, None), n, ()))
            }
            Ok(()) => Ok(Slots::new(self, meta, n)),
        }
    }

    /// Enqueues an event whose room is reserved; gives it back when the stage is closed.
    pub(crate) fn push_reserved(
        &self,
        here: &Here,
        meta: &Meta,
        right: Right,
        event: E,
    ) -> Result<(), E> {
        let core = &*self.core;
        let stamp = Stamp {
            meta: *meta,
            enqueued: core.common.stamp(here),
        };
        let mut entry = Entry { stamp, event };
        if let Some(place) = core.placement.get()
            && let Some(local) = place
                .local(here.seat())
                .filter(|_| place.lane(meta).is_none())
        {
            let push = |queue: &mut LocalQueue<E>, entry| {
                queue.push_reserved(entry);
            };
            match local.queue.with(entry, push) {
                Ok(()) => {
                    local.count(self.index, &self.edge);
                    here.ready.insert(place.bit);
                    return Ok(());
                }
                Err(back) => entry = back,
            }
        }
        core.push_shared(meta, &self.edge, right, Some(entry))
            .map_err(|back| back.map(|entry| entry.event))
            .or_else(|back| back.map_or(Ok(()), Err))
    }

    /// Counts a refusal, remembers it for [`defer`](crate::Batch::defer), gives the event back.
    fn refuse<T>(&self, here: &Here, refusal: Refusal, n: usize, event: T) -> Rejected<T> {
        let (reason, retry_after) = refusal;
        self.edge.count_rejected(reason, n);
        let full = reason == Reason::Full;
        let retry_after = match retry_after {
            None if full => self.core.room_in(n, here.meta().class()),
            known => known,
        };
        here.refused.set(full.then_some(Shortage {
            stage: self.core.common.at,
            wanted: n,
        }));
        Rejected {
            event,
            reason,
            retry_after,
            stage: Arc::clone(&self.core.common.name),
        }
    }
}

impl<E> Clone for Sink<E> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
            edge: Arc::clone(&self.edge),
            index: self.index,
        }
    }
}

impl<E> fmt::Debug for Sink<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink")
            .field("stage", &self.core.common.name)
            .finish_non_exhaustive()
    }
}
