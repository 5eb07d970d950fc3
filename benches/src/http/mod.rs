//! What does a request cost, beside the servers of today? The server of this
//! project, its peers, the load on them, and what the operating system says of both.

pub mod answer;
pub mod cores;
pub mod idle;
pub mod load;
pub mod measure;
pub mod nginx;
pub mod options;
pub mod ours;
pub mod procfs;
pub mod reading;
pub mod scenario;
pub mod servers;
pub mod service;
pub mod shape;
pub mod shop;
mod slot;
pub mod start;
pub mod tally;
pub mod verdicts;
pub mod wire;
pub mod wrk;
