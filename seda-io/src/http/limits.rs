//! What a server and each of its connections may cost: bytes, counts, and time.

use std::time::Duration;

use super::headers::HEADERS_MAX;
use crate::net::rate::Rate;
use crate::timer::nanoseconds;

/// Bytes, 16 KiB: what nginx and Apache grant a whole head, about.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Bytes, 8 KiB: RFC 9112 §3 recommends at least 8,000.
const REQUEST_LINE_BYTES_MAX: usize = 8 * 1024;
/// Bytes, 1 MiB: nginx's default, enough for a job description.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes, 64 MiB: as many bodies of the largest size.
const BODIES_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes, 1 GiB: a large file.
const STREAMED_BODY_BYTES_MAX: usize = 1 << 30;
/// Bytes, 64 KiB: with more than this unsent, no further request is taken.
const OUTPUT_MARK_BYTES: usize = 64 * 1024;
/// Bytes, 256 KiB: several pieces of the size in which files are read.
pub(super) const FLOW_HIGH_MARK_BYTES: usize = 256 * 1024;
/// Bytes, 64 KiB: about what a socket holds itself, so that the peer does not
/// wait while more is made.
pub(super) const FLOW_LOW_MARK_BYTES: usize = 64 * 1024;
/// Requests: as nginx since 1.19.10, so that memory and load move on.
const REQUESTS_MAX: u32 = 1_000;
/// Connections: half of the 20,000 descriptors that a service is often given.
const CONNECTIONS_MAX: usize = 10_000;
/// Requests: what load generators and clients that pipeline at all send ahead.
const PIPELINE_MAX: usize = 16;
/// Peers, 10,000: about 2 MB, when all that can be are remembered.
const IDLE_PEERS_MAX: usize = 10_000;
/// Bytes, 1 KiB: fewer than this in one timeout is no progress.
const PROGRESS_BYTES_MIN: usize = 1024;

/// Bounds of a server and each of its connections, in bytes and counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request line, with its line end; more is answered 414.
    pub request_line_bytes_max: usize,
    /// Bytes of a whole head, with its line ends; more is answered 431.
    /// This also bounds what is kept of pipelined requests.
    pub head_bytes_max: usize,
    /// Header fields, at most [`HEADERS_MAX`]; more is answered 431.
    pub headers_max: usize,
    /// Bytes of a decoded body; more is answered 413.
    pub body_bytes_max: usize,
    /// Bytes of memory, up to twice as many as have come, that bodies hold which
    /// arrive at one worker and are not whole. When all together hold more, those
    /// that have been arriving for longer than [`Timeouts::body`] are given up, the
    /// oldest first, and answered 503; one that is alone never is. With a larger
    /// `body_bytes_max`, make this larger as well.
    pub bodies_bytes_max: usize,
    /// Bytes of a body above which it is not gathered: the exchange arrives
    /// before it, with an [`Inflow`](crate::http::Inflow). So does every body
    /// whose length is not known. By default none is.
    pub body_streams_above: usize,
    /// Bytes of a decoded body that is not gathered; more is answered 413, or
    /// ends it, when that shows only later.
    pub streamed_body_bytes_max: usize,
    /// Bytes of unsent answers at which no further request is taken.
    pub output_mark_bytes: usize,
    /// Bytes that a [streamed](crate::http::Flow) answer holds unsent at most; a
    /// piece that would exceed it comes back.
    pub flow_high_mark_bytes: usize,
    /// Bytes unsent at which, after a piece came back,
    /// [`Drained`](crate::http::FlowEvent::Drained) says that there is room again.
    pub flow_low_mark_bytes: usize,
    /// Requests of one connection that are handled at once, when all of them
    /// are [safe](crate::http::Method::is_safe); their answers leave in order.
    pub pipeline_max: usize,
    /// Requests after which the connection is closed.
    pub requests_max: u32,
    /// Connections of the whole server; more wait in the operating system.
    pub connections_max: usize,
    /// Connections of one peer: an IPv4 address, or an IPv6 network of 64 bits.
    /// More are closed at once: to answer them costs as much as to serve them.
    /// Peers on a Unix socket are not limited. None by default.
    pub connections_per_peer_max: Option<usize>,
    /// Requests of one such peer, on all its connections; more are answered 429.
    /// None by default.
    pub rate_per_peer: Option<Rate>,
    /// Requests of all peers together; more are answered 429. None by default.
    pub rate: Option<Rate>,
    /// Peers without a connection of which is remembered how much of their rate
    /// is left; who has been away longest is forgotten first.
    pub idle_peers_max: usize,
    /// Bytes a slow peer must move within a timeout, for it to start anew.
    pub progress_bytes_min: usize,
    /// Bounds in time.
    pub timeouts: Timeouts,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_line_bytes_max: REQUEST_LINE_BYTES_MAX,
            head_bytes_max: HEAD_BYTES_MAX,
            headers_max: HEADERS_MAX,
            body_bytes_max: BODY_BYTES_MAX,
            bodies_bytes_max: BODIES_BYTES_MAX,
            body_streams_above: usize::MAX,
            streamed_body_bytes_max: STREAMED_BODY_BYTES_MAX,
            output_mark_bytes: OUTPUT_MARK_BYTES,
            flow_high_mark_bytes: FLOW_HIGH_MARK_BYTES,
            flow_low_mark_bytes: FLOW_LOW_MARK_BYTES,
            pipeline_max: PIPELINE_MAX,
            requests_max: REQUESTS_MAX,
            connections_max: CONNECTIONS_MAX,
            connections_per_peer_max: None,
            rate_per_peer: None,
            rate: None,
            idle_peers_max: IDLE_PEERS_MAX,
            progress_bytes_min: PROGRESS_BYTES_MIN,
            timeouts: Timeouts::default(),
        }
    }
}

