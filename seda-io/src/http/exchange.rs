//! A request and the duty to answer it.

use std::fmt;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;

use super::message::{Request, Response};
use super::outbox::{Answer, Outbox, Seat};
use super::status::StatusCode;

/// A request, with the duty to answer it.
///
/// It may be answered on any thread; on the worker that owns the connection
/// that costs no lock. One that is dropped unanswered, by a handler's error, a
/// panic, or in a queue, is answered 500: no peer waits in vain. An answer to a
/// connection that has ended meanwhile is thrown away and counted.
///
/// # Examples
///
/// ```
/// use seda_core::Graph;
/// use seda_io::http::{Exchange, Response, StatusCode};
///
/// let mut graph = Graph::new("greetings");
/// let greet = graph.stage("greet").each(|exchange: Exchange| {
///     let greeting = format!("hello, {}\n", exchange.peer());
///     exchange.respond(Response::text(StatusCode::OK, greeting));
///     Ok(())
/// });
/// ```
#[derive(Debug)]
pub struct Exchange {
    request: Request,
    reply: Reply,
    params: Vec<Param>,
}

/// The value of a name in the path of a route.
#[derive(Debug)]
pub(super) struct Param {
    pub(super) name: Box<str>,
    pub(super) value: String,
}

impl Exchange {
    pub(super) const fn new(request: Request, reply: Reply) -> Self {
        Self {
            request,
            reply,
            params: Vec::new(),
        }
    }

    /// Returns the value that a name of the [route](super::Routes) has in the
    /// path, decoded.
    pub fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.params.iter();
        let param = params.find(|param| &*param.name == name)?;
        Some(&param.value)
    }

    pub(super) fn set_params(&mut self, params: Vec<Param>) {
        self.params = params;
    }

    /// Returns what is asked.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// Returns the address of who asks.
    pub const fn peer(&self) -> SocketAddr {
        self.reply.peer
    }

    /// Answers.
    pub fn respond(self, response: Response) {
        self.reply.respond(response);
    }

    /// Parts the request from the duty to answer it, so that each can go its way.
    pub fn split(self) -> (Request, Reply) {
        (self.request, self.reply)
    }
}

/// The duty to answer one request; see [`Exchange`].
pub struct Reply {
    peer: SocketAddr,
    seat: Seat,
    outbox: Option<Arc<Outbox>>,
}

impl Reply {
    pub(super) const fn new(peer: SocketAddr, seat: Seat, outbox: Arc<Outbox>) -> Self {
        Self {
            peer,
            seat,
            outbox: Some(outbox),
        }
    }

    /// Returns the address of who asks.
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Answers.
    pub fn respond(mut self, response: Response) {
        self.send(response);
    }

    /// Takes the duty away: somebody else answers.
    pub(super) fn disarm(mut self) {
        drop(mem::take(&mut self.outbox));
    }

    fn send(&mut self, response: Response) {
        if let Some(outbox) = self.outbox.take() {
            let seat = self.seat;
            outbox.put(Answer { seat, response });
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(outbox) = &self.outbox {
            outbox.count_abandoned();
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            self.send(Response::text(status, "the request was lost on its way\n"));
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("peer", &self.peer)
            .field("seat", &self.seat)
            .finish_non_exhaustive()
    }
}
