//! Running a job on this machine.

pub mod command;
pub mod directory;
mod removal;
