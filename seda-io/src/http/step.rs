//! What a connection asks of its owner, and what it gives back.

use std::error::Error;
use std::fmt;

use super::fault::ProtocolError;
use super::message::{Request, Response};

/// What a connection asks of its owner.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Feed more bytes when they come.
    NeedMore,
    /// Answer the request in hand, or send the output; then step again.
    Wait,
    /// Send the output: it tells the peer to go on with its body. Then step again.
    Continue100,
    /// Handle this request and [answer](crate::http::Connection::answer) it.
    Request(Request),
    /// Count this fault and [answer](crate::http::Connection::answer) with it (or with
    /// something more polite); the connection closes behind it.
    Bad(ProtocolError),
    /// Shut the write side of the socket down and go on feeding: the peer may
    /// still be sending, and closing now would destroy the answer on its way.
    HalfClose,
    /// Close the socket and drop the connection.
    Closed,
}

/// Gives an answer back that no request waits for.
#[derive(Debug, PartialEq, Eq)]
pub struct Unasked(
    /// The answer.
    pub Response,
);

impl fmt::Display for Unasked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no request of this connection waits for an answer")
    }
}

impl Error for Unasked {}
