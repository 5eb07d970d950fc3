//! The laboratory: what controllers do under load, side by side.
//!
//! ```
//! use seda_lab::{Comparison, Policy, Wind};
//!
//! let wind = Wind::default().seconds(5);
//! let drain_rate = Policy::named("drain rate").unwrap();
//! let comparison = Comparison::of(&[drain_rate], &wind, 42)?;
//! println!("{comparison}");
//! # Ok::<(), seda_core::BoxError>(())
//! ```
#![forbid(unsafe_code)]

mod batches;
mod cell;
mod comparison;
mod cpu_time;
mod fairness;
pub mod generator;
#[cfg(doctest)]
mod guide;
mod page;
mod plot;
mod policies;
mod quantiles;
pub mod record;
mod report;
pub mod scenario;
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of requests, seconds and places, far below 2^52"
)]
mod simulation;
mod threads;

pub use cell::{Cell, Wind};
pub use comparison::{Comparison, Row};
pub use policies::Policy;
pub use report::{Difference, Pair, Plot, Report, Row as ComparedRow, Seen, Versus};
pub use simulation::simulate;
pub use threads::run_on_threads;
