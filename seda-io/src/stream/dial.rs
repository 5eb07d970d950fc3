//! Connections that stages ask for.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use seda_core::{Graph, Promises, Stage};

use super::bounds::Limits;
use super::event::StreamEvent;
use super::figures::Tallies;
use super::hub::{Fittings, Hub};
use super::link::{Dial, Kin, Link};
use super::security::Security;
use crate::net::address::Address;
use crate::net::names::Names;
use crate::net::offices::Offices;
use crate::net::quota::Quota;
use crate::tls::TlsClient;

/// Makes connections for a graph.
///
/// It is a source: what happens on its connections becomes events for one
/// stage. Clones are one source; handlers keep one as a plain field, and it
/// works on any thread.
///
/// # Examples
///
/// ```
/// use std::io::ErrorKind;
/// use std::sync::mpsc::channel;
/// use std::time::Duration;
/// use seda_core::{Graph, Plan};
/// use seda_io::net::Address;
/// use seda_io::reactor::Reactor;
/// use seda_io::stream::{Connector, End, Limits, StreamEvent};
///
/// let mut graph = Graph::new("client");
/// Reactor::install(&mut graph);
/// let (tell, told) = channel();
/// let events = graph.stage("events").each(move |event: StreamEvent| {
///     if let StreamEvent::Closed(_, end) = event {
///         tell.send(end)?;
///     }
///     Ok(())
/// });
/// let connector = Connector::attach(&mut graph, "peers", Limits::default(), &events);
/// let running = graph.start(Plan::default())?;
///
/// let nobody = Address::Unix("/nobody/listens/here".into());
/// connector.connect(&nobody, Duration::from_secs(1))?;
/// assert_eq!(told.recv()?, End::Unconnected(ErrorKind::NotFound));
/// running.drain(Duration::from_secs(5))?;
/// # Ok::<(), seda_core::BoxError>(())
/// ```
#[derive(Clone)]
pub struct Connector {
    offices: Offices<Dial>,
    quota: Arc<Quota>,
    kin: Kin,
    tallies: Tallies,
}

/// Says how connections are made, and begins a [`Connector`].
///
/// # Examples
///
/// ```no_run
/// use seda_core::Graph;
/// use seda_io::net::Names;
/// use seda_io::stream::{Dialler, Limits, StreamEvent};
/// use seda_io::tls::TlsClient;
///
/// let mut graph = Graph::new("client");
/// let names = Names::attach(&mut graph, "names");
/// let events = graph.stage("events").each(|_: StreamEvent| Ok(()));
/// let connector = Dialler::new(Limits::default())
///     .with_names(&names)
///     .with_tls(TlsClient::system()?)
///     .attach(&mut graph, "peers", &events);
/// # Ok::<(), seda_io::tls::TlsError>(())
/// ```
#[derive(Debug)]
pub struct Dialler {
    limits: Limits,
    security: Security,
    names: Option<Names>,
}

impl Dialler {
    /// Begins with connections that are not secured, to addresses only.
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            security: Security::None,
            names: None,
        }
    }

    /// Speaks TLS on every connection, and nothing else. A peer must prove to be
    /// the name, or the IP address, that was asked for.
    ///
    /// [`Opened`](StreamEvent::Opened) comes when TLS was agreed on; when it is
    /// not, the connection never came about
    /// ([`InvalidData`](std::io::ErrorKind::InvalidData)).
    #[must_use]
    pub fn with_tls(mut self, tls: TlsClient) -> Self {
        self.security = Security::Client(tls);
        self
    }

    /// Connects to hosts by their names, too, which this stage looks up. The
    /// addresses of a name are tried in turn, and share the time there is.
    #[must_use]
    pub fn with_names(mut self, names: &Names) -> Self {
        self.names = Some(names.clone());
        self
    }

    /// Adds the source `name` to the graph; what happens on its connections is
    /// enqueued for `events`.
    ///
    /// The edge to `events` and, dashed, what is sent on its way back are drawn.
    /// The graph needs a [`Reactor`](crate::reactor::Reactor).
    pub fn attach(self, graph: &mut Graph, name: &str, events: &Stage<StreamEvent>) -> Connector {
        let tallies = Tallies::default();
        let connector = Connector {
            offices: Offices::default(),
            quota: Arc::new(Quota::new(self.limits.connections_max)),
            kin: Kin::new(
                &Arc::new(self.limits),
                tallies.0.open(),
                &Promises::default(),
            ),
            tallies,
        };
        let made = connector.clone();
        let figures = connector.tallies.clone();
        let source = graph.source(name).promises(&connector.kin.promises);
        let source = source.figures(move || figures.read().published());
        source.on_each_worker(|wire| {
            // A source is no stage that an edge could lead to: the edge of what
            // is sent joins the same two the other way round.
            drop(wire.answers(events));
            let directory = self.names.map(|names| names.wire(wire));
            let (events, security) = (wire.to(events), self.security);
            move |_| {
                let hub = Hub::open(Fittings {
                    kin: made.kin.with_tally(made.tallies.0.open()),
                    quota: Arc::clone(&made.quota),
                    listening: None,
                    events: events.clone(),
                    security: security.clone(),
                    directory: directory.clone(),
                })?;
                made.offices.open(hub.dials());
                Ok(hub)
            }
        });
        connector
    }
}

impl Connector {
    /// Adds the source `name` to the graph, for connections that are not secured,
    /// to addresses only; a [`Dialler`] makes others.
    pub fn attach(
        graph: &mut Graph,
        name: &str,
        limits: Limits,
        events: &Stage<StreamEvent>,
    ) -> Self {
        Dialler::new(limits).attach(graph, name, events)
    }

    /// Begins a connection, which must come about `within` this time.
    ///
    /// [`Opened`](StreamEvent::Opened) or, if it does not come about,
    /// [`Closed`](StreamEvent::Closed) says how it went. What is sent meanwhile
    /// waits for it. On a worker of the graph's cores the connection belongs to
    /// that worker; otherwise the workers take turns.
    ///
    /// # Errors
    ///
    /// When there are as many connections as the limit allows, and when the
    /// graph does not run.
    pub fn connect(&self, address: &Address, within: Duration) -> Result<Link, Undialled> {
        if !self.quota.take() {
            return Err(Undialled::Full);
        }
        let link = Link::new(address.clone(), &self.kin);
        link.promise();
        let dial = Dial {
            link: link.clone(),
            within,
        };
        if self.offices.post(dial).is_err() {
            link.rest(|_| true);
            self.quota.give();
            return Err(Undialled::NotRunning);
        }
        self.kin.tally.dialled.add(1);
        Ok(link)
    }

    /// Returns what reads the counters of this source.
    pub fn tallies(&self) -> Tallies {
        self.tallies.clone()
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

/// Says why a connection was not even begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undialled {
    /// There are as many connections as the limit allows.
    Full,
    /// The graph has not started, or has stopped.
    NotRunning,
}

impl fmt::Display for Undialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "there are as many connections as `connections_max`; close one first",
            Self::NotRunning => "the graph has not started or has stopped; connect while it runs",
        })
    }
}

impl Error for Undialled {}
