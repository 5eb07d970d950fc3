//! Which events of a batch are too late, for all of them or by class.

use std::sync::Arc;

use crate::clock::Tick;
use crate::queue::census::Census;
use crate::queue::runs::Stamp;

/// Says which events are not worth handling any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// When the batch was taken.
    pub(crate) now: Tick,
    /// An event with a deadline before this comes too late.
    pub(crate) due_after: Tick,
    /// An event that was enqueued before this has used up its stage's budget.
    pub(crate) fresh_from: Tick,
}

impl Terms {
    pub(crate) const NONE: Self = Self {
        now: Tick::ZERO,
        due_after: Tick::ZERO,
        fresh_from: Tick::ZERO,
    };

    /// Stands for the moment where it differs by class: it allows nothing, and
    /// so has [`ByClass`] asked.
    pub(crate) const BY_CLASS: Tick = Tick::NEVER;

    pub(crate) fn allow(&self, stamp: &Stamp) -> bool {
        stamp.meta.deadline() >= self.due_after && stamp.enqueued >= self.fresh_from
    }
}

/// Decides which events are not worth handling any more, where the queue has
/// classes, and notes which of them were served.
#[derive(Debug)]
pub(crate) struct ByClass {
    pub(crate) census: Arc<Census>,
    /// The last class; less urgent events share it.
    pub(crate) last: usize,
}

impl ByClass {
    fn place(&self, stamp: &Stamp) -> usize {
        usize::from(stamp.meta.class().0).min(self.last)
    }

    pub(crate) fn allows(&self, terms: &Terms, stamp: &Stamp) -> bool {
        let guard = &self.census.guard;
        stamp.meta.deadline() >= terms.due_after
            && guard.is_fresh(self.place(stamp), stamp, terms.now)
    }

    /// Decides on a run of events that the handler is to get.
    pub(crate) fn take(&self, terms: &Terms, (stamp, n): (&Stamp, usize)) -> bool {
        let allows = self.allows(terms, stamp);
        let (guard, class) = (&self.census.guard, self.place(stamp));
        if allows {
            guard.serve(class, terms.now);
        } else {
            guard.expire(class, n);
        }
        allows
    }
}
