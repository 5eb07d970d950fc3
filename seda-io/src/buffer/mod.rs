//! Bounded byte buffers: one that fills from a socket, one that drains into it.

mod incoming;
mod outgoing;
mod spare;

pub use incoming::ReadBuffer;
pub use outgoing::WriteBuffer;
