//! A client of HTTP servers as a source: requests go out from stages, answers become events.
//!
//! Connections are kept and used again, a request waits where there are too
//! many, and what becomes of it is told exactly once.
//!
//! # Sources
//!
//! RFC 9110 §9.2.2 (what may be repeated), RFC 9112 §6.3 (where answers end),
//! §9.3 (connections that persist).

mod budget;
mod call;
mod coming;
mod delivery;
mod dispatch;
mod going;
mod notes;
mod origin;
mod pool;
mod score;
mod server_line;
mod talk;
mod terms;

use std::fmt;
use std::sync::Arc;

use seda_core::{Graph, Promises, Stage, inherited};

use super::ask::Afterwards;
use super::carrier::Seat;
use super::dues::Turn;
use super::flow::line::Muteness;
use super::flow::{Flow, Opening};
use super::message::Request;
use crate::net::address::Address;
use crate::net::names::Names;
use crate::net::offices::Offices;
use crate::net::quota::Quota;
use crate::tls::TlsClient;
use call::Call;
use dispatch::Dispatch;
use going::{Berth, Going};
use score::Score;
use terms::Terms;

pub use budget::{ClientLimits, ClientTimeouts};
pub use call::{Answered, CallError, CallTimeout, Refusal, Refused};
pub use origin::Origin;
pub use score::{ClientFigures, ClientTallies};

/// Makes a [`Caller`], by which stages send requests to HTTP servers.
///
/// Connections persist and are used again, by origin and worker. One that turns
/// out to have been closed before the server has seen the request is replaced
/// once, if doing the request twice is as good as once (RFC 9110 §9.2.2).
/// Bodies are in memory, within [`ClientLimits`], unless they are
/// [handed out](Answered::inflow) as they come. Redirects are answers.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc::channel;
/// use std::time::Duration;
/// use seda_core::{Graph, Plan};
/// use seda_io::Reactor;
/// use seda_io::http::{
///     Answered, CallError, ClientLimits, HttpClient, Method, Origin, Request, Target,
/// };
///
/// let mut graph = Graph::new("client");
/// Reactor::install(&mut graph);
/// let (tell, told) = channel();
/// let answers = graph.stage("answers").each(move |answered: Answered<u64>| {
///     Ok(tell.send((answered.token, answered.result))?)
/// });
/// let caller = HttpClient::new(ClientLimits::default()).attach(&mut graph, "client", &answers);
/// let running = graph.start(Plan::default())?;
///
/// let nobody = Origin::parse("http://127.0.0.1:1").ok_or("an origin")?;
/// let request = Request::new(Method::Get, Target::parse("/").ok_or("a target")?);
/// caller.send(&nobody, request, 7)?;
/// let (token, result) = told.recv()?;
/// assert_eq!(token, 7);
/// assert!(matches!(result, Err(CallError::Unreachable(_))));
/// running.drain(Duration::from_secs(5))?;
/// # Ok::<(), seda_core::BoxError>(())
/// ```
#[derive(Debug)]
pub struct HttpClient {
    limits: ClientLimits,
    tls: Option<TlsClient>,
    names: Option<Names>,
}

impl HttpClient {
    /// Begins with a client that speaks no TLS, and to addresses only.
    pub const fn new(limits: ClientLimits) -> Self {
        Self {
            limits,
            tls: None,
            names: None,
        }
    }

    /// Speaks to origins of `https`, too.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsClient) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Speaks to hosts by their names, too, which this stage looks up.
    #[must_use]
    pub fn with_names(mut self, names: &Names) -> Self {
        self.names = Some(names.clone());
        self
    }

    /// Adds the source `name` to the graph; what becomes of requests is enqueued
    /// for `answers`.
    ///
    /// The edge to `answers` is drawn, and dashed the one on which requests of
    /// that stage come. The graph needs a [`Reactor`](crate::reactor::Reactor).
    pub fn attach<T>(self, graph: &mut Graph, name: &str, answers: &Stage<Answered<T>>) -> Caller<T>
    where
        T: Send + 'static,
    {
        let tallies = ClientTallies::default();
        let streams_above = self.limits.body_streams_above;
        let caller = Caller {
            terms: Terms {
                quota: Arc::new(Quota::new(self.limits.requests_max)),
                limits: Arc::new(self.limits),
                tls: self.tls,
                promises: Promises::default(),
            },
            offices: Offices::default(),
            streams_above,
            afterwards: Afterwards::KeepAlive,
            score: tallies.0.open(),
            tallies,
        };
        let made = caller.clone();
        let source = graph.source(name).promises(&caller.terms.promises);
        source.on_each_worker(|wire| {
            // A source is no stage that an edge could lead to: the edge of
            // requests joins the same two the other way round.
            drop(wire.answers(answers));
            let directory = self.names.map(|names| names.wire(wire));
            let answers = wire.to(answers);
            move |_| {
                let dispatch = Dispatch::open(
                    made.terms.clone(),
                    made.tallies.0.open(),
                    directory.clone(),
                    answers.clone(),
                )?;
                made.offices.open(dispatch.orders());
                Ok(dispatch)
            }
        });
        caller
    }
}

