//! Choosing where a job runs: match, rank, select.

pub mod matching;
pub mod rank;
pub mod rejection;
pub mod select;
