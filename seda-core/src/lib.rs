//! Services as graphs of *stages* that stay responsive when more work arrives
//! than they can do: bounded queues, typed edges, plans, controllers.
//!
//! A stage is code only: a handler with a bounded queue. Where it runs is a
//! [`Plan`], which is data. Nothing here knows sockets; seda-io does.
//!
#![doc = "```"]
#![doc = include_str!("../examples/hello.rs")]
#![doc = "```"]
//!
//! The staged event-driven architecture is due to Matt Welsh, David Culler and
//! Eric Brewer (SOSP 2001).
#![deny(unsafe_code)]

mod admission;
mod batch;
mod bottleneck;
mod clock;
mod control;
mod dials;
mod domain;
pub mod draw;
mod driver;
mod edge;
mod error;
mod exports;
mod failure;
mod gate;
mod graph;
#[cfg(doctest)]
mod guide;
mod handler;
mod here;
mod law;
mod ledger;
mod life;
mod meta;
mod overload;
mod owned_cell;
mod plan;
mod promises;
mod queue;
mod ready;
mod rejected;
mod room;
mod roster;
mod running;
pub mod simulator;
mod sink;
mod sleepers;
mod source;
mod stage;
mod start;
mod stats;
mod sync;
pub mod testing;
mod trace;
mod waiters;
mod worker;
pub use exports::*;
