//! What requests to other servers may cost: connections, bytes, and time.

use std::time::Duration;

use crate::http::answer::AnswerBounds;
use crate::http::flow::line::Marks;
use crate::http::limits::{FLOW_HIGH_MARK_BYTES, FLOW_LOW_MARK_BYTES};

/// Requests that wait or are in flight: as many as a stage's queue holds.
const REQUESTS_MAX: usize = 1_024;
/// Of these, to one origin: one that does not answer leaves half to the others.
const REQUESTS_PER_ORIGIN_MAX: usize = 512;
/// Connections of one worker to one origin: more seldom bring more.
const CONNECTIONS_PER_ORIGIN_MAX: usize = 32;
/// Connections of one worker.
const CONNECTIONS_MAX: usize = 1_024;
/// Bytes, 16 KiB: of the head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Bytes, 16 MiB: of the body of an answer, which is kept in memory.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes, 1 TiB: no file is longer that one would fetch at once.
const STREAMED_BODY_BYTES_MAX: u64 = 1 << 40;
/// Bytes, 1 KiB: fewer than this in one timeout is no progress.
const PROGRESS_BYTES_MIN: usize = 1024;

/// Bounds of an [`HttpClient`](super::HttpClient).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Requests on all workers together that have no answer yet, or whose answer
    /// the stage has not taken; more come back.
    pub requests_max: usize,
    /// Of these, requests to one origin on each worker; more fail with
    /// [`Busy`](super::CallError::Busy).
    pub requests_per_origin_max: usize,
    /// Connections of each worker to one origin; more requests wait for one.
    pub connections_per_origin_max: usize,
    /// Connections of each worker. Once reached, the one that has been idle for
    /// longest makes room for another origin's.
    pub connections_max: usize,
    /// Bytes of an answer's head, at most.
    pub head_bytes_max: usize,
    /// Bytes of an answer's decoded body that is gathered, at most.
    pub body_bytes_max: usize,
    /// Bytes of a body above which it is not gathered: the answer arrives before
    /// it, with an [`Inflow`](crate::http::Inflow). So does every answer whose
    /// length is not known. By default none does; a
    /// [`Caller`](super::Caller::streaming_above) may have a bound of its own.
    pub body_streams_above: usize,
    /// Bytes of a decoded body that is not gathered, at most.
    pub streamed_body_bytes_max: u64,
    /// Bytes that a [streamed](crate::http::Caller::stream) request holds unsent at
    /// most; a piece that would exceed it comes back.
    pub flow_high_mark_bytes: usize,
    /// Bytes unsent at which, after a piece came back,
    /// [`Drained`](crate::http::FlowEvent::Drained) says that there is room again.
    pub flow_low_mark_bytes: usize,
    /// Bytes a slow server must move within a timeout, for it to start anew.
    pub progress_bytes_min: usize,
    /// Bounds in time.
    pub timeouts: ClientTimeouts,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            requests_max: REQUESTS_MAX,
            requests_per_origin_max: REQUESTS_PER_ORIGIN_MAX,
            connections_per_origin_max: CONNECTIONS_PER_ORIGIN_MAX,
            connections_max: CONNECTIONS_MAX,
            head_bytes_max: HEAD_BYTES_MAX,
            body_bytes_max: BODY_BYTES_MAX,
            body_streams_above: usize::MAX,
            streamed_body_bytes_max: STREAMED_BODY_BYTES_MAX,
            flow_high_mark_bytes: FLOW_HIGH_MARK_BYTES,
            flow_low_mark_bytes: FLOW_LOW_MARK_BYTES,
            progress_bytes_min: PROGRESS_BYTES_MIN,
            timeouts: ClientTimeouts::default(),
        }
    }
}

impl ClientLimits {
    /// Gives the bounds of an answer whose body is not gathered above that many bytes.
    pub(super) const fn answer(&self, streams_above: usize) -> AnswerBounds {
        AnswerBounds {
            head: self.head_bytes_max,
            body: self.body_bytes_max as u64,
            streams_above,
            streamed_body: self.streamed_body_bytes_max,
        }
    }

    /// Gives how much of a request is held that is sent as it is made.
    pub(super) const fn marks(&self) -> Marks {
        Marks {
            high: self.flow_high_mark_bytes,
            low: self.flow_low_mark_bytes,
        }
    }
}

/// Bounds in time of one request, and of a connection between requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// For a connection to come about: name, addresses, TLS.
    pub connect: Duration,
    /// For the server to take the next [progress](ClientLimits::progress_bytes_min)
    /// of a request.
    pub write: Duration,
    /// For the whole head of the answer, from the end of the request.
    pub head: Duration,
    /// For the next [progress](ClientLimits::progress_bytes_min) of the body. The
    /// time that stages take for the pieces of one that is not gathered does not count.
    pub body: Duration,
    /// For everything together, retries and the wait for a connection included,
    /// up to the head of an answer whose body is not gathered, and up to the
    /// connection of a request whose body is sent as it is made.
    /// A deadline in the meta of the event that is handled may be sooner, and
    /// holds for such a body as well.
    pub whole: Duration,
    /// For the next request on a connection. Servers mostly wait longer than
    /// this; who closes first cannot be hit by a request that is on its way.
    pub idle: Duration,
}

impl Default for ClientTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            write: Duration::from_secs(20),
            head: Duration::from_secs(30),
            body: Duration::from_secs(20),
            whole: Duration::from_mins(1),
            idle: Duration::from_secs(15),
        }
    }
}
