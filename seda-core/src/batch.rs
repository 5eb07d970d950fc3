//! The events a handler is given at once.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::clock::Tick;
use crate::here;
use crate::meta::Meta;
use crate::queue::Entry;
use crate::trace::Tracer;

/// Is a run of events for a handler, in order. The handler takes what it wants
/// ([`next`](Iterator::next), or [`take_up_to`](Self::take_up_to)); what it
/// leaves returns to the front of the queue.
///
/// Events whose deadline cannot be met any more are not given out; they count
/// as expired and go to the stage's dead letters.
pub struct Batch<E> {
    pub(crate) entries: VecDeque<Entry<E>>,
    /// How many may still be looked at.
    pub(crate) left: usize,
    /// Events given out and not deferred.
    pub(crate) taken: usize,
    /// Of these, the last ones, which fail together if the handler fails now.
    pub(crate) pending: usize,
    /// Whether an event was deferred, after which no more are given out.
    pub(crate) deferred: bool,
    pub(crate) expired: Vec<Entry<E>>,
    pub(crate) terms: Terms,
    tracer: Option<Box<Tracer>>,
    /// Whether the event in hand has a span open.
    tracing: bool,
    /// When the event given out last was enqueued.
    enqueued: Tick,
    /// The meta of the last event given out, once the run has ended.
    last: Meta,
}

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

    #[inline]
    fn allow<E>(&self, entry: &Entry<E>) -> bool {
        entry.meta.deadline() >= self.due_after && entry.enqueued >= self.fresh_from
    }
}

impl<E> Batch<E> {
    pub(crate) const fn new(tracer: Option<Box<Tracer>>) -> Self {
        Self {
            entries: VecDeque::new(),
            left: 0,
            taken: 0,
            pending: 0,
            deferred: false,
            expired: Vec::new(),
            terms: Terms::NONE,
            tracer,
            tracing: false,
            enqueued: Tick::ZERO,
            last: Meta::NONE,
        }
    }

    /// Begins a run over the first `n` of the entries.
    pub(crate) fn begin(&mut self, n: usize, terms: Terms) {
        self.left = n;
        self.terms = terms;
        self.taken = 0;
        self.pending = 0;
        self.deferred = false;
    }

    /// Ends the run: events enqueued from now on inherit nothing from it.
    pub(crate) fn end(&mut self) {
        self.last = self.meta();
        here::with(|here| here.meta.set(&Meta::NONE));
        if self.tracing {
            self.tracing = false;
            self.tracer.iter_mut().for_each(|tracer| tracer.end());
        }
    }

    /// Gives the meta of the event that the ended run gave out last.
    pub(crate) const fn last_meta(&self) -> Meta {
        self.last
    }

    /// Tells how many events may still be taken, at most.
    pub const fn len(&self) -> usize {
        if self.deferred { 0 } else { self.left }
    }

    /// Tells whether nothing more may be taken.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives the meta of the event taken last, or [`Meta::NONE`] before the
    /// first and after [`take_up_to`](Self::take_up_to).
    pub fn meta(&self) -> Meta {
        here::with(|here| here.meta.get())
    }

    /// Tells when the batch was taken from the queue.
    pub const fn now(&self) -> Tick {
        self.terms.now
    }

    /// Tells how long the event taken last had waited.
    pub const fn waited(&self) -> Duration {
        self.terms.now.since(self.enqueued)
    }

    /// Tells how pressed the service is, 0 (idle) to 255 (overloaded), so that
    /// a handler can answer more cheaply.
    pub fn pressure(&self) -> u8 {
        here::with(|here| here.pressure.get())
    }

    /// Puts an event back in front of the queue, because what it leads to was
    /// refused: back-pressure without blocking (contract 5).
    ///
    /// It keeps its meta and its waiting time. No more events are given out,
    /// and the stage is not run until the sink that refused last has room, or,
    /// where that is not known, for a millisecond.
    ///
    /// ```
    /// # use seda_core::{Batch, BoxError, Handler, Sink};
    /// struct Parse { parsed: Sink<u32> }
    ///
    /// impl Handler for Parse {
    ///     type Event = String;
    ///
    ///     fn handle(&mut self, lines: &mut Batch<String>) -> Result<(), BoxError> {
    ///         while let Some(line) = lines.next() {
    ///             // Ask for room first, so that no work is done in vain.
    ///             let Ok(mut slot) = self.parsed.reserve(1) else {
    ///                 lines.defer(line);
    ///                 break;
    ///             };
    ///             slot.fill(line.trim().parse()?);
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    pub fn defer(&mut self, event: E) {
        let meta = self.meta();
        self.entries.push_front(Entry {
            meta,
            enqueued: self.enqueued,
            event,
        });
        self.taken = self.taken.saturating_sub(1);
        self.pending = self.pending.saturating_sub(1);
        self.deferred = true;
    }

    /// Takes up to `n` events at once, for work that is done in bulk, such as
    /// one write for all of them. If the handler then fails, all of them have.
    ///
    /// Events enqueued afterwards inherit nothing.
    pub fn take_up_to(&mut self, n: usize) -> Vec<E> {
        let before = self.taken;
        let events: Vec<E> = std::iter::from_fn(|| self.next()).take(n).collect();
        self.pending = self.taken - before;
        here::with(|here| here.meta.set(&Meta::NONE));
        events
    }

    /// Records the hop of a traced event, and ends that of the one before.
    #[cold]
    fn trace(&mut self) {
        let meta = self.meta();
        self.tracing = meta.is_traced();
        if let Some(tracer) = &mut self.tracer {
            tracer.next(&meta, self.enqueued, self.terms.now);
        }
    }
}

impl<E> Iterator for Batch<E> {
    type Item = E;

    /// Takes the next event; the one before counts as handled from now on.
    #[inline]
    fn next(&mut self) -> Option<E> {
        while !self.is_empty() {
            self.left -= 1;
            // Look first, then take: so only the event itself is moved.
            let front = self.entries.front()?;
            if !self.terms.allow(front) {
                self.expired.extend(self.entries.pop_front());
                continue;
            }
            self.enqueued = front.enqueued;
            here::with(|here| here.meta.set(&front.meta));
            if self.tracing || front.meta.is_traced() {
                self.trace();
            }
            self.taken += 1;
            self.pending = 1;
            return self.entries.pop_front().map(|entry| entry.event);
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.len()))
    }
}

impl<E> fmt::Debug for Batch<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("len", &self.len())
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}
