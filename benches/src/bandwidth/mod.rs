//! Does a server move as much over ten thousand connections as over one?
//!
//! Each client sends bursts of packets, and waits for one short answer to each
//! burst (SEDA, figure 1). There the threaded server could not have more than
//! 400 connections, and the one without blocking lost some of its bandwidth on
//! the way to thousands.
//!
//! Both servers have one core, and the clients have the other. All packets go
//! through the loopback interface, so whoever has a segment sent pays for its
//! way to the other side, too: a server that falls behind pays for its clients,
//! whose bytes leave when it makes room for them.

pub mod burst;
pub mod chosen;
pub mod counted;
pub mod flatness;
pub mod senders;
pub mod span;
pub mod staged;
pub mod threads;
