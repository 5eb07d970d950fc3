//! Connections that stages ask for.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use parking_lot::Mutex;
use seda_core::{Graph, Promises, Stage};

use super::bounds::Limits;
use super::event::StreamEvent;
use super::figures::Tallies;
use super::hub::{Fittings, Hub};
use super::link::{Dial, Kin, Link};
use crate::net::address::Address;
use crate::net::quota::Quota;
use crate::reactor::Mailbox;

/// Is where one worker takes dials.
struct Office {
    thread: ThreadId,
    dials: Arc<Mailbox<Dial>>,
}

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
    offices: Arc<Mutex<Vec<Office>>>,
    /// Whose turn it is when a thread asks that is no worker.
    turn: Arc<AtomicUsize>,
    quota: Arc<Quota>,
    kin: Kin,
    tallies: Tallies,
}

impl Connector {
    /// Adds the source `name` to the graph; what happens on its connections is
    /// enqueued for `events`.
    ///
    /// The edge to `events` and, dashed, what is sent on its way back are drawn.
    /// The graph needs a [`Reactor`](crate::reactor::Reactor).
    pub fn attach(
        graph: &mut Graph,
        name: &str,
        limits: Limits,
        events: &Stage<StreamEvent>,
    ) -> Self {
        let tallies = Tallies::default();
        let connector = Self {
            offices: Arc::default(),
            turn: Arc::default(),
            quota: Arc::new(Quota::new(limits.connections_max)),
            kin: Kin {
                limits: Arc::new(limits),
                tally: tallies.0.open(),
                promises: Promises::default(),
            },
            tallies,
        };
        let Self {
            offices,
            quota,
            kin,
            tallies,
            ..
        } = connector.clone();
        let source = graph.source(name).promises(&kin.promises);
        source.on_each_worker(|wire| {
            // A source is no stage that an edge could lead to: the edge of what
            // is sent joins the same two the other way round.
            drop(wire.answers(events));
            let events = wire.to(events);
            move |_| {
                let hub = Hub::open(Fittings {
                    kin: kin.with_tally(tallies.0.open()),
                    quota: Arc::clone(&quota),
                    listening: None,
                    path: None,
                    events: events.clone(),
                })?;
                let thread = thread::current().id();
                let dials = hub.dials();
                offices.lock().push(Office { thread, dials });
                Ok(hub)
            }
        });
        connector
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
        if self.hand_over(dial).is_err() {
            link.rest(|_| true);
            self.quota.give();
            return Err(Undialled::NotRunning);
        }
        self.kin.tally.dialled.add(1);
        Ok(link)
    }

    fn hand_over(&self, dial: Dial) -> Result<(), Dial> {
        let offices = self.offices.lock();
        let here = thread::current().id();
        let own = offices.iter().find(|office| office.thread == here);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let any = || offices.get(turn.checked_rem(offices.len())?);
        match own.or_else(any) {
            Some(office) => office.dials.post(dial),
            None => Err(dial),
        }
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
