//! The one binary: the HTTP/job server and its command line.
//!
//! [`command::run`] reads the words of the command line with [`args`] and carries them out;
//! [`config`] is what the server is told by a file, and [`exit`] is what the shell is told.
#![forbid(unsafe_code)]

pub mod args;
pub mod client;
pub mod command;
pub mod config;
pub mod exit;
pub mod help;
pub mod lab;
pub mod log;
mod outlet;
pub mod print;
pub mod records;
pub mod runs;
pub mod scenarios;
pub mod serve;
pub mod settings;
pub mod simulated;
pub mod suggest;
pub mod table;
pub mod tell;
