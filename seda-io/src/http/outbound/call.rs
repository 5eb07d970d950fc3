//! A request on its way, and what becomes of it.

use std::error::Error;
use std::fmt;
use std::io;

use seda_core::Meta;

use super::going::Going;
use super::origin::Origin;
use crate::alarms::Alarm;
use crate::http::ask::Afterwards;
use crate::http::fault::{Fault, Place, ProtocolError};
use crate::http::inflow::Inflow;
use crate::http::inflow::inflow_event::InflowFault;
use crate::http::message::{Request, Response};
use crate::http::method::Method;
use crate::http::write::Delimiter;
use crate::net::NameError;

/// Is a request that was accepted.
#[derive(Debug)]
pub(super) struct Call<T> {
    pub(super) origin: Origin,
    pub(super) request: Request,
    pub(super) token: T,
    /// What the answer's event travels with.
    pub(super) meta: Meta,
    /// The body that is sent as it is made, until it has a connection.
    pub(super) going: Option<Box<Going>>,
    /// Bytes of a body above which it is not gathered.
    pub(super) streams_above: usize,
    /// What becomes of its connection.
    pub(super) afterwards: Afterwards,
    /// It was sent on a connection that was stale, and is on its second.
    pub(super) retried: bool,
    /// Where the origin stands in the pool.
    pub(super) site: usize,
    /// The connection that it has, or that is made for it.
    pub(super) line: Option<usize>,
    pub(super) alarm: Option<Alarm>,
    /// Its body is sent as it is made.
    pub(super) flows: bool,
}

impl<T> Call<T> {
    /// Says how the end of a body is found that is sent as it is made.
    pub(super) fn delimiter(&self) -> Delimiter {
        let going = self.going.as_ref();
        going.map_or(Delimiter::Chunks, |going| going.delimiter())
    }

    /// Tells whether it may be sent once more: doing it twice is as good as
    /// once (RFC 9110 §9.2.2), it is still there, and it was not tried twice already.
    pub(super) fn may_repeat(&self) -> bool {
        let method = self.request.method();
        !self.retried
            && !self.flows
            && (method.is_safe()
                || matches!(method, Method::Put | Method::Delete)
                || method.as_str() == "TRACE")
    }
}

/// Is what has become of a request.
#[derive(Debug)]
pub struct Answered<T> {
    /// What was given with the request.
    pub token: T,
    /// The answer, whatever its status, or why there is none.
    pub result: Result<Response, CallError>,
    /// The right to have the body of the answer, if it has not come with it: that of
    /// a long one, where [`body_streams_above`](super::ClientLimits::body_streams_above)
    /// or the [`Caller`](super::Caller::streaming_above) says so. Dropped, it closes
    /// the connection.
    pub inflow: Option<Box<Inflow>>,
}

/// Says which time of [`ClientTimeouts`](super::ClientTimeouts) was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallTimeout {
    /// That for a connection.
    Connect,
    /// That for the server to take the request.
    Write,
    /// That for the head of the answer.
    Head,
    /// That for progress of the body.
    Body,
    /// That for everything together.
    Whole,
}

/// Says why a request has no answer. An answer of status 4xx or 5xx is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The server's name has no address, as far as is known.
    Unresolved(NameError),
    /// No address of the server accepted a connection; why the last one did not.
    Unreachable(io::ErrorKind),
    /// No TLS could be agreed on, or the server is not who it should be.
    Unsecured(Box<str>),
    /// The connection broke before the answer was whole.
    Broken(io::ErrorKind),
    /// The answer is not well-formed, too large, or ended too early.
    Malformed(ProtocolError),
    /// A time was over.
    TimedOut(CallTimeout),
    /// Too many requests to this origin are waiting or in flight already.
    Busy,
    /// The [`Flow`](crate::http::Flow) of its body was dropped before its end, or was
    /// not as long as had been said.
    Abandoned,
}

