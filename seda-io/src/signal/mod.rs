//! Signals as readiness of a descriptor: no handler of one's own, no thread.
//!
//! # Sources
//!
//! `signal(7)`; D. J. Bernstein's self-pipe, by the crate `signal-hook`.

mod deliver;
mod receive;

pub use receive::{Asked, Signals, wait_for_end};
