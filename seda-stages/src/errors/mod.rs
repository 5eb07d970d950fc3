//! What can go wrong with a job, in types.

pub mod kind;
