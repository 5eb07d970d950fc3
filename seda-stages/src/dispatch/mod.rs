//! The stage that owns all jobs: takes them in, chooses where they run, lets
//! them wait for slots, and tells how they are.

pub mod board;
pub mod desk;
pub mod event;
pub mod lines;
pub mod patience;
