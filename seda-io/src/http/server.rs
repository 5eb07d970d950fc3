//! An HTTP/1.1 server as a source: one listener per worker, requests as events.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use mio::net::TcpListener;
use seda_core::{Graph, Stage};

use super::exchange::Exchange;
use super::limits::Limits;
use super::tally::Tallies;
use super::traffic::{Premises, Traffic};
use crate::net::listen::{self, Sharing};
use crate::net::quota::Quota;
use crate::tls::TlsServer;

/// Serves HTTP/1.1 to a graph: each request becomes an [`Exchange`] for one stage.
///
/// Each worker of the cores has a listener on the same port and owns the
/// connections it accepts; a request is handled, and its answer written, on
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
/// let address = server.local_addr();
/// server.attach(&mut graph, "http", &requests);
/// let running = graph.start(Plan::default())?;
///
/// let request = Request::new(Method::Get, Target::parse("/").ok_or("target")?);
/// let answer = Client::new(address.to_string()).send(&request)?;
/// assert_eq!(answer.body(), b"hello\n");
/// running.drain(Duration::from_secs(5))?;
/// # Ok::<(), seda_core::BoxError>(())
/// ```
#[derive(Debug)]
pub struct HttpServer {
    first: TcpListener,
    address: SocketAddr,
    limits: Arc<Limits>,
    tls: Option<TlsServer>,
}

impl HttpServer {
    /// Binds the address; connections wait from now on until the graph runs.
    ///
    /// With port 0 the operating system chooses one, see
    /// [`local_addr`](Self::local_addr).
    ///
    /// # Errors
    ///
    /// Those of `bind(2)`: a port that is in use, or not allowed; an address
    /// that is not this machine's, or cannot be resolved.
    pub fn bind(address: impl ToSocketAddrs, limits: Limits) -> io::Result<Self> {
        let first = listen::first_of(address, |address| listen::open(address, Sharing::First))?;
        Ok(Self {
            address: first.local_addr()?,
            first,
            limits: Arc::new(limits),
            tls: None,
        })
    }

    /// Serves HTTPS: TLS 1.2 and 1.3 on every connection, and nothing else.
    ///
    /// The handshake counts against the timeout of the first head.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsServer) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Returns the address that clients connect to.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Adds the source `name` to the graph; requests are enqueued for `requests`.
    /// Returns what reads the server's counters.
    ///
    /// The edge to `requests` and, dashed, the answers on their way back are
    /// drawn. The graph needs a [`Reactor`](crate::reactor::Reactor).
    pub fn attach(self, graph: &mut Graph, name: &str, requests: &Stage<Exchange>) -> Tallies {
        let tallies = Tallies::default();
        let premises = Premises {
            quota: Arc::new(Quota::new(self.limits.connections_max)),
            limits: self.limits,
            tallies: tallies.clone(),
            tls: self.tls,
        };
        let address = self.address;
        let mut first = Some(self.first);
        graph.source(name).on_each_worker(|wire| {
            let sink = wire.to(requests);
            // A source is no stage that an edge could lead to: the answers'
            // edge joins the same two the other way round.
            drop(wire.answers(requests));
            move |_| {
                let listener = match first.take() {
                    Some(first) => first,
                    None => listen::open(address, Sharing::Further)?,
                };
                Traffic::open(&premises, listener, sink.clone())
            }
        });
        tallies
    }
}
