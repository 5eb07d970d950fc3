//! What was not sent of a streamed answer, and why.

use std::error::Error;
use std::fmt;

use crate::http::content::Content;

/// Gives a piece of a body back that was not sent, and says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// What was to be sent; none of it was.
    pub piece: Content,
    /// Why it was not.
    pub reason: Unsendable,
}

/// Says why a piece of a body was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsendable {
    /// Too much is unsent already; [`Drained`](super::FlowEvent::Drained) tells
    /// when there is room again.
    Clogged,
    /// It is more than the high mark, and would never fit; send it in parts.
    TooMany,
    /// It is more than the length that was said leaves; the answer is given up.
    Excess,
    /// The answer is over.
    Ended,
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes were not sent: ", self.piece.len())?;
        f.write_str(match self.reason {
            Unsendable::Clogged => {
                "the peer is slow; wait for `Drained`, or make `flow_high_mark_bytes` larger"
            }
            Unsendable::TooMany => "they are more than `flow_high_mark_bytes`; send them in parts",
            Unsendable::Excess => {
                "they are more than the length that was said; leave it out if it is not known"
            }
            Unsendable::Ended => "the answer is over; stop making it",
        })
    }
}

impl Error for Unsent {}

/// Says that an answer was finished before it was as long as had been said. Its
/// connection is closed, so that the peer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// Bytes that are missing.
    pub missing: u64,
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the answer ended {} bytes before the length that was said; leave it out if it is not known",
            self.missing
        )
    }
}

impl Error for Short {}
