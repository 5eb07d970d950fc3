//! The threads that run stages: choosing a stage, running a batch, sleeping.

pub(crate) mod cpu;
mod lateness;
pub(crate) mod pace;
pub(crate) mod restarts;
pub(crate) mod runner;
pub(crate) mod schedule;
pub(crate) mod settle;
pub(crate) mod shift;
pub(crate) mod team;
pub(crate) mod thread;
