//! A request and the duty to answer it.

use std::fmt;
use std::sync::Arc;

use seda_core::Death;

use super::carrier::{Carrier, Seat};
use super::flow::line::{Marks, Muteness};
use super::flow::{Flow, Opening};
use super::inflow::Inflow;
use super::message::{Request, Response};
use super::method::Method;
use super::outbox::{Answer, Head, Outbox, Part, Switch};
use super::status::StatusCode;
use super::upgrade::Upgrade;
use crate::net::address::Address;

/// A request, with the duty to answer it.
///
/// It may be answered on any thread; on the worker that owns the connection
/// that costs no lock. One that is dropped unanswered, by a handler's error, a
/// panic, or in a queue, is answered 500, and 503 with `Retry-After` if its
/// deadline has passed in a queue: no peer waits in vain. An answer to a
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
pub struct Exchange(Box<Parts>);

/// What an exchange is made of, in a place of its own: stages pass on a pointer.
#[derive(Debug)]
struct Parts {
    request: Request,
    reply: Reply,
    params: Vec<Param>,
    inflow: Option<Box<Inflow>>,
}

/// The value of a name in the path of a route.
#[derive(Debug)]
pub(super) struct Param {
    pub(super) name: Box<str>,
    pub(super) value: String,
}

impl Exchange {
    pub(super) fn new(request: Request, reply: Reply) -> Self {
        Self(Box::new(Parts {
            request,
            reply,
            params: Vec::new(),
            inflow: None,
        }))
    }

    pub(super) fn with_inflow(mut self, inflow: Option<Inflow>) -> Self {
        self.0.inflow = inflow.map(Box::new);
        self
    }

    /// Takes the right to have the body of the request, if it has not arrived
    /// with it: that of a long one, where
    /// [`Limits::body_streams_above`](super::Limits) says so.
    pub fn take_inflow(&mut self) -> Option<Inflow> {
        self.0.inflow.take().map(|inflow| *inflow)
    }

    /// Returns the value that a name of the [route](super::Routes) has in the
    /// path, decoded.
    pub fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.0.params.iter();
        let param = params.find(|param| &*param.name == name)?;
        Some(&param.value)
    }

    pub(super) fn set_params(&mut self, params: Vec<Param>) {
        self.0.params = params;
    }

    /// Returns what is asked.
    pub fn request(&self) -> &Request {
        &self.0.request
    }

    /// Returns the address of who asks.
    pub fn peer(&self) -> &Address {
        &self.0.reply.peer
    }

    /// Answers.
    pub fn respond(self, response: Response) {
        self.0.reply.respond(response);
    }

    /// Answers with a head now and a body that is sent later, piece by piece, by
    /// whatever stage the [`Flow`] comes to.
    pub fn stream(self, opening: impl Into<Opening>) -> Flow {
        self.0.reply.stream(opening)
    }

    /// Answers 101: from then on another protocol is spoken on this connection,
    /// by whatever stages the [`Flow`] and the [`Inflow`] come to.
    ///
    /// # Errors
    ///
    /// Gives the exchange back when the client has not asked for that protocol,
    /// or cannot be taken at its word: its version is 1.0, `Connection` does
    /// not name `Upgrade`, or the body of the request is
    /// [handed out](Self::take_inflow) in pieces. Answer it as any other then, or
    /// by [`Response::upgrade_required`].
    ///
    /// # Sources
    ///
    /// RFC 9110 §7.8, §15.2.2.
    pub fn upgrade(self, upgrade: Upgrade) -> Result<(Flow, Inflow), Self> {
        let asked = self.request().headers();
        if self.0.reply.upgrades && asked.list_has("upgrade", upgrade.protocol()) {
            Ok(self.0.reply.upgrade(upgrade))
        } else {
            Err(self)
        }
    }

    /// Parts the request from the duty to answer it, so that each can go its way.
    pub fn split(self) -> (Request, Reply) {
        let parts = *self.0;
        (parts.request, parts.reply)
    }
}

/// The duty to answer one request; see [`Exchange`].
pub struct Reply {
    peer: Address,
    seat: Seat,
    muteness: Muteness,
    /// Nobody has answered yet.
    due: bool,
    /// The peer may be answered by another protocol.
    upgrades: bool,
    outbox: Arc<Outbox>,
}

impl Reply {
    pub(super) fn new(peer: Address, seat: Seat, method: &Method, outbox: Arc<Outbox>) -> Self {
        let mute = *method == Method::Head;
        Self {
            peer,
            seat,
            muteness: if mute {
                Muteness::Mute
            } else {
                Muteness::Spoken
            },
            due: true,
            upgrades: false,
            outbox,
        }
    }

    /// Says that the peer may be answered by another protocol.
    pub(super) const fn upgradable(mut self) -> Self {
        self.upgrades = true;
        self
    }

    /// Returns the address of who asks.
    pub const fn peer(&self) -> &Address {
        &self.peer
    }

    /// Answers.
    pub fn respond(mut self, response: Response) {
        self.send(response);
    }

    /// Answers with a head now and a body that is sent later, piece by piece.
    pub fn stream(mut self, opening: impl Into<Opening>) -> Flow {
        let mut opening = opening.into();
        let status = opening.head.status();
        // 205 may not have a body, either, but says so (RFC 9110 §15.3.6).
        let muteness = if status.is_bodiless() || status.code() == 205 {
            Muteness::Mute
        } else {
            self.muteness
        };
        self.due = false;
        let (seat, outbox) = (self.seat, Arc::clone(&self.outbox));
        let line = Arc::new(opening.line(Marks::of(&outbox.limits), muteness));
        let head = Head {
            response: opening.head,
            length: opening.length,
            line: Arc::clone(&line),
        };
        let part = Part::Head(Box::new(head));
        outbox.put(Answer { seat, part });
        Flow::new(line, self.peer.clone(), seat, outbox)
    }

    fn upgrade(mut self, upgrade: Upgrade) -> (Flow, Inflow) {
        self.due = false;
        let (seat, outbox) = (self.seat, Arc::clone(&self.outbox));
        let (headers, line) = upgrade.open(&outbox.limits);
        let line = Arc::new(line);
        let switch = Switch {
            headers,
            line: Arc::clone(&line),
        };
        let part = Part::Upgrade(Box::new(switch));
        outbox.put(Answer { seat, part });
        let carrier: Arc<dyn Carrier> = outbox;
        let inflow = Inflow::upgraded(line.number(), seat, Arc::clone(&carrier));
        (Flow::new(line, self.peer.clone(), seat, carrier), inflow)
    }

    /// Takes the duty away: somebody else answers.
    pub(super) fn disarm(mut self) {
        self.due = false;
    }

    fn send(&mut self, response: Response) {
        self.due = false;
        let (seat, part) = (self.seat, Part::Whole(response));
        self.outbox.put(Answer { seat, part });
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.due {
            return;
        }
        if Death::of_dropped() == Some(Death::Expired) {
            self.outbox.count_expired();
            self.send(Response::busy(None));
        } else {
            self.outbox.count_abandoned();
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
