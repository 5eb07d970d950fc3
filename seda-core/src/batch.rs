//! The events a handler is given at once.

use std::fmt;
use std::mem;
use std::time::Duration;

use crate::clock::Tick;
use crate::here;
use crate::meta::Meta;
use crate::queue::runs::{Entry, Runs, Stamp};
use crate::queue::terms::{ByClass, Terms};
use crate::trace::Tracer;

/// Is a run of events for a handler, in order. The handler takes what it wants
/// ([`next`](Iterator::next), or [`take_up_to`](Self::take_up_to)); what it
/// leaves returns to the front of the queue.
///
/// Events whose deadline cannot be met any more are not given out; they count
/// as expired and go to the stage's dead letters.
pub struct Batch<E> {
    pub(crate) runs: Runs<E>,
    /// How many may still be looked at.
    left: usize,
    /// What `left` will be when the run in hand is used up.
    floor: usize,
    /// What the run in hand shares.
    stamp: Stamp,
    /// How many were taken last and fail together; 0 stands for one.
    bulk: usize,
    /// What each of these had, so that they can be deferred.
    bulk_stamps: Vec<Stamp>,
    /// How many were to be looked at in the beginning.
    size: usize,
    /// How many events were deferred; after the first, no more are given out.
    deferred: usize,
    expired: Vec<Entry<E>>,
    terms: Terms,
    tracer: Option<Box<Tracer>>,
    /// Whether the event in hand has a span open.
    tracing: bool,
    /// Since when events waited that were given out, if that is recorded.
    waits: Vec<(Tick, usize)>,
    recording: bool,
    /// Who decides where the queue has classes.
    by_class: Option<ByClass>,
}

impl<E> Batch<E> {
    pub(crate) const fn new(tracer: Option<Box<Tracer>>) -> Self {
        Self {
            runs: Runs::new(),
            left: 0,
            floor: 0,
            stamp: Stamp::NONE,
            bulk: 0,
            bulk_stamps: Vec::new(),
            size: 0,
            deferred: 0,
            expired: Vec::new(),
            terms: Terms::NONE,
            tracer,
            tracing: false,
            waits: Vec::new(),
            recording: false,
            by_class: None,
        }
    }

    pub(crate) fn by_class(mut self, by_class: Option<ByClass>) -> Self {
        self.by_class = by_class;
        self
    }

    /// Tells whether events with this stamp would be given out on these terms.
    pub(crate) fn allows(&self, terms: &Terms, stamp: &Stamp) -> bool {
        let by_class = self.by_class.as_ref();
        terms.allow(stamp) || by_class.is_some_and(|by_class| by_class.allows(terms, stamp))
    }

    /// Decides where the terms themselves do not allow a run of events.
    #[cold]
    fn class_allows(&self, stamp: &Stamp, n: usize) -> bool {
        let by_class = self.by_class.as_ref();
        by_class.is_some_and(|by_class| by_class.take(&self.terms, (stamp, n)))
    }

    /// Begins to give out the first `n` events.
    pub(crate) fn begin(&mut self, n: usize, terms: Terms) {
        self.left = n;
        self.floor = n;
        self.size = n;
        self.bulk = 0;
        self.bulk_stamps.clear();
        self.deferred = 0;
        self.stamp = Stamp::NONE;
        self.terms = terms;
    }

    /// Ends it: what was not taken has its stamp again, and events enqueued
    /// from now on inherit nothing.
    pub(crate) fn end(&mut self) -> Given {
        let given = Given {
            taken: self.taken(),
            pending: self.pending(),
            deferred: self.deferred > 0,
            left: self.left,
            last: self.stamp.meta,
        };
        self.let_run_go();
        here::with(|here| here.set_meta(&Meta::NONE));
        if self.tracing {
            self.tracing = false;
            self.tracer.iter_mut().for_each(|tracer| tracer.end());
        }
        given
    }

    /// Tells whether events expired.
    #[inline]
    pub(crate) const fn has_expired(&self) -> bool {
        !self.expired.is_empty()
    }

    /// Gives the events that expired, once.
    pub(crate) fn take_expired(&mut self) -> Vec<Entry<E>> {
        mem::take(&mut self.expired)
    }

    /// Gives how many events the handler has, less those it deferred.
    fn taken(&self) -> usize {
        (self.size - self.left - self.expired.len()).saturating_sub(self.deferred)
    }

    /// Tells whether the handler took nothing.
    pub(crate) fn is_untouched(&self) -> bool {
        self.taken() == 0 && self.deferred == 0
    }

    /// Gives how many events fail if the handler fails now.
    fn pending(&self) -> usize {
        let last = self.bulk.max(1).saturating_sub(self.deferred);
        last.min(self.taken())
    }

    /// Records since when the events wait that are given out from now on.
    pub(crate) fn record_waits(&mut self) {
        self.waits.clear();
        self.recording = true;
    }

    /// Gives what was recorded, and stops recording.
    pub(crate) fn take_waits(&mut self) -> Vec<(Tick, usize)> {
        self.recording = false;
        mem::take(&mut self.waits)
    }