impl CallError {
    /// Says the same of a body whose head has come before.
    pub(super) const fn of_body(&self) -> InflowFault {
        match self {
            Self::Malformed(error) => InflowFault::Bad(*error),
            Self::TimedOut(CallTimeout::Body) => {
                InflowFault::Bad(ProtocolError::new(Place::Body, Fault::BodyTooSlow))
            }
            Self::TimedOut(CallTimeout::Whole) => InflowFault::Late,
            _ => InflowFault::Gone,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved(error) => error.fmt(f),
            Self::Unreachable(error) => write!(f, "the server cannot be reached: {error}"),
            Self::Unsecured(why) => write!(f, "no TLS with the server: {why}"),
            Self::Broken(error) => write!(f, "the connection to the server broke: {error}"),
            Self::Malformed(error) => write!(f, "the server's answer is malformed: {error}"),
            Self::TimedOut(CallTimeout::Connect) => f.write_str("no connection came about in time"),
            Self::TimedOut(CallTimeout::Write) => f.write_str("the server does not take the request"),
            Self::TimedOut(CallTimeout::Head) => f.write_str("the server does not answer"),
            Self::TimedOut(CallTimeout::Body) => f.write_str("the answer makes no progress"),
            Self::TimedOut(CallTimeout::Whole) => f.write_str("the time for the request is over"),
            Self::Abandoned => f.write_str("the body of the request was given up by a stage"),
            Self::Busy => f.write_str(
                "too many requests wait for this server; send fewer, or raise `requests_per_origin_max`",
            ),
        }
    }
}

impl Error for CallError {}

/// Gives a request back that was not accepted, and says why.
#[derive(Debug)]
pub struct Refused<T> {
    /// The request as it was.
    pub request: Box<Request>,
    /// What was given with it.
    pub token: T,
    /// Why it was not accepted.
    pub reason: Refusal,
}

/// Says why a request was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// As many requests as the limit allows have no answer yet.
    Full,
    /// The graph has not started, or has stopped.
    NotRunning,
    /// The origin is one of `https`, and the client was given no TLS.
    NoTls,
    /// `CONNECT` makes a tunnel, which this client does not.
    Tunnel,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "as many requests as `requests_max` have no answer yet; wait for one",
            Self::NotRunning => "the graph has not started or has stopped; send while it runs",
            Self::NoTls => "the origin wants TLS; give the client a `TlsClient`",
            Self::Tunnel => "`CONNECT` makes a tunnel, which this client does not",
        })
    }
}

impl<T> fmt::Display for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, target) = (self.request.method(), self.request.target().as_str());
        write!(f, "{method} {target} was not sent: {}", self.reason)
    }
}

impl<T: fmt::Debug> Error for Refused<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::target::Target;

    fn call(method: &str) -> Call<()> {
        let method = Method::parse(method).unwrap();
        Call {
            origin: Origin::parse("http://a").unwrap(),
            request: Request::new(method, Target::parse("/").unwrap()),
            token: (),
            meta: Meta::default(),
            going: None,
            streams_above: usize::MAX,
            afterwards: Afterwards::KeepAlive,
            retried: false,
            site: 0,
            line: None,
            alarm: None,
            flows: false,
        }
    }

    /// The pool gives a request that is repeated a connection of its own, so that
    /// nothing else than this keeps a server that closes every one from being
    /// asked for ever, should the pool ever do otherwise.
    #[test]
    fn what_is_as_good_twice_as_once_is_repeated_once() {
        let rows = [
            ("GET", true),
            ("HEAD", true),
            ("OPTIONS", true),
            ("TRACE", true),
            ("PUT", true),
            ("DELETE", true),
            ("POST", false),
            ("PATCH", false),
            ("WHATEVER", false),
        ];
        for (method, repeatable) in rows {
            let mut call = call(method);
            assert_eq!(call.may_repeat(), repeatable, "{method}");
            call.retried = true;
            assert!(!call.may_repeat(), "{method} a third time");
        }
    }
}
