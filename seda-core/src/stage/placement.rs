//! Where a started stage runs: its domain, and each worker's own queue of it.

use std::sync::Arc;

use crate::domain::Site;
use crate::edge::Edge;
use crate::here::{Seat, SeatId};
use crate::meta::{Key, Meta};
use crate::owned_cell::OwnedCell;
use crate::queue::census::Census;
use crate::queue::classes::{Classes, Ranks};
use crate::queue::local::LocalQueue;
use crate::ready::Bit;
use crate::stats::meter::{Count, OwnLine};

/// How many of a stage's edges each worker counts without a locked instruction.
const EDGES_COUNTED: usize = 16;

/// Is where a stage runs.
#[derive(Debug)]
pub(crate) struct Placement<E> {
    pub(crate) site: Arc<Site>,
    pub(crate) bit: Bit,
    /// The only worker that runs this stage, when it is solo.
    pub(crate) home: Option<usize>,
    /// Several workers run it, so keyed events need lanes.
    many: bool,
    locals: Box<[OwnLine<Local<E>>]>,
}

/// Says how a stage is placed.
#[derive(Debug)]
pub(crate) struct Placing<'p> {
    pub(crate) site: Arc<Site>,
    pub(crate) bit: Bit,
    pub(crate) home: Option<usize>,
    /// The seats of workers that keep queues of their own; empty in a blocking domain.
    pub(crate) seats: &'p [Seat],
    pub(crate) classes: Option<&'p Classes>,
}

/// Is one worker's queue of the stage, and how many events it pushed there by edge.
#[derive(Debug)]
pub(crate) struct Local<E> {
    pub(crate) queue: OwnedCell<LocalQueue<E>>,
    pub(crate) accepted: [Count; EDGES_COUNTED],
}

impl<E> Local<E> {
    /// Counts an event that its worker pushed here along `edge`. The last edges
    /// of a stage with very many have no counter here, and count for themselves.
    #[inline]
    pub(crate) fn count(&self, index: usize, edge: &Edge) {
        match self.accepted.get(index) {
            Some(counter) => counter.add(1),
            None => edge.count_accepted(1),
        }
    }
}

impl<E> Placement<E> {
    pub(crate) fn new(placing: Placing<'_>, census: &Arc<Census>) -> Self {
        let ranks: Option<Ranks<'_>> = placing.classes.map(|classes| (classes, census));
        let home = placing.home;
        let local = |(worker, seat): (usize, &Seat)| {
            let runs_here = home.is_none_or(|home| home == worker);
            let queue = LocalQueue::new(ranks);
            OwnLine(Local {
                queue: if runs_here {
                    OwnedCell::new(seat, queue)
                } else {
                    OwnedCell::unowned(queue)
                },
                accepted: Default::default(),
            })
        };
        Self {
            many: home.is_none() && placing.site.worker_count() > 1,
            locals: placing.seats.iter().enumerate().map(local).collect(),
            site: placing.site,
            bit: placing.bit,
            home,
        }
    }

    /// Gives the queue that the current thread may own; the cell itself checks.
    #[inline]
    pub(crate) fn local(&self, seat: SeatId) -> Option<&Local<E>> {
        let OwnLine(local) = self.locals.get(seat.worker())?;
        Some(local)
    }

    /// Gives the key by which an event must be kept in order, if it must.
    pub(crate) fn lane(&self, meta: &Meta) -> Option<Key> {
        if self.many { meta.key() } else { None }
    }

    /// Gives how many events the workers pushed onto their own queues, by edge.
    pub(crate) fn accepted_locally(&self, edge: usize) -> u64 {
        let locals = self.locals.iter();
        let count = |OwnLine(local): &OwnLine<Local<E>>| local.accepted.get(edge).map(Count::get);
        locals.filter_map(count).sum()
    }

    pub(crate) fn mark_ready(&self) {
        self.site.mark_ready(self.home, self.bit);
    }

    pub(crate) fn mark_idle(&self) {
        self.site.mark_idle(self.home, self.bit);
    }

    pub(crate) fn wake(&self) {
        self.site.wake(self.home);
    }
}