    /// Takes back what it gave, to be written over: no memory is asked for then.
    pub(crate) fn return_waits(&mut self, waits: Vec<(Tick, usize)>) {
        self.waits = waits;
    }

    /// Takes events that come back off the last wait that was recorded.
    fn uncount_waits(&mut self, n: usize) {
        if self.recording
            && let Some((_, last)) = self.waits.last_mut()
        {
            *last = last.saturating_sub(n);
        }
    }

    /// Puts the stamp of the events that are left of the run in hand back.
    fn let_run_go(&mut self) {
        let untaken = self.left - self.floor;
        self.uncount_waits(untaken);
        self.runs.return_stamp(self.stamp, untaken);
        self.floor = self.left;
    }

    /// Tells how many events may still be taken, at most.
    pub const fn len(&self) -> usize {
        if self.deferred > 0 { 0 } else { self.left }
    }

    /// Tells whether nothing more may be taken.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives the meta of the event taken last, or [`Meta::NONE`] before the
    /// first and after [`take_up_to`](Self::take_up_to).
    pub fn meta(&self) -> Meta {
        here::with(here::Here::meta)
    }

    /// Tells when the batch was taken from the queue.
    pub const fn now(&self) -> Tick {
        self.terms.now
    }

    /// Tells how long the event taken last had waited.
    pub const fn waited(&self) -> Duration {
        self.terms.now.since(self.stamp.enqueued)
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
    /// Several events, such as those of one [`take_up_to`](Self::take_up_to),
    /// are deferred one by one, the last first, so that they stay in order.
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
        let in_hand = Stamp {
            meta: self.meta(),
            enqueued: self.stamp.enqueued,
        };
        let stamp = self.bulk_stamps.pop().unwrap_or(in_hand);
        self.let_run_go();
        self.uncount_waits(1);
        self.runs.push_front(Entry { stamp, event });
        self.deferred += 1;
    }

    /// Takes up to `n` events at once, for work that is done in bulk, such as
    /// one write for all of them. If the handler then fails, all of them have.
    ///
    /// Events enqueued afterwards inherit nothing.
    pub fn take_up_to(&mut self, n: usize) -> Vec<E> {
        let mut stamps = mem::take(&mut self.bulk_stamps);
        stamps.clear();
        let one = || {
            let event = self.next()?;
            stamps.push(self.stamp);
            Some(event)
        };
        let events: Vec<E> = std::iter::from_fn(one).take(n).collect();
        self.let_run_go();
        self.bulk = events.len();
        self.bulk_stamps = stamps;
        here::with(|here| here.set_meta(&Meta::NONE));
        events
    }

    /// Takes the next run in hand; false when there is none.
    #[cold]
    fn next_run(&mut self) -> bool {
        self.bulk = 0;
        self.bulk_stamps.clear();
        while !self.is_empty() {
            let Some((stamp, n)) = self.runs.take_stamp(self.left) else {
                break;
            };
            self.stamp = stamp;
            if self.terms.allow(&stamp) || self.class_allows(&stamp, n) {
                self.begin_run(n);
                return true;
            }
            for _ in 0..n {
                let event = self.runs.pop_event();
                self.expired
                    .extend(event.map(|event| Entry { stamp, event }));
            }
            self.left -= n;
            self.floor = self.left;
        }
        false
    }

    fn begin_run(&mut self, n: usize) {
        self.floor = self.left - n;
        here::with(|here| here.set_meta(&self.stamp.meta));
        if self.recording {
            self.waits.push((self.stamp.enqueued, n));
        }
        if self.tracing || self.stamp.meta.is_traced() {
            self.trace(n);
        }
    }

    /// Ends the hop of a traced event, and begins that of the next.
    #[cold]
    fn trace(&mut self, n: usize) {
        self.tracing = self.stamp.meta.is_traced();
        if let Some(tracer) = &mut self.tracer {
            tracer.next(&self.stamp.meta, self.stamp.enqueued, self.terms.now);
        }
        if self.tracing {
            // Traced events are given out one by one, each with its own span.
            self.uncount_waits(n - 1);
            self.runs.return_stamp(self.stamp, n - 1);
            self.floor = self.left - 1;
        }
    }
}

impl<E> Iterator for Batch<E> {
    type Item = E;

    /// Takes the next event; the one before counts as handled from now on.
    #[inline]
    fn next(&mut self) -> Option<E> {
        if self.left == self.floor && !self.next_run() {
            return None;
        }
        self.left -= 1;
        self.runs.pop_event()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.len()))
    }
}

/// Is what a handler had of a batch when it returned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    /// Events that it has, less those it deferred.
    pub(crate) taken: usize,
    /// Of these, the last ones, which are lost if it failed.
    pub(crate) pending: usize,
    /// Whether it deferred one.
    pub(crate) deferred: bool,
    /// Events of the batch that nobody has looked at.
    pub(crate) left: usize,
    /// The meta of the event taken last.
    pub(crate) last: Meta,
}

impl<E> fmt::Debug for Batch<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("len", &self.len())
            .field("taken", &self.taken())
            .finish_non_exhaustive()
    }
}
