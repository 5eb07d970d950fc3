//! What can go wrong with a job, in types, and the stages that tell of it.

pub mod kind;
pub mod report;
