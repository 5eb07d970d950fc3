//! What connections may cost: bytes, counts, and time.

use std::time::Duration;

/// Bytes, 64 KiB: read at once, and the most that one event carries.
const READ_BYTES_MAX: usize = 64 * 1024;
/// Bytes, 256 KiB: four reads, so that what answers each read with as much is
/// never refused ([`Limits::high_mark_bytes`]).
const HIGH_MARK_BYTES: usize = 256 * 1024;
/// Bytes, 64 KiB: about what a socket holds itself, so that the peer does not
/// wait while more is made.
const LOW_MARK_BYTES: usize = 64 * 1024;
/// Connections: half of the 20,000 descriptors that a service is often given.
const CONNECTIONS_MAX: usize = 10_000;
/// Bytes, 1 KiB: fewer than this in one timeout is no progress.
const PROGRESS_BYTES_MIN: usize = 1024;

/// Bounds of a source's connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections on all workers together; more wait in the operating system.
    /// Once reached, an eighth of them must end before more are accepted.
    pub connections_max: usize,
    /// Bytes that one [`Data`](super::StreamEvent::Data) carries at most.
    pub read_bytes_max: usize,
    /// Bytes that a connection holds unsent at most; a send that would exceed it comes back.
    ///
    /// What is received leaves room for as much in answer if this is at least
    /// the low mark and twice `read_bytes_max`.
    pub high_mark_bytes: usize,
    /// Bytes unsent above which nothing more is read; when fewer are left after
    /// a send was refused, [`Drained`](super::StreamEvent::Drained) says so.
    pub low_mark_bytes: usize,
    /// Bytes a slow peer must take within the write timeout, for it to start anew.
    pub progress_bytes_min: usize,
    /// Bounds in time.
    pub timeouts: Timeouts,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: CONNECTIONS_MAX,
            read_bytes_max: READ_BYTES_MAX,
            high_mark_bytes: HIGH_MARK_BYTES,
            low_mark_bytes: LOW_MARK_BYTES,
            progress_bytes_min: PROGRESS_BYTES_MIN,
            timeouts: Timeouts::default(),
        }
    }
}

/// Bounds in time of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Without a byte in either direction, while the stages are not busy with the last.
    pub idle: Duration,
    /// For the peer to take the next [progress](Limits::progress_bytes_min) of what it is sent.
    pub write: Duration,
    /// For TLS to be agreed on, on a connection that has come in.
    pub handshake: Duration,
    /// For the peer to end its side, after a stage has closed the connection.
    pub linger: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            idle: Duration::from_mins(5),
            write: Duration::from_secs(20),
            handshake: Duration::from_secs(10),
            linger: Duration::from_secs(2),
        }
    }
}
