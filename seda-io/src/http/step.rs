//! What a connection asks of its owner, and what it gives back.

use std::error::Error;
use std::fmt;

use super::fault::ProtocolError;
use super::message::{Request, Response};
use super::trailers::Trailers;

/// What a connection asks of its owner.
///
/// A request is large: within this crate it does not travel in here, but goes
/// straight to where it is wanted.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<R = Request> {
    /// Feed more bytes when they come.
    NeedMore,
    /// Answer the request in hand, or send the output; then step again.
    Wait,
    /// Send the output: it tells the peer to go on with its body. Then step again.
    Continue100,
    /// Handle this request, whose body may still be
    /// [flowing in](crate::http::Connection::inflowing), and [answer](crate::http::Connection::answer) it.
    Request(R),
    /// Hand out this piece of the body that is flowing in; then
    /// [ask](crate::http::Connection::ask_body) for the next.
    Body(Vec<u8>),
    /// The body that was flowing in is whole; these fields stood behind it.
    BodyEnd(Trailers),
    /// Count this fault: the body that was flowing in will never be whole. Its
    /// request is still to be answered; the connection closes behind it.
    BodyBad(ProtocolError),
    /// Count this fault and [answer](crate::http::Connection::answer) with it (or with
    /// something more polite); the connection closes behind it.
    Bad(ProtocolError),
    /// Shut the write side of the socket down and go on feeding: the peer may
    /// still be sending, and closing now would destroy the answer on its way.
    HalfClose,
    /// Close the socket with a reset and drop the connection: the peer must not
    /// take what it got for the whole.
    Reset,
    /// Close the socket and drop the connection.
    Closed,
}

impl Step<()> {
    /// Puts the request in, if one is to be handled.
    pub(super) fn with(self, request: Option<Request>) -> Step {
        match self {
            Self::Request(()) => request.map_or(Step::Wait, Step::Request),
            Self::NeedMore => Step::NeedMore,
            Self::Wait => Step::Wait,
            Self::Continue100 => Step::Continue100,
            Self::Body(bytes) => Step::Body(bytes),
            Self::BodyEnd(trailers) => Step::BodyEnd(trailers),
            Self::BodyBad(error) => Step::BodyBad(error),
            Self::Bad(error) => Step::Bad(error),
            Self::HalfClose => Step::HalfClose,
            Self::Reset => Step::Reset,
            Self::Closed => Step::Closed,
        }
    }
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
