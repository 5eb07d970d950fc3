//! What happens on a connection, as events for a stage.

use super::end::End;
use super::link::{Link, Received};

/// Is what has happened on a connection.
///
/// # Ordering
///
/// The events of one connection reach their stage in order, in any plan, since
/// they have its [`number`](Link::number) as their key. The first is `Opened`,
/// unless the connection never came about; the last is `Closed`, unless the
/// graph has ended before.
#[derive(Debug)]
pub enum StreamEvent {
    /// The connection is there.
    Opened(Link),
    /// The peer has sent something. The next of it comes when this was dropped.
    Data(Link, Received),
    /// So much was written that a send that came back would now be accepted.
    Drained(Link),
    /// The peer sends no more; it may still read.
    PeerDone(Link),
    /// The connection has ended.
    Closed(Link, End),
}

impl StreamEvent {
    /// Returns the connection on which it has happened.
    pub const fn link(&self) -> &Link {
        match self {
            Self::Opened(link)
            | Self::Data(link, _)
            | Self::Drained(link)
            | Self::PeerDone(link)
            | Self::Closed(link, _) => link,
        }
    }
}
