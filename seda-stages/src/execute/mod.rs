//! Running a job on this machine.

pub mod alarm;
pub mod cancel;
pub mod collect;
pub mod command;
pub mod directory;
pub mod forget;
pub mod launch;
pub mod output;
pub mod prepare;
mod removal;
