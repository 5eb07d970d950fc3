//! A load generator for HTTP servers, which is itself a graph of stages.
//!
//! ```text
//!            due               requests
//!  schedule ────▶  clients  ┄┄┄┄┄┄┄┄┄┄┄▶  http  (connections)
//!  (source)           ▲                    │
//!                     └───── answers ◀─────┘
//! ```
//!
//! In an open loop requests are due at moments that were drawn from a seed, and
//! latency counts from those, so that a server that stands still is charged for
//! everybody who would have come meanwhile, and not just for those whose requests
//! it happened to hold (*coordinated omission*). What the generator itself is late
//! by is counted apart, and too much of it makes a run invalid.
//!
//! # Sources
//!
//! B. Schroeder, A. Wierman, M. Harchol-Balter, "Open Versus Closed: A Cautionary
//! Tale" (NSDI 2006); G. Tene, "How NOT to Measure Latency" (2013).

mod berth;
mod capacity;
mod course;
mod cpu_meter;
mod crowd;
mod desk;
mod errand;
mod gauge;
mod hdr_log;
mod mix;
mod moments;
mod pacer;
mod progress;
mod provenance;
mod ranks;
mod residents;
mod ride;
mod strip;
mod sweep;
mod tape;
mod times;
mod trials;
mod window;

pub use capacity::{Capacity, Rung, find_capacity};
pub use course::{Aim, CONNECTIONS_DEFAULT, Course, Flood, Keep, Traffic};
pub use hdr_log::write_hdr_log;
pub use mix::Mix;
pub use progress::Seen;
pub use provenance::{provenance, record};
pub use ride::CourseError;
pub use sweep::{Leg, Sweep};
pub use trials::run_trials;