/// Sends requests to HTTP servers.
///
/// Handlers keep one as a plain field, and it works on any thread. Clones are one.
pub struct Caller<T: Send + 'static> {
    terms: Terms,
    offices: Offices<Call<T>>,
    streams_above: usize,
    afterwards: Afterwards,
    score: Arc<Score>,
    tallies: ClientTallies,
}

impl<T: Send + 'static> Caller<T> {
    /// Sends a request to `origin`, with a token of the sender's, such as the
    /// [`Reply`](super::Reply) that waits for the answer.
    ///
    /// The token comes back with the answer, or with why there is none, as one
    /// [`Answered`]. It has the meta of the event that is handled now, and a
    /// deadline in that meta is one for the answer, too. On a worker of the
    /// graph's cores the request goes out there; otherwise the workers take turns.
    ///
    /// The request's target may be in any form; the path and the query of it are
    /// sent. `Host` is the request's own, or that of the origin.
    ///
    /// # Errors
    ///
    /// Gives request and token back when there are as many requests as the limit
    /// allows, when the graph does not run, and when this client could not send
    /// it ever.
    pub fn send(&self, origin: &Origin, request: Request, token: T) -> Result<(), Refused<T>> {
        self.post(origin, request, token, None)
    }

    /// Sends a request to `origin` as [`send`](Self::send) does, with a body that is sent
    /// later, piece by piece, by whatever stage the [`Flow`] comes to. That of the
    /// request itself is not sent.
    ///
    /// The server gets as many bytes as were [said](Opening::with_length) before, or
    /// else chunks. It may answer before the body is whole: the [`Answered`] says
    /// so, and the flow has ended when all of the answer has come. A flow that is
    /// dropped before its end closes the connection, and the request fails with
    /// [`CallError::Abandoned`]. Such a request is never sent twice.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn stream(
        &self,
        origin: &Origin,
        opening: impl Into<Opening<Request>>,
        token: T,
    ) -> Result<Flow, Refused<T>> {
        let mut opening = opening.into();
        let line = Arc::new(opening.line(self.terms.limits.marks(), Muteness::Spoken));
        let berth = Arc::new(Berth::new(Arc::clone(&self.score)));
        let going = Going::new(Arc::clone(&line), Arc::clone(&berth), opening.length);
        self.post(origin, opening.head, token, Some(Box::new(going)))?;
        let seat = Seat {
            index: 0,
            serial: line.number(),
            turn: Turn::ONLY,
        };
        let peer = Address::Name(origin.host().into(), origin.port());
        Ok(Flow::new(line, peer, seat, berth))
    }

    fn post(
        &self,
        origin: &Origin,
        request: Request,
        token: T,
        going: Option<Box<Going>>,
    ) -> Result<(), Refused<T>> {
        if let Err(reason) = self.take_room(origin, &request) {
            return Err(self.refuse(request, token, reason));
        }
        let flows = going.is_some();
        let call = Call {
            origin: origin.clone(),
            request,
            token,
            meta: inherited(),
            going,
            streams_above: self.streams_above,
            afterwards: self.afterwards,
            retried: false,
            site: 0,
            line: None,
            alarm: None,
            flows,
        };
        self.terms.promises.make();
        if let Err(call) = self.offices.post(call) {
            self.terms.promises.keep();
            self.terms.quota.give();
            return Err(self.refuse(call.request, call.token, Refusal::NotRunning));
        }
        self.score.requests.add(1);
        self.score.flows.opened.add(usize::from(flows));
        Ok(())
    }

    /// Makes a caller that gathers the body of no answer which is longer than that
    /// many bytes, or whose length is not known: such a body is handed out as it
    /// comes, by [`Answered::inflow`]. Otherwise
    /// [`ClientLimits::body_streams_above`] says so.
    #[must_use]
    pub fn streaming_above(&self, bytes: usize) -> Self {
        let mut caller = self.clone();
        caller.streams_above = bytes;
        caller
    }

    /// Makes a caller each of whose requests is the last one on its connection, and
    /// tells the server so. One whose body is [streamed](Self::stream) is not.
    #[must_use]
    pub fn closing(&self) -> Self {
        let mut caller = self.clone();
        caller.afterwards = Afterwards::Close;
        caller
    }

    fn take_room(&self, origin: &Origin, request: &Request) -> Result<(), Refusal> {
        if request.method().as_str() == "CONNECT" {
            return Err(Refusal::Tunnel);
        }
        if origin.is_secure() && self.terms.tls.is_none() {
            return Err(Refusal::NoTls);
        }
        let room = self.terms.quota.take();
        room.then_some(()).ok_or(Refusal::Full)
    }

    fn refuse(&self, request: Request, token: T, reason: Refusal) -> Refused<T> {
        self.score.refused.add(1);
        let request = Box::new(request);
        Refused {
            request,
            token,
            reason,
        }
    }

    /// Returns what reads the counters of this client.
    pub fn tallies(&self) -> ClientTallies {
        self.tallies.clone()
    }
}

impl<T: Send + 'static> Clone for Caller<T> {
    fn clone(&self) -> Self {
        Self {
            terms: self.terms.clone(),
            offices: self.offices.clone(),
            streams_above: self.streams_above,
            afterwards: self.afterwards,
            score: Arc::clone(&self.score),
            tallies: self.tallies.clone(),
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Caller<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}
