//! Measurements, named by the question they answer. Figures are ratios to peers
//! in the same run; absolute times are the best of several rounds.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    reason = "a measurement that goes wrong must stop, and say where"
)]

pub mod abuse;
pub mod adapt;
pub mod bandwidth;
pub mod cpu;
pub mod goal;
pub mod hops;
pub mod http;
pub mod injected;
pub mod program;
pub mod rounds;
pub mod soak;
mod words;
