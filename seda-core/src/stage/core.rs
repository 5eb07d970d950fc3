//! A stage's whole shared state, and the ways into its queue.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::admission::{Admission, QueueView, Verdict};
use crate::clock::Tick;
use crate::domain::Site;
use crate::edge::{Edge, EdgeKind};
use crate::failure::{DeadLetter, Death};
use crate::gate;
use crate::here::Here;
use crate::meta::Meta;
use crate::queue::classes::Classes;
use crate::queue::inbox::{Inbox, Shut};
use crate::queue::local::LocalQueue;
use crate::queue::runs::Entry;
use crate::ready::Bit;
use crate::rejected::Reason;
use crate::stage::placement::{Placement, Placing};
use crate::stage::untyped::Untyped;

/// Takes dead letters of one stage to wherever they go.
pub(crate) type Undertaker<E> = Box<dyn Fn(DeadLetter<E>) + Send + Sync>;

/// Is what all sinks and all workers of a stage share.
pub(crate) struct StageCore<E> {
    pub(crate) common: Untyped,
    pub(crate) inbox: Inbox<E>,
    pub(crate) placement: OnceLock<Placement<E>>,
    pub(crate) admission: OnceLock<Box<dyn Admission<E>>>,
    pub(crate) undertaker: OnceLock<Undertaker<E>>,
}

/// Says why an event may not enter, and when it may.
pub(crate) type Refusal = (Reason, Option<std::time::Duration>);

/// Says what the right to enter rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// It was vetted a moment ago; a drain may have begun since.
    Vetted,
    /// It was promised room when it was reserved.
    Promised,
}

/// Is what asks to enter.
pub(crate) enum Ask<'e, E> {
    Event(&'e E),
    Events(&'e [E]),
    Room(usize),
}

impl<E> Ask<'_, E> {
    const fn count(&self) -> usize {
        match self {
            Self::Event(_) => 1,
            Self::Events(events) => events.len(),
            Self::Room(n) => *n,
        }
    }
}

impl<E> StageCore<E> {
    pub(crate) fn new(common: Untyped) -> Self {
        Self {
            common,
            inbox: Inbox::new(None),
            placement: OnceLock::new(),
            admission: OnceLock::new(),
            undertaker: OnceLock::new(),
        }
    }

    /// Decides everything but the bound: closed, expired, shed, in that order.
    pub(crate) fn vet(
        &self,
        here: &Here,
        edge: &Edge,
        meta: &Meta,
        ask: &Ask<'_, E>,
    ) -> Result<(), Refusal> {
        let gate = &self.common.gate;
        if gate.is_plain() && meta.deadline() == Tick::NEVER {
            return Ok(());
        }
        if self.is_closed_inlet(edge) || gate.has(gate::CLOSED) || gate.has(gate::QUARANTINED) {
            return Err((Reason::Closed, None));
        }
        let now = self.common.stamp(here);
        if meta.deadline() <= now {
            return Err((Reason::Expired, None));
        }
        let n = ask.count();
        self.condition((n, meta), now)?;
        let Some(policy) = self.admission.get() else {
            return Ok(());
        };
        let view = self.view(now);
        let verdict = match ask {
            Ask::Event(event) => policy.admit(event, meta, &view),
            Ask::Events(events) => policy.admit_all(events, meta, &view),
            Ask::Room(n) => policy.admit_room(*n, meta, &view),
        };
        match verdict {
            Verdict::Admit => Ok(()),
            Verdict::Shed { retry_after } => {
                let class = self.common.told_apart(meta.class());
                self.common.dials.return_tokens(n, class);
                Err((Reason::Shed, retry_after))
            }
        }
    }

    /// Serves what is queued by class from now on.
    pub(crate) fn set_classes(&self, classes: &Classes) {
        let common = &self.common;
        let _ = common.class_count.set(classes.count());
        classes.tell(&common.census);
        common.dials.serving.set_classes();
        self.inbox.set_classes((classes, &common.census));
        common.gate.set(gate::CONTROLLED);
    }

