//! HTTP/1.1: messages, a connection as a state machine, a server, a client for stages
//! and a small one that blocks.
//!
//! A [`Connection`] does no input or output: it is fed bytes and gives [`Step`]s.
//! [`HttpServer`] owns the sockets, moves the bytes and obeys the steps, and hands
//! each request to a stage as an [`Exchange`]. [`HttpClient`] goes the other way: stages
//! send requests by a [`Caller`], and what becomes of them are events. [`Client`] blocks,
//! for command lines.
//!
//! # Sources
//!
//! RFC 9110 (semantics), RFC 9112 (HTTP/1.1).

mod allowance;
mod answer;
mod ask;
mod authority;
mod body;
mod carrier;
mod chunked;
mod client;
mod coding;
mod connection;
mod content;
mod date;
mod desk;
mod dues;
mod effort;
mod exchange;
mod fault;
mod files;
mod flow;
mod flows;
mod framing;
mod gathering;
mod headers;
mod hop;
mod inflow;
mod limits;
mod message;
mod method;
mod outbound;
mod outbox;
mod owed;
mod parse;
mod peer;
mod percent;
mod pour;
mod precondition;
mod premises;
mod range;
mod representation;
mod route;
mod scan;
mod server;
mod sse;
mod status;
mod step;
mod tally;
mod target;
mod telling;
mod traffic;
mod trailers;
mod untold;
mod upgrade;
mod wishes;
mod write;

pub use client::{Client, ClientError};
pub use connection::Connection;
pub use content::{Absent, Content, Later};
pub use date::{DateCache, HttpDate};
pub use dues::Turn;
pub use exchange::{Exchange, Reply};
pub use fault::{Fault, Place, ProtocolError};
pub use files::{FileCounts, FilePath, Files, Misplaced, StaticFiles};
pub use flow::flow_event::{FlowEnd, FlowEvent};
pub use flow::unsent::{Short, Unsendable, Unsent};
pub use flow::{Flow, Opening};
pub use headers::{HEADER_BYTES_MAX, HEADERS_MAX, HeaderError, Headers};
pub use hop::HopError;
pub use inflow::inflow_event::{InflowEvent, InflowFault, Piece};
pub use inflow::{Inflow, Tap};
pub use limits::{Deadline, Limits, Timeout, Timeouts};
pub use message::{Request, Response, Version};
pub use method::Method;
pub use outbound::{
    Answered, CallError, CallTimeout, Caller, ClientFigures, ClientLimits, ClientTallies,
    ClientTimeouts, HttpClient, Origin, Refusal, Refused,
};
pub use representation::{Representation, Source};
pub use route::{RouteError, Routes};
pub use server::HttpServer;
pub use sse::{FieldError, ServerSent};
pub use status::StatusCode;
pub use step::{Step, Unasked};
pub use tally::{Figures, Tallies};
pub use target::Target;
pub use trailers::Trailers;
pub use upgrade::Upgrade;
pub use wishes::{TimeoutUnit, Wishes};
