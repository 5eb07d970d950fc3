//! A sink that gives its events a meta of their own.

use crate::here;
use crate::meta::Meta;
use crate::rejected::Rejected;
use crate::sink::Sink;
use crate::sink::slots::Slots;

/// Is a [`Sink`] that enqueues with a meta of its own instead of the one in hand.
#[derive(Debug)]
pub struct SinkWith<'s, E> {
    sink: &'s Sink<E>,
    meta: Meta,
}

impl<'s, E: Send + 'static> SinkWith<'s, E> {
    pub(crate) const fn new(sink: &'s Sink<E>, meta: Meta) -> Self {
        Self { sink, meta }
    }

    /// Enqueues one event. See [`Sink::enqueue`].
    ///
    /// # Errors
    ///
    /// As for [`Sink::enqueue`].
    pub fn enqueue(&self, event: E) -> Result<(), Rejected<E>> {
        here::with(|here| self.sink.put(here, &self.meta, event))
    }

    /// Enqueues one event or drops it. See [`Sink::enqueue_lossy`].
    pub fn enqueue_lossy(&self, event: E) -> bool {
        here::with(|here| self.sink.put_lossy(here, &self.meta, event))
    }

    /// Enqueues all events, or none. See [`Sink::enqueue_all`].
    ///
    /// # Errors
    ///
    /// As for [`Sink::enqueue_all`].
    pub fn enqueue_all(&self, events: Vec<E>) -> Result<(), Rejected<Vec<E>>> {
        here::with(|here| self.sink.put_all(here, &self.meta, events))
    }

    /// Reserves room. See [`Sink::reserve`].
    ///
    /// # Errors
    ///
    /// As for [`Sink::reserve`].
    pub fn reserve(&self, n: usize) -> Result<Slots<'s, E>, Rejected<()>> {
        here::with(|here| self.sink.book(here, self.meta, n))
    }
}
