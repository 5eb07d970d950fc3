//! Finding out where jobs can run.

pub mod configured;
pub mod local;
pub mod survey;
