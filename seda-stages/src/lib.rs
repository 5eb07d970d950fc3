//! Jobs as stage pipelines: describe → discover → match and rank → execute →
//! report.
//!
//! This crate holds what is peculiar to jobs and leaves threads, queues and
//! sockets to the crates below it. At its core are plain data and pure
//! functions: time, randomness and the machine come in as arguments, so that a
//! test sees what the server sees. Around them stand the stages, one handler a
//! file, and [`pipeline`] wires them into a graph.
//!
//! ```
//! use seda_stages::describe::json;
//! use seda_stages::broker::{rank::LeastWaiting, select::Broker};
//! use seda_stages::target::ExecutionTarget;
//!
//! let job = json::parse(br#"{"executable": "/bin/true", "slots": 2}"#)?;
//! let mut target = ExecutionTarget::new("here");
//! target.counters.total_slots = Some(4);
//! let mut broker = Broker::new(vec![target], Box::new(LeastWaiting));
//! let best = broker.select(&job).next();
//! assert_eq!(best.unwrap().as_str(), "here");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `ARCHITECTURE.md` beside `Cargo.toml` lists the modules in layers.

#![forbid(unsafe_code)]

pub mod api;
pub mod broker;
pub mod describe;
pub mod discover;
pub mod dispatch;
pub mod errors;
pub mod execute;
pub mod job;
pub mod observe;
pub mod pipeline;
pub mod software;
pub mod target;