/// Bounds in time of one server connection, and of each of its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// For a whole head, from its first byte; for the first head, from the beginning.
    pub head: Duration,
    /// For the next [progress](Limits::progress_bytes_min) of a body.
    pub body: Duration,
    /// For the next request, from the end of the last answer.
    pub idle: Duration,
    /// For the next [progress](Limits::progress_bytes_min) of an answer.
    pub write: Duration,
    /// For the peer to read a last answer and close, when more of its bytes may come.
    pub linger: Duration,
    /// Without a byte in either direction on a connection that was
    /// [upgraded](crate::http::Upgrade), while the stages are not busy with the last.
    pub upgraded: Duration,
    /// For the stages to answer: the deadline in the meta of a request's event.
    pub request: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(20),
            idle: Duration::from_mins(1),
            write: Duration::from_secs(20),
            linger: Duration::from_secs(2),
            upgraded: Duration::from_mins(5),
            request: None,
        }
    }
}

impl Timeouts {
    /// Returns how long `timeout` lasts.
    pub const fn of(&self, timeout: Timeout) -> Duration {
        match timeout {
            Timeout::Head => self.head,
            Timeout::Body => self.body,
            Timeout::Idle => self.idle,
            Timeout::Write => self.write,
            Timeout::Linger => self.linger,
            Timeout::Upgraded => self.upgraded,
        }
    }
}

/// What a connection is waiting for under a [`Deadline`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timeout {
    /// A whole head.
    Head,
    /// Progress of a body.
    Body,
    /// The next request.
    Idle,
    /// Progress of an answer.
    Write,
    /// The peer's end, after the last answer.
    Linger,
    /// A byte, in either direction, of another protocol.
    Upgraded,
}

/// A time by which the peer must have done something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// What is waited for.
    pub timeout: Timeout,
    /// Nanoseconds: when the wait began.
    pub since: u64,
    /// Nanoseconds: when it is over.
    pub at: u64,
}

/// A wait for the peer: since when, in nanoseconds, and how many bytes have moved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait {
    since: u64,
    bytes: usize,
}

impl Wait {
    pub(super) const fn from(now: u64) -> Self {
        Self {
            since: now,
            bytes: 0,
        }
    }

    /// Puts it off: for so long it was not the peer that was waited for.
    pub(super) const fn postpone(&mut self, nanoseconds: u64) {
        self.since = self.since.saturating_add(nanoseconds);
    }

    /// Counts bytes; enough of them are progress and begin the wait anew.
    pub(super) const fn moved(&mut self, bytes: usize, progress_bytes_min: usize, now: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes >= progress_bytes_min {
            *self = Self::from(now);
        }
    }

    /// Returns the deadline of this wait when it is for `timeout`.
    pub(super) fn deadline(self, timeout: Timeout, timeouts: &Timeouts) -> Deadline {
        let lasts = nanoseconds(timeouts.of(timeout));
        Deadline {
            timeout,
            since: self.since,
            at: self.since.saturating_add(lasts),
        }
    }
}
