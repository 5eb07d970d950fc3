//! Nonblocking sockets, HTTP, timers, signals and child processes for stages.
//!
//! The crate is built from the outside in. Pure parts come first and know no
//! clock and no socket: [`buffer`], [`timer`], and in [`http`] a connection that
//! turns bytes into steps. Sources at the edge speak to the operating system: the
//! [`http::HttpServer`], [`stream::Listener`], [`datagram::Datagrams`],
//! [`process::Processes`], [`signal::Signals`]. A worker that runs them sleeps in
//! a [`Reactor`]. [`http::HttpClient`] and [`stream::Connector`] go the other way, and
//! [`net::Names`] finds hosts for them. [`http::Client`] blocks, for command lines.
//!
//! Time is passed in as nanoseconds of any monotonic clock, so the same code
//! runs under a real reactor and under a simulator.
//!
//! ```
//! use std::sync::Arc;
//! use seda_io::http::{Connection, HttpDate, Limits, Response, StatusCode, Step};
//!
//! let mut connection = Connection::new(Arc::new(Limits::default()), 0);
//! connection.feed(b"GET /hello HTTP/1.1\r\nHost: example\r\n\r\n", 0);
//! let Step::Request(request) = connection.step(0) else { panic!("one whole request") };
//! assert_eq!(request.target().path(), "/hello");
//!
//! let date = HttpDate::from_unix(784_111_777);
//! connection.answer(Response::text(StatusCode::OK, "hello\n"), &date, 0)?;
//! assert!(connection.output().starts_with(b"HTTP/1.1 200 OK\r\n"));
//! # Ok::<(), seda_io::http::Unasked>(())
//! ```
#![forbid(unsafe_code)]

mod alarms;
pub mod buffer;
mod count;
pub mod datagram;
pub mod file_range;
#[cfg(doctest)]
mod guide;
pub mod http;
pub mod net;
pub mod process;
pub mod reactor;
pub mod signal;
pub mod stream;
pub mod timer;
pub mod tls;
mod transport;

pub use reactor::Reactor;
