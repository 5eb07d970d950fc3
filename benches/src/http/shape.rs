//! What is asked for, and how often at once.

use crate::http::answer::{BUSY, HELLO};

/// Says how the load behaves.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What is asked for.
    pub path: &'static str,
    /// The right answer's status.
    pub status: u16,
    /// Bytes of its body.
    pub body_bytes: usize,
    /// Connections that are open at the same time.
    pub connections: usize,
    /// Requests that each sends at once.
    pub depth: u32,
    /// Whether a connection lasts.
    pub life: Life,
}

impl Shape {
    /// Is one request after the other for [`HELLO`], on connections that last.
    pub const fn hello(connections: usize) -> Self {
        Self {
            path: "/",
            status: 200,
            body_bytes: HELLO.len(),
            connections,
            depth: 1,
            life: Life::Kept,
        }
    }

    /// Is the same where everything is refused.
    pub const fn refused(connections: usize) -> Self {
        Self {
            status: 503,
            body_bytes: BUSY.len(),
            ..Self::hello(connections)
        }
    }
}

/// Says how long a connection lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Until the load ends.
    Kept,
    /// For one round of requests; the server closes it.
    Once,
}