    /// Gives back what was spent on events that were admitted in vain.
    pub(crate) fn not_entered(&self, n: usize, meta: &Meta) {
        let class = self.common.told_apart(meta.class());
        self.common.dials.return_tokens(n, class);
        if let Some(policy) = self.admission.get() {
            policy.give_back(n, meta);
        }
    }

    /// Takes room for exactly `n` events, or none; the room that this worker
    /// holds ready is as good as any.
    pub(crate) fn reserve(&self, here: &Here, n: usize) -> bool {
        let common = &self.common;
        if common.room.reserve(n) {
            return true;
        }
        if !self.empty_pocket(here) {
            return false;
        }
        let reserved = common.room.reserve(n);
        if !reserved {
            common.waiters.room_freed();
        }
        reserved
    }

    /// Gives the room back that this worker holds ready; tells whether there was any.
    pub(crate) fn empty_pocket(&self, here: &Here) -> bool {
        let local = self
            .placement
            .get()
            .and_then(|place| place.local(here.seat()));
        let had = local.map(|local| {
            let empty = |queue: &mut LocalQueue<E>, ()| queue.empty_pocket(&self.common.room);
            local.queue.with((), empty)
        });
        had == Some(Ok(true))
    }

    fn is_closed_inlet(&self, edge: &Edge) -> bool {
        edge.kind == EdgeKind::Inlet && self.common.gate.has(gate::INLETS_CLOSED)
    }

    /// Enqueues entries whose room is reserved where any worker, or that of
    /// their key, finds them, and wakes one that sleeps; gives them back when
    /// the stage is closed.
    ///
    /// They are counted under the queue's lock, before a worker can finish
    /// them: a drain that reads the counters never sees more finished than accepted.
    pub(crate) fn push_shared<I>(
        &self,
        meta: &Meta,
        edge: &Edge,
        right: Right,
        entries: I,
    ) -> Result<(), I>
    where
        I: IntoIterator<Item = Entry<E>>,
    {
        let place = || self.placement.get();
        let enter = || {
            let late = right == Right::Vetted && self.is_closed_inlet(edge);
            if late {
                return Err(Shut);
            }
            Ok(place().and_then(|place| place.lane(meta)))
        };
        let mut pushed = 0;
        self.inbox.push(enter, entries, |n| {
            edge.count_accepted(n);
            pushed = n;
            place().into_iter().for_each(Placement::mark_ready);
        })?;
        if let (Some(place), true) = (place(), pushed > 0) {
            place.wake();
        }
        Ok(())
    }

    /// Removes the event that waited longest: the worker's own, else one of the
    /// inbox. Its room is still taken, and now the caller's.
    pub(crate) fn evict_oldest(&self, here: &Here) -> bool {
        let local = self
            .placement
            .get()
            .and_then(|place| place.local(here.seat()));
        let own = local.and_then(|local| {
            let evicted = local.queue.with((), |queue, ()| queue.evict_oldest());
            evicted.ok().flatten()
        });
        let evicted = own.or_else(|| self.inbox.evict_oldest());
        match evicted {
            Some(entry) => {
                self.bury(entry, Death::Evicted);
                self.common.count_dead_outside(1);
                true
            }
            None => false,
        }
    }

    /// Hands an event over as a dead letter, or drops it; the caller counts it
    /// afterwards, so that a drain sees the letter before the event is finished.
    pub(crate) fn bury(&self, entry: Entry<E>, death: Death) {
        death.known_in(|| {
            if let Some(undertaker) = self.undertaker.get() {
                undertaker(DeadLetter {
                    event: entry.event,
                    meta: entry.stamp.meta,
                    stage: Arc::clone(&self.common.name),
                    death,
                });
            } else {
                drop(entry);
            }
        });
    }

    /// Buries everything in the inbox; `closing` it first when the stage ends.
    pub(crate) fn bury_inbox(&self, death: Death) -> usize {
        let dead = if death == Death::Stopped {
            self.inbox.close()
        } else {
            let place = self.placement.get();
            self.inbox
                .drain(|| place.into_iter().for_each(Placement::mark_idle))
        };
        let n = dead.len();
        if n > 0 {
            self.common.room.release(n);
            self.common.waiters.room_freed();
        }
        dead.for_each(|entry| self.bury(entry, death));
        self.common.count_dead_outside(n);
        n
    }

