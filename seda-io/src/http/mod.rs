//!
//! Nothing but [`Client`] does input or output. A [`Connection`] is fed bytes and
//! gives [`Step`]s; who owns the socket moves the bytes and obeys the steps.
//!
//! # Sources
//!
//! RFC 9110 (semantics), RFC 9112 (HTTP/1.1).

mod body;
mod chunked;
mod client;
mod connection;
mod date;
mod fault;
mod framing;
mod headers;
mod limits;
mod message;
mod method;
mod owed;
mod parse;
mod scan;
mod status;
mod step;
mod write;

pub use client::{Client, ClientError};
pub use connection::Connection;
pub use date::{DateCache, HttpDate};
pub use fault::{Fault, Place, ProtocolError};
pub use headers::{HEADER_BYTES_MAX, HEADERS_MAX, HeaderError, Headers};
pub use limits::{Deadline, Limits, Timeout, Timeouts};
pub use message::{Request, Response, Target, Version};
pub use method::Method;
pub use status::StatusCode;
pub use step::{Step, Unasked};
