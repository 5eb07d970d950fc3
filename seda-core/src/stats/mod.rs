//! What a stage did, counted by the workers that did it.

pub(crate) mod histogram;
pub(crate) mod meter;
pub mod snapshot;
