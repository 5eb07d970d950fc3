//! What requests to other servers may cost: connections, bytes, and time.

use std::time::Duration;

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
    /// Bytes of an answer's decoded body, at most.
    pub body_bytes_max: usize,
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
            progress_bytes_min: PROGRESS_BYTES_MIN,
            timeouts: ClientTimeouts::default(),
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
    /// For the next [progress](ClientLimits::progress_bytes_min) of the body.
    pub body: Duration,
    /// For everything together, retries and the wait for a connection included.
    /// A deadline in the meta of the event that is handled may be sooner.
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
