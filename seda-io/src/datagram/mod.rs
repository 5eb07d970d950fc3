//! UDP and Unix datagram sockets: datagrams as events.
//!
//! [`Datagrams`] is a bound socket that becomes a source. Each [`Datagram`] it
//! receives is an event, and carries the [`Post`] by which any stage, on any
//! thread, answers it.
//!
//! # Back-pressure
//!
//! A UDP datagram that the stage refuses is dropped and counted: its sender does
//! not know, and a late one is mostly worth nothing. A Unix datagram is kept and
//! offered again, and nothing is read meanwhile, so that its sender has to wait.

mod bound;
mod port;
mod post;
mod receiver;
mod sums;

pub use bound::{Datagrams, Limits};
pub use post::{Datagram, Partly, Post};
pub use sums::{Figures, Tallies};
