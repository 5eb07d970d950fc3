//! TCP and Unix stream sockets: connections whose bytes become events.
//!
//! A [`Listener`] accepts connections, a [`Connector`] makes them. What happens
//! on one is a [`StreamEvent`] for one stage, and each event carries the
//! [`Link`] by which any stage, on any thread, sends, half-closes, closes or aborts.
//!
//! # Back-pressure
//!
//! A connection has at most one [`Data`](StreamEvent::Data) in the graph: it is
//! not read while the bytes of the last one live, while its peer does not take
//! what it was sent, or while the stage has no room for events. Then the peer
//! has to wait, as TCP makes it. A send beyond the high mark comes back.
//!
//! # What can be lost
//!
//! An event that dies in a queue, or with a handler that fails, leaves a hole
//! in its stream, which nobody else can see. So give a stage of stream events no
//! target, and have a handler that may fail [abort](Link::abort) the connection.
//!
//! # Sources
//!
//! M. Welsh, D. Culler, E. Brewer, "SEDA: An Architecture for Well-Conditioned,
//! Scalable Internet Services" (SOSP 2001), §4.1 (asynchronous sockets).

mod bounds;
mod dial;
mod end;
mod endpoint;
mod event;
mod figures;
mod hub;
mod link;
mod listener;
mod outflow;
mod security;
mod session;
mod spares;

pub use bounds::{Limits, Timeouts};
pub use dial::{Connector, Dialler, Undialled};
pub use end::End;
pub use event::StreamEvent;
pub use figures::{Figures, Tallies};
pub use link::{Link, Received};
pub use listener::Listener;
pub use outflow::{Unsendable, Unsent};