    /// Gives the events accepted over one edge so far.
    pub(crate) fn accepted(&self, edge: &Edge) -> u64 {
        let place = self.placement.get();
        let locally = place.map_or(0, |place| place.accepted_locally(edge.index));
        edge.accepted() + locally
    }

    fn view(&self, now: Tick) -> QueueView {
        QueueView {
            queued: self.common.room.used(),
            in_hand: self.common.in_hand(),
            limit: self.common.room.limit(),
            now,
        }
    }
}

/// Is a stage as the graph's own parts see it, whatever its events are.
pub(crate) trait StageControl: Send + Sync {
    fn common(&self) -> &Untyped;
    /// Gives the events accepted over all edges so far.
    fn accepted(&self) -> u64;
    fn accepted_over(&self, edge: &Edge) -> u64;
    /// Refuses everything from now on and buries what the inbox holds.
    fn close(&self) -> usize;
    /// Says where the stage runs, once.
    fn place(&self, placing: Placing<'_>);
    /// Tells whether the stage runs in that domain.
    fn runs_at(&self, site: &Arc<Site>) -> bool;
    /// Refuses events from outside from now on. What was let in before has
    /// entered, and is counted, when this returns.
    fn close_inlets(&self);
    /// Tells whether it is that stage of that domain.
    fn runs_as(&self, site: &Arc<Site>, bit: Bit) -> bool;
    /// Has events run that were enqueued before the start.
    fn wake_if_waiting(&self);
    /// Gives where the stage runs, once it is placed.
    fn placed(&self) -> Option<Placed<'_>>;
    /// Gives the events that wait: accepted, less those that left the queue.
    fn queued(&self) -> u64 {
        let taken = self.common().taken();
        self.accepted().saturating_sub(taken)
    }
}

impl<E: Send + 'static> StageControl for StageCore<E> {
    fn common(&self) -> &Untyped {
        &self.common
    }

    fn accepted(&self) -> u64 {
        let edges = self.common.edges();
        edges.iter().map(|edge| self.accepted_over(edge)).sum()
    }

    fn accepted_over(&self, edge: &Edge) -> u64 {
        Self::accepted(self, edge)
    }

    fn close(&self) -> usize {
        self.common.gate.set(gate::CLOSED);
        self.bury_inbox(Death::Stopped)
    }

    fn place(&self, placing: Placing<'_>) {
        self.common.set_workers(placing.site.worker_count());
        self.inbox.assign(|| {
            let place = self
                .placement
                .get_or_init(|| Placement::new(placing, &self.common.census));
            |meta: &Meta| place.lane(meta)
        });
    }

    fn runs_at(&self, site: &Arc<Site>) -> bool {
        let place = self.placement.get();
        place.is_some_and(|place| Arc::ptr_eq(&place.site, site))
    }

    fn close_inlets(&self) {
        self.common.gate.set(gate::INLETS_CLOSED);
        // Who pushes after this looks at the gate once more, under this lock.
        self.inbox.len();
    }

    fn runs_as(&self, site: &Arc<Site>, bit: Bit) -> bool {
        let place = self.placement.get();
        place.is_some_and(|place| place.bit == bit && Arc::ptr_eq(&place.site, site))
    }

    fn wake_if_waiting(&self) {
        if let Some(place) = self.placement.get()
            && self.inbox.len() > 0
        {
            place.mark_ready();
            place.wake();
        }
    }

    fn placed(&self) -> Option<Placed<'_>> {
        let place = self.placement.get()?;
        Some(Placed {
            site: &place.site,
            bit: place.bit,
            home: place.home,
        })
    }
}

/// Is where a stage runs, whatever its events are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed<'s> {
    pub(crate) site: &'s Arc<Site>,
    pub(crate) bit: Bit,
    /// The only worker that runs it, when it is solo.
    pub(crate) home: Option<usize>,
}

impl<E> fmt::Debug for StageCore<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageCore")
            .field("common", &self.common)
            .finish_non_exhaustive()
    }
}
