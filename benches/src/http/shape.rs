//! What is asked for, and how often at once.

use crate::http::answer::HELLO;

/// Says how the load behaves.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What is asked for.
    pub path: &'static str,
    /// Bytes of the right answer's body.
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
            body_bytes: HELLO.len(),
            connections,
            depth: 1,
            life: Life::Kept,
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
