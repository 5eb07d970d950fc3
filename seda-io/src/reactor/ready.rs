//! What a socket would do, as its source remembers it.

use super::member::Readiness;

/// What the socket would do without blocking, as far as is known: it is asked
/// until it would block, and then tells once when that changes.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// An end or an error is to be read behind the bytes.
    pub(crate) end: bool,
}

impl Default for Ready {
    /// Nothing is known yet, so everything is tried: who connects seldom says
    /// nothing at once.
    fn default() -> Self {
        Self {
            read: true,
            write: true,
            end: false,
        }
    }
}

impl Ready {
    /// Remembers what the socket has said.
    pub(crate) const fn note(&mut self, said: Readiness) {
        self.read |= said.readable;
        self.write |= said.writable;
        self.end |= said.ended;
    }
}
