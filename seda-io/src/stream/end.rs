//! Why a connection has ended.

use std::fmt;
use std::io;

/// Says why a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both sides have said all they wanted to.
    Finished,
    /// A stage has closed it.
    Closed,
    /// A stage has aborted it.
    Aborted,
    /// It never came about: refused, unreachable, or no answer by the deadline
    /// ([`TimedOut`](io::ErrorKind::TimedOut)).
    Unconnected(io::ErrorKind),
    /// The operating system has reported an error, such as a reset by the peer.
    Broken(io::ErrorKind),
    /// Nothing was said for too long.
    Idle,
    /// The peer took too little of what was sent to it.
    Stalled,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("both sides have finished"),
            Self::Closed => f.write_str("closed by a stage"),
            Self::Aborted => f.write_str("aborted by a stage"),
            Self::Unconnected(error) => write!(f, "never connected: {error}"),
            Self::Broken(error) => write!(f, "broken: {error}"),
            Self::Idle => f.write_str("nothing was said for too long"),
            Self::Stalled => f.write_str("the peer does not read what it is sent"),
        }
    }
}
