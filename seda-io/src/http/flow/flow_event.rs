//! What happens to a streamed answer, as events for a stage, and how it ends.

use std::fmt;

/// Is what has happened to a message that is [streamed](super::Flow), an answer of a
/// server or a request of a client, by its [number](super::Flow::number).
///
/// # Ordering
///
/// The events of one answer reach their stage in order, in any plan, since they
/// have its number as their key. The last is `Ended`, unless the graph has ended
/// before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowEvent {
    /// So much was written that a piece that came back would now be accepted.
    Drained(u64),
    /// The peer sends nothing more. It may still read, but most that say so have gone.
    /// This is not told of a request, where the answer says more, nor of an
    /// [upgraded](super::super::Upgrade) connection, where
    /// [`InflowEvent::End`](super::super::InflowEvent) says so.
    PeerDone(u64),
    /// The server or client is about to end: finish the message soon, or it is cut off
    /// when nothing of it was sent for a while.
    Ending(u64),
    /// It is over; whatever is sent now comes back.
    Ended(u64, FlowEnd),
}

impl FlowEvent {
    /// Returns the number of the answer to which it has happened.
    pub const fn number(&self) -> u64 {
        match self {
            Self::Drained(number)
            | Self::PeerDone(number)
            | Self::Ending(number)
            | Self::Ended(number, _) => *number,
        }
    }
}

/// Says how a streamed answer has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowEnd {
    /// It was finished, and all of it is with the connection.
    Finished,
    /// It was dropped, or was not as long as had been said: the peer sees that it is not whole.
    Abandoned,
    /// Its connection has ended before: the peer has gone, or took too little of it,
    /// or has answered a request that was not whole; or there never was one.
    Gone,
    /// The server or client has ended, and nobody has finished it.
    Cut,
}

impl fmt::Display for FlowEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "finished",
            Self::Abandoned => "given up by a stage",
            Self::Gone => "its connection has ended",
            Self::Cut => "cut off by the end of the server",
        })
    }
}
