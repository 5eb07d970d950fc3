//! HTTP/1.1: messages, a connection as a state machine, a server and a small client.
//!
//! A [`Connection`] does no input or output: it is fed bytes and gives [`Step`]s.
//! [`HttpServer`] owns the sockets, moves the bytes and obeys the steps, and hands
//! each request to a stage as an [`Exchange`].
//!
//! # Sources
//!
//! RFC 9110 (semantics), RFC 9112 (HTTP/1.1).

mod body;
mod chunked;
mod client;
mod connection;
mod content;
mod date;
mod desk;
mod door;
mod dues;
mod exchange;
mod fault;
mod files;
mod framing;
mod headers;
mod limits;
mod message;
mod method;
mod outbox;
mod owed;
mod parse;
mod peer;
mod percent;
mod precondition;
mod range;
mod representation;
mod route;
mod scan;
mod server;
mod status;
mod step;
mod tally;
mod traffic;
mod write;

pub use client::{Client, ClientError};
pub use connection::Connection;
pub use content::Content;
pub use date::{DateCache, HttpDate};
pub use dues::Turn;
pub use exchange::{Exchange, Reply};
pub use fault::{Fault, Place, ProtocolError};
pub use files::{FileCounts, FilePath, Files, Misplaced, StaticFiles};
pub use headers::{HEADER_BYTES_MAX, HEADERS_MAX, HeaderError, Headers};
pub use limits::{Deadline, Limits, Timeout, Timeouts};
pub use message::{Request, Response, Target, Version};
pub use method::Method;
pub use representation::{Representation, Source};
pub use route::{RouteError, Routes};
pub use server::HttpServer;
pub use status::StatusCode;
pub use step::{Step, Unasked};
pub use tally::{Figures, Tallies};
