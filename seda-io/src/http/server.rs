//! An HTTP/1.1 server as a source: one listener per worker, requests as events.

use std::io;
use std::net::ToSocketAddrs;
use std::path::Path;
use std::sync::Arc;

use seda_core::{Graph, Stage};

use super::allowance::Allowance;
use super::exchange::Exchange;
use super::limits::Limits;
use super::premises::Premises;
use super::tally::Tallies;
use super::traffic::Traffic;
use super::wishes::Wishes;
use crate::net::address::Address;
use crate::net::listeners::Listeners;
use crate::net::quota::Quota;
use crate::tls::TlsServer;

/// Serves HTTP/1.1 to a graph: each request becomes an [`Exchange`] for one stage.
///
/// Each worker of the cores has a listener on the same port (of a Unix socket,
/// the first worker has the only one) and owns the connections it accepts; a request is handled, and its answer written, on
/// that worker, unless the plan says otherwise. A request that the stage
/// refuses is answered 503 with `Retry-After`, a malformed one with its 4xx.
///
/// A drain closes the listeners and idle connections, answers what is in
/// flight, and then lets the graph end.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use seda_core::{Graph, Plan};
/// use seda_io::http::{Client, Exchange, HttpServer, Limits, Method, Request, Response, StatusCode, Target};
/// use seda_io::reactor::Reactor;
///
/// let mut graph = Graph::new("hello");
/// Reactor::install(&mut graph);
/// let requests = graph.stage("requests").queue(64).each(|exchange: Exchange| {
///     exchange.respond(Response::text(StatusCode::OK, "hello\n"));
///     Ok(())
/// });
/// let server = HttpServer::bind("127.0.0.1:0", Limits::default())?;
/// let address = server.local_address().to_string();
/// server.attach(&mut graph, "http", &requests);
/// let running = graph.start(Plan::default())?;
///
/// let request = Request::new(Method::Get, Target::parse("/").ok_or("target")?);
/// let answer = Client::new(address).send(&request)?;
/// assert_eq!(answer.body(), b"hello\n");
/// running.drain(Duration::from_secs(5))?;
/// # Ok::<(), seda_core::BoxError>(())
/// ```
#[derive(Debug)]
pub struct HttpServer {
    listeners: Listeners,
    limits: Arc<Limits>,
    wishes: Wishes,
    tls: Option<TlsServer>,
}

impl HttpServer {
    /// Listens on a TCP port; connections wait from now on until the graph runs.
    ///
    /// With port 0 the operating system chooses one, see
    /// [`local_address`](Self::local_address).
    ///
    /// # Errors
    ///
    /// Those of `bind(2)`: a port that is in use, or not allowed; an address
    /// that is not this machine's, or cannot be resolved.
    pub fn bind(address: impl ToSocketAddrs, limits: Limits) -> io::Result<Self> {
        Ok(Self::on(Listeners::tcp(address)?, limits))
    }

    /// Listens on the path of a Unix socket, which is made, and removed at the
    /// end. One that a dead process has left behind is taken over.
    ///
    /// All its connections belong to the first worker.
    ///
    /// # Errors
    ///
    /// Those of `bind(2)`: somebody listens there, or the path cannot be made.
    pub fn bind_unix(path: impl AsRef<Path>, limits: Limits) -> io::Result<Self> {
        Ok(Self::on(Listeners::unix(path.as_ref())?, limits))
    }

    fn on(listeners: Listeners, limits: Limits) -> Self {
        Self {
            listeners,
            limits: Arc::new(limits),
            wishes: Wishes::none(),
            tls: None,
        }
    }

    /// Serves HTTPS: TLS 1.2 and 1.3 on every connection, and nothing else.
    ///
    /// The handshake counts against the timeout of the first head.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsServer) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Heeds what requests say about how long they are waited for, and how
    /// urgent they are.
    #[must_use]
    pub fn with_wishes(mut self, wishes: Wishes) -> Self {
        self.wishes = wishes;
        self
    }

    /// Returns the address that clients connect to.
    pub const fn local_address(&self) -> &Address {
        self.listeners.address()
    }

    /// Adds the source `name` to the graph; requests are enqueued for `requests`.
    /// Returns what reads the server's counters.
    ///
    /// The edge to `requests` and, dashed, the answers on their way back are
    /// drawn. The graph needs a [`Reactor`](crate::reactor::Reactor).
    pub fn attach(self, graph: &mut Graph, name: &str, requests: &Stage<Exchange>) -> Tallies {
        let tallies = Tallies::default();
        let premises = Premises {
            quota: Arc::new(Quota::new(self.limits.connections_max).under(graph.pressure())),
            pressure: graph.pressure(),
            allowance: Allowance::of(&self.limits),
            limits: self.limits,
            wishes: Arc::new(self.wishes),
            tallies: tallies.clone(),
            tls: self.tls,
        };
        let mut listeners = self.listeners;
        let figures = tallies.clone();
        let source = graph.source(name);
        let source = source.figures(move || figures.read().published());
        source.on_each_worker(|wire| {
            let sink = wire.to(requests);
            // A source is no stage that an edge could lead to: the answers'
            // edge joins the same two the other way round.
            drop(wire.answers(requests));
            move |_| Traffic::open(&premises, listeners.next()?, sink.clone())
        });
        tallies
    }
}
