//! What a streamed body calls: the source that has its connection, of a server or a client.

use std::fmt::Debug;
use std::sync::Arc;

use super::dues::Turn;
use super::inflow::spring::Spring;

/// Names one exchange of one connection of one worker's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    /// Where it stands; reused when the connection has ended.
    pub(super) index: usize,
    /// Never reused.
    pub(super) serial: u64,
    pub(super) turn: Turn,
}

/// Is a source that carries streamed bodies, called from any thread.
///
/// A call for an exchange that is over does nothing.
pub(super) trait Carrier: Debug + Send + Sync {
    /// Has it look at a body that goes out.
    fn call(&self, seat: Seat);

    /// Has a body that comes in come to where `spring` leads.
    fn want(&self, seat: Seat, spring: Arc<Spring>);

    /// Has the next piece of it come.
    fn ask(&self, seat: Seat);

    /// Says that nobody wants the rest of it.
    fn leave(&self, seat: Seat);

    /// Counts a piece of a body that goes out, and has come back.
    fn count_clogged(&self);
}
