//! What the current thread is just now: which worker, at what time, for which event.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Tick;
use crate::meta::Meta;
use crate::queue::runs::{Epoch, Stamp};
use crate::ready::LocalSet;

/// Says who may touch an [`OwnedCell`](crate::owned_cell::OwnedCell): one worker of one domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeatId {
    /// Unique in the process; 0 is nobody's.
    number: u64,
    worker: usize,
}

impl SeatId {
    /// Is a seat that is never given out, so that no thread ever sits there.
    pub(crate) const NEVER: Self = Self {
        number: u64::MAX,
        worker: usize::MAX,
    };

    /// Is where threads sit that are no workers.
    pub(crate) const NOBODY: Self = Self {
        number: 0,
        worker: usize::MAX,
    };

    /// Gives the worker's number in its domain.
    pub(crate) const fn worker(self) -> usize {
        self.worker
    }

    /// Tells whether both are the same seat.
    #[inline]
    pub(crate) const fn is(self, other: Self) -> bool {
        self.number == other.number
    }
}

/// Is the right to be one worker.
///
/// There is exactly one for each [`SeatId`], it cannot be copied, and a thread
/// sits on it only inside [`Seat::sit`]; so at most one thread is that worker.
#[derive(Debug)]
pub(crate) struct Seat(SeatId);

impl Seat {
    /// Makes the seats of a new domain, its workers numbered from 0.
    pub(crate) fn new_domain(workers: usize) -> Vec<Self> {
        static SEATS: AtomicU64 = AtomicU64::new(1);
        let seat = |worker| {
            Self(SeatId {
                number: SEATS.fetch_add(1, Ordering::Relaxed),
                worker,
            })
        };
        (0..workers).map(seat).collect()
    }

    pub(crate) const fn id(&self) -> SeatId {
        self.0
    }

    /// Makes the current thread this worker for as long as `work` runs.
    pub(crate) fn sit<R>(&mut self, work: impl FnOnce(&Here) -> R) -> R {
        HERE.with(|here| {
            let before = here.seat.replace(self.0);
            let _leave = Leave { here, before };
            work(here)
        })
    }
}

struct Leave<'h> {
    here: &'h Here,
    before: SeatId,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.here.seat.set(self.before);
    }
}

/// Names a stage across all graphs of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StageRef {
    pub(crate) graph: u64,
    pub(crate) stage: usize,
}

/// Says who had too little room, and for how many events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shortage {
    pub(crate) stage: StageRef,
    pub(crate) wanted: usize,
}

/// Is the state of the current thread. It is neither `Send` nor `Sync`, and
/// nobody else makes one, so a `&Here` proves which thread holds it.
#[derive(Debug)]
pub(crate) struct Here {
    seat: Cell<SeatId>,
    /// The meta that events enqueued now inherit.
    meta: Cell<Meta>,
    /// The worker's time stamp, taken once per batch.
    now: Cell<Tick>,
    /// Changes whenever `meta` or `now` does; asks for a closer look at events
    /// with a deadline or a key, and where each needs a stamp of its own.
    epoch: Cell<Epoch>,
    last_epoch: Cell<Epoch>,
    /// Whether events take so long here that each enqueue needs a stamp of its own.
    exact: Cell<bool>,
    /// The stages whose local queue has events.
    pub(crate) ready: LocalSet,
    /// The last refusal for want of room.
    pub(crate) refused: Cell<Option<Shortage>>,
    /// The pressure level of the overload manager, 0 to 255, given to handlers.
    pub(crate) pressure: Cell<u8>,
}

impl Here {
    #[inline]
    pub(crate) fn seat(&self) -> SeatId {
        self.seat.get()
    }

    #[inline]
    pub(crate) fn meta(&self) -> Meta {
        self.meta.get()
    }

    /// Has what is enqueued from now on inherit `meta`.
    ///
    /// Where nothing changes, nothing is written: runs downstream then stay
    /// whole, and the next enqueue need not wait for the store.
    #[inline]
    pub(crate) fn set_meta(&self, meta: &Meta) {
        if self.meta.get() != *meta {
            self.meta.set(*meta);
            self.turn_epoch();
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> Tick {
        self.now.get()
    }

    /// Has what is enqueued from now on be stamped with `now`.
    pub(crate) fn set_now(&self, now: Tick) {
        self.now.set(now);
        self.turn_epoch();
    }

    pub(crate) fn is_exact(&self) -> bool {
        self.exact.get()
    }

    /// Has each enqueue read the clock, since events take long here.
    pub(crate) fn stamp_each(&self) {
        if !self.exact.replace(true) {
            self.turn_epoch();
        }
    }

    /// Has enqueues use the time stamp of the batch.
    pub(crate) fn stamp_batches(&self) {
        if self.exact.replace(false) {
            self.turn_epoch();
        }
    }

    #[inline]
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch.get()
    }

    #[inline]
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            meta: self.meta.get(),
            enqueued: self.now.get(),
        }
    }

    fn turn_epoch(&self) {
        if self.meta.get().is_plain() && !self.exact.get() {
            let next = self.last_epoch.get().next();
            self.last_epoch.set(next);
            self.epoch.set(next);
        } else {
            self.epoch.set(Epoch::CLOSER_LOOK);
        }
    }
}

thread_local! {
    static HERE: Here = const {
        Here {
            seat: Cell::new(SeatId::NOBODY),
            meta: Cell::new(Meta::NONE),
            now: Cell::new(Tick::ZERO),
            epoch: Cell::new(Epoch::CLOSER_LOOK),
            last_epoch: Cell::new(Epoch::NONE),
            exact: Cell::new(true),
            ready: LocalSet::new(),
            refused: Cell::new(None),
            pressure: Cell::new(0),
        }
    };
}

/// Gives where the current thread sits.
#[inline]
pub(crate) fn seat() -> SeatId {
    HERE.with(Here::seat)
}

/// Returns the meta that an event enqueued now, on this thread, inherits.
///
/// Sources that handlers hand things to keep it for the event that they make of them.
pub fn inherited() -> Meta {
    HERE.with(Here::meta)
}

/// Gives the epoch of the current thread.
#[inline]
pub(crate) fn epoch() -> Epoch {
    HERE.with(Here::epoch)
}

/// Runs `look` with the state of the current thread.
#[inline]
pub(crate) fn with<R>(look: impl FnOnce(&Here) -> R) -> R {
    HERE.with(look)
}

#[cfg(test)]
mod tests {
    use super::{Seat, SeatId, with};

    #[test]
    fn a_thread_sits_only_as_long_as_the_work_runs() {
        let mut seats = Seat::new_domain(2);
        let ids: Vec<SeatId> = seats.iter().map(Seat::id).collect();
        assert_ne!(ids[0], ids[1]);
        seats[1].sit(|here| assert_eq!(here.seat(), ids[1]));
        assert_eq!(with(super::Here::seat), SeatId::NOBODY);
    }

    #[test]
    fn a_panic_leaves_the_seat() {
        let mut seats = Seat::new_domain(1);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            seats[0].sit(|_| panic!("on purpose"));
        }));
        assert!(caught.is_err());
        assert_eq!(with(super::Here::seat), SeatId::NOBODY);
    }
}
