//! Connections that come in, as a source.

use std::io;
use std::net::ToSocketAddrs;
use std::path::Path;
use std::sync::Arc;

use seda_core::{Graph, Promises, Stage};

use super::bounds::Limits;
use super::event::StreamEvent;
use super::figures::Tallies;
use super::hub::{Fittings, Hub};
use super::link::Kin;
use super::security::Security;
use crate::net::address::Address;
use crate::net::listeners::Listeners;
use crate::net::quota::Quota;
use crate::tls::TlsServer;

/// Accepts connections for a graph; what happens on them becomes events for one stage.
///
/// For TCP each worker of the cores has a listener on the same port, for Unix
/// sockets the first worker has the only one. A connection belongs to the
/// worker that has accepted it.
///
/// A drain stops accepting and reading, writes what stages still send, and
/// closes the connections when the graph has nothing left to do.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::{Shutdown, TcpStream};
/// use std::time::Duration;
/// use seda_core::{Graph, Plan};
/// use seda_io::reactor::Reactor;
/// use seda_io::stream::{Limits, Listener, StreamEvent};
///
/// let mut graph = Graph::new("echo");
/// Reactor::install(&mut graph);
/// let echo = graph.stage("echo").each(|event: StreamEvent| {
///     match event {
///         StreamEvent::Data(link, received) => link.send(received)?,
///         StreamEvent::PeerDone(link) => link.finish(),
///         _ => {}
///     }
///     Ok(())
/// });
/// let listener = Listener::tcp("127.0.0.1:0", Limits::default())?;
/// let address = listener.local_address().to_string();
/// listener.attach(&mut graph, "tcp", &echo);
/// let running = graph.start(Plan::default())?;
///
/// let mut client = TcpStream::connect(address)?;
/// client.write_all(b"hello")?;
/// client.shutdown(Shutdown::Write)?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert_eq!(answer, "hello");
/// running.drain(Duration::from_secs(5))?;
/// # Ok::<(), seda_core::BoxError>(())
/// ```
#[derive(Debug)]
pub struct Listener {
    listeners: Listeners,
    limits: Arc<Limits>,
    security: Security,
}

impl Listener {
    /// Listens on a TCP port; connections wait from now on until the graph runs.
    ///
    /// With port 0 the operating system chooses one, see
    /// [`local_address`](Self::local_address).
    ///
    /// # Errors
    ///
    /// Those of `bind(2)`: a port that is in use, or not allowed; an address
    /// that is not this machine's, or cannot be resolved.
    pub fn tcp(address: impl ToSocketAddrs, limits: Limits) -> io::Result<Self> {
        Ok(Self {
            listeners: Listeners::tcp(address)?,
            limits: Arc::new(limits),
            security: Security::None,
        })
    }

    /// Listens on the path of a Unix socket, which is made, and removed at the
    /// end. One that a dead process has left behind is taken over.
    ///
    /// # Errors
    ///
    /// Those of `bind(2)`: somebody listens there, or the path cannot be made.
    pub fn unix(path: impl AsRef<Path>, limits: Limits) -> io::Result<Self> {
        Ok(Self {
            listeners: Listeners::unix(path.as_ref())?,
            limits: Arc::new(limits),
            security: Security::None,
        })
    }

    /// Serves under TLS, and nothing else.
    ///
    /// [`Opened`](super::StreamEvent::Opened) comes when TLS was agreed on. The
    /// peer is done when it has said so under TLS; a connection that ends
    /// without that is [broken](super::End::Broken), since somebody may have cut
    /// it short.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsServer) -> Self {
        self.security = Security::Server(tls);
        self
    }

    /// Returns the address that peers connect to.
    pub const fn local_address(&self) -> &Address {
        self.listeners.address()
    }

    /// Adds the source `name` to the graph; what happens on its connections is
    /// enqueued for `events`. Returns what reads its counters.
    ///
    /// The edge to `events` and, dashed, what is sent on its way back are drawn.
    /// The graph needs a [`Reactor`](crate::reactor::Reactor).
    pub fn attach(self, graph: &mut Graph, name: &str, events: &Stage<StreamEvent>) -> Tallies {
        let tallies = Tallies::default();
        let promises = Promises::default();
        let quota = Arc::new(Quota::new(self.limits.connections_max));
        let figures = tallies.clone();
        let source = graph.source(name).promises(&promises);
        let source = source.figures(move || figures.read().published());
        let (limits, sheets, mut listeners) = (self.limits, tallies.0.clone(), self.listeners);
        let security = self.security;
        source.on_each_worker(|wire| {
            // A source is no stage that an edge could lead to: the edge of what
            // is sent joins the same two the other way round.
            drop(wire.answers(events));
            let events = wire.to(events);
            move |_| {
                Hub::open(Fittings {
                    kin: Kin::new(&limits, sheets.open(), &promises),
                    quota: Arc::clone(&quota),
                    listening: listeners.next()?,
                    events: events.clone(),
                    security: security.clone(),
                    directory: None,
                })
            }
        });
        tallies
    }
}
