//! Room that is reserved but not yet filled: the second of two phases.

use crate::failure::Death;
use crate::here;
use crate::meta::Meta;
use crate::queue::runs::{Entry, Stamp};
use crate::rejected::Rejected;
use crate::sink::Sink;
use crate::stage::core::Right;

/// Is room for a number of events in one stage's queue.
///
/// Whatever is not filled goes back when it is dropped, so that a reservation
/// cannot dangle (architecture.md §7, defect 9).
///
/// ```
/// # use seda_core::testing::probe;
/// let (sink, events) = probe(2);
/// let mut slots = sink.reserve(2)?;
/// assert!(sink.enqueue(3).is_err(), "all room is spoken for");
/// slots.fill(1);
/// drop(slots);
/// sink.enqueue(2)?;
/// assert_eq!(events.take(), [1, 2]);
/// # Ok::<(), seda_core::BoxError>(())
/// ```
#[derive(Debug)]
#[must_use = "dropping the slots gives the room back"]
pub struct Slots<'s, E: Send + 'static> {
    sink: &'s Sink<E>,
    meta: Meta,
    left: usize,
}

impl<'s, E: Send + 'static> Slots<'s, E> {
    pub(crate) const fn new(sink: &'s Sink<E>, meta: Meta, n: usize) -> Self {
        Self {
            sink,
            meta,
            left: n,
        }
    }

    /// Tells how many events may still be filled in.
    pub const fn left(&self) -> usize {
        self.left
    }

    /// Enqueues an event in reserved room; it cannot be refused any more.
    ///
    /// If the stage has stopped since, the event is accepted and dead-lettered.
    ///
    /// # Panics
    ///
    /// Panics when all slots are filled already: it is the caller's error to
    /// fill more than were reserved.
    pub fn fill(&mut self, event: E) {
        assert!(
            self.left > 0,
            "stage `{}`: every reserved slot is filled; reserve more",
            self.sink.stage()
        );
        self.left -= 1;
        here::with(|here| {
            if let Err(event) = self
                .sink
                .push_reserved(here, &self.meta, Right::Promised, event)
            {
                let stamp = Stamp {
                    meta: self.meta,
                    enqueued: here.now(),
                };
                self.sink.bury_filled(Entry { stamp, event });
            }
        });
    }
}

impl<E: Send + 'static> Sink<E> {
    /// Accounts for an event that was promised room in a stage that has stopped since.
    fn bury_filled(&self, entry: Entry<E>) {
        let core = self.core();
        core.common.room.release(1);
        self.count_accepted();
        core.common.count_dead_outside(1);
        core.bury(entry, Death::Stopped);
    }
}

impl<E: Send + 'static> Drop for Slots<'_, E> {
    fn drop(&mut self) {
        if self.left > 0 {
            let core = self.sink.core();
            core.common.room.release(self.left);
            core.not_entered(self.left, &self.meta);
            core.common.waiters.room_freed();
        }
    }
}

/// Names room wanted in one sink, for [`reserve_all`].
pub trait Wanted {
    /// What is reserved when there is room everywhere.
    type Slots;

    /// Reserves, or says who refused.
    ///
    /// # Errors
    ///
    /// As for [`Sink::reserve`].
    fn reserve(self) -> Result<Self::Slots, Rejected<()>>;
}

impl<'s, E: Send + 'static> Wanted for (&'s Sink<E>, usize) {
    type Slots = Slots<'s, E>;

    fn reserve(self) -> Result<Self::Slots, Rejected<()>> {
        self.0.reserve(self.1)
    }
}

impl<A: Wanted, B: Wanted> Wanted for (A, B) {
    type Slots = (A::Slots, B::Slots);

    fn reserve(self) -> Result<Self::Slots, Rejected<()>> {
        // What the first got goes back when the second refuses.
        Ok((self.0.reserve()?, self.1.reserve()?))
    }
}

impl<A: Wanted, B: Wanted, C: Wanted> Wanted for (A, B, C) {
    type Slots = (A::Slots, B::Slots, C::Slots);

    fn reserve(self) -> Result<Self::Slots, Rejected<()>> {
        Ok((self.0.reserve()?, self.1.reserve()?, self.2.reserve()?))
    }
}

/// Reserves room on several sinks, or on none (contract 3).
///
/// It never waits, so two callers that want the same sinks in opposite order
/// cannot deadlock; one of them may be refused.
///
/// # Errors
///
/// Names the sink that refused; what the others had granted is given back.
///
/// # Examples
///
/// ```
/// # use seda_core::{reserve_all, testing::probe};
/// let (names, _) = probe::<String>(4);
/// let (sizes, taken) = probe::<u64>(1);
/// let (mut name, mut size) = reserve_all(((&names, 1), (&sizes, 1)))?;
/// name.fill("a".to_owned());
/// size.fill(1);
/// assert!(reserve_all(((&names, 3), (&sizes, 1))).is_err());
/// assert!(names.reserve(3).is_ok(), "a refused call keeps nothing");
/// # assert_eq!(taken.take(), [1]);
/// # Ok::<(), seda_core::BoxError>(())
/// ```
pub fn reserve_all<W: Wanted>(wanted: W) -> Result<W::Slots, Rejected<()>> {
    wanted.reserve()
}
