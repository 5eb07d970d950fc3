//! Who may enter a queue beside its bound: the seat of admission policies.

use std::time::Duration;

use crate::clock::Tick;
use crate::meta::Meta;

/// The part of a budget, or of the time until a deadline, that the predicted
/// wait of an event may take (load-conditioning.md §2).
pub(crate) const BUDGET_SHARE: f64 = 0.8;

/// Is what an admission policy sees of the queue it guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// Events that wait, including reserved room.
    pub queued: usize,
    /// Events taken by a worker and not finished.
    pub in_hand: u64,
    /// The most events that may wait just now.
    pub limit: usize,
    /// The time of the enqueuer's stamp; at most one batch old.
    pub now: Tick,
}

/// Is an admission policy's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The event may enter if there is room.
    Admit,
    /// The event is given back.
    Shed {
        /// When trying again makes sense, where the policy knows.
        retry_after: Option<Duration>,
    },
}

impl Verdict {
    /// Sheds without saying when to come back.
    pub const SHED: Self = Self::Shed { retry_after: None };
}

/// Decides whether events may enter a stage's queue. Its bound holds besides.
///
/// A closure `Fn(&E, &Meta, &QueueView) -> Verdict` is one:
///
/// ```
/// use seda_core::{Graph, Meta, QueueView, Verdict};
///
/// let mut graph = Graph::new("evens only");
/// graph
///     .stage("even")
///     .queue(8)
///     .admission(|n: &u32, _: &Meta, _: &QueueView| {
///         if n % 2 == 0 { Verdict::Admit } else { Verdict::SHED }
///     })
///     .each(|_: u32| Ok(()));
/// ```
pub trait Admission<E>: Send + Sync {
    /// Decides on one event. It runs in the enqueuer's thread and must not block.
    fn admit(&self, event: &E, meta: &Meta, queue: &QueueView) -> Verdict;

    /// Decides on several events at once: all enter, or none does (contract 3).
    ///
    /// A policy that consumes something per event, such as tokens, must
    /// override this and consume nothing when it sheds.
    fn admit_all(&self, events: &[E], meta: &Meta, queue: &QueueView) -> Verdict {
        let mut verdicts = events.iter().map(|event| self.admit(event, meta, queue));
        verdicts
            .find(|verdict| *verdict != Verdict::Admit)
            .unwrap_or(Verdict::Admit)
    }

    /// Decides on room for `n` events that nobody has seen yet
    /// ([`Sink::reserve`](crate::Sink::reserve)); `meta` is the one in hand.
    fn admit_room(&self, n: usize, meta: &Meta, queue: &QueueView) -> Verdict {
        let _ = (n, meta, queue);
        Verdict::Admit
    }

    /// Takes back what it admitted for `n` events that did not enter after
    /// all: there was no room, or a reservation was dropped (contract 3).
    ///
    /// A policy that consumes something per event must override this.
    fn give_back(&self, n: usize, meta: &Meta) {
        let _ = (n, meta);
    }
}

impl<E, F> Admission<E> for F
where
    F: Fn(&E, &Meta, &QueueView) -> Verdict + Send + Sync,
{
    fn admit(&self, event: &E, meta: &Meta, queue: &QueueView) -> Verdict {
        self(event, meta, queue)
    }
}
