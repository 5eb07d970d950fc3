//! What makes events: sockets, timers, files, generators.

use crate::clock::Tick;

/// Makes events on one worker of its domain.
///
/// A source is made in its worker's thread and stays there. It is polled after
/// each turn of the worker's driver; it does its input and output without
/// blocking and enqueues what comes of it. When a sink refuses, it stops
/// reading where the events come from: that is how pressure leaves the graph.
///
/// While batches run nobody looks outside, so what a source brings after them may
/// have been there for as long. Its wait counts from when the worker looked
/// before, or from now if it has slept since: a target holds for a request in the
/// socket's buffer, too.
pub trait Source: 'static {
    /// Makes the events that can be made now.
    fn poll(&mut self, now: Tick) -> Next;

    /// Stops making events, for good: the first phase of a drain. It is still
    /// polled, so that it can write what stages have answered.
    fn quiesce(&mut self) {}

    /// Tells whether all is written that stages answered; asked after
    /// [`quiesce`](Self::quiesce).
    fn is_drained(&self) -> bool {
        true
    }
}

/// Says when a source wants to be polled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// As soon as the worker has run what is ready.
    Again,
    /// At this moment, or when the driver wakes for another reason.
    At(Tick),
    /// When the driver wakes.
    Idle,
    /// Never: it makes no more events.
    Ended,
}
