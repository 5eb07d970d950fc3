//! A bound datagram socket that becomes a source.

use std::io;
use std::net::ToSocketAddrs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;

use seda_core::{Graph, Stage};

use super::port::Port;
use super::post::{Datagram, Post};
use super::receiver::Receiver;
use super::sums::{Tallies, Tally};
use crate::net::address::Address;
use crate::net::listen::{self, Sharing};
use crate::net::path::{BoundPath, Knock};

/// Bytes, 64 KiB - 1: no UDP datagram is longer.
const BYTES_MAX: usize = 65_535;
/// Datagrams: enough to share the cost of an enqueue, few enough for a small queue.
const BATCH_MAX: usize = 64;

/// Bounds of a source of datagrams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one datagram; longer ones are dropped and counted.
    pub bytes_max: usize,
    /// Datagrams that are read before they are enqueued, all at once.
    pub batch_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: BYTES_MAX,
            batch_max: BATCH_MAX,
        }
    }
}

/// Is a bound datagram socket; [`attach`](Self::attach) makes it a source of a graph.
///
/// For UDP each worker of the cores has a socket on the same port, and the
/// operating system gives all datagrams of one sender to the same; a Unix socket
/// belongs to the first worker.
///
/// # Examples
///
/// ```
/// use std::net::UdpSocket;
/// use std::time::Duration;
/// use seda_core::{Graph, Plan};
/// use seda_io::datagram::{Datagram, Datagrams, Limits};
/// use seda_io::reactor::Reactor;
///
/// let mut graph = Graph::new("echo");
/// Reactor::install(&mut graph);
/// let echo = graph.stage("echo").each(|datagram: Datagram| {
///     Ok(datagram.post.send(&datagram.from, &datagram.bytes)?)
/// });
/// let socket = Datagrams::udp("127.0.0.1:0", Limits::default())?;
/// let address = socket.local_address().to_string();
/// socket.attach(&mut graph, "udp", &echo);
/// let running = graph.start(Plan::default())?;
///
/// let client = UdpSocket::bind("127.0.0.1:0")?;
/// client.send_to(b"hello", address)?;
/// let mut answer = [0; 5];
/// client.recv(&mut answer)?;
/// assert_eq!(&answer, b"hello");
/// running.drain(Duration::from_secs(5))?;
/// # Ok::<(), seda_core::BoxError>(())
/// ```
#[derive(Debug)]
pub struct Datagrams {
    first: Arc<Port>,
    tally: Arc<Tally>,
    tallies: Tallies,
    address: Address,
    limits: Limits,
}

impl Datagrams {
    /// Binds a UDP port; datagrams wait from now on until the graph runs, as
    /// far as the operating system has room.
    ///
    /// With port 0 it chooses one, see [`local_address`](Self::local_address).
    ///
    /// # Errors
    ///
    /// Those of `bind(2)`: a port that is in use, or not allowed; an address
    /// that is not this machine's, or cannot be resolved.
    pub fn udp(address: impl ToSocketAddrs, limits: Limits) -> io::Result<Self> {
        let open = |address| listen::open_datagrams(address, Sharing::First);
        Self::new(Port::Udp(listen::first_of(address, open)?), limits)
    }

    /// Binds the path of a Unix socket, which is made, and removed at the end.
    /// One that a dead process has left behind is taken over.
    ///
    /// # Errors
    ///
    /// Those of `bind(2)`: somebody is there, or the path cannot be made.
    pub fn unix(path: impl AsRef<Path>, limits: Limits) -> io::Result<Self> {
        let bind = |path: &Path| UnixDatagram::bind(path);
        let (socket, path) = BoundPath::bind(path.as_ref(), Knock::Datagram, bind)?;
        socket.set_nonblocking(true)?;
        Self::new(Port::Unix(socket, path), limits)
    }

    fn new(port: Port, limits: Limits) -> io::Result<Self> {
        let tallies = Tallies::default();
        Ok(Self {
            address: port.local_address()?,
            first: Arc::new(port),
            tally: tallies.0.open(),
            tallies,
            limits,
        })
    }

    /// Returns the address that datagrams are sent to.
    pub const fn local_address(&self) -> &Address {
        &self.address
    }

    /// Returns what sends datagrams from this socket.
    pub fn post(&self) -> Post {
        Post::new(Arc::clone(&self.first), Arc::clone(&self.tally))
    }

    /// Adds the source `name` to the graph; datagrams are enqueued for `events`.
    /// Returns what reads its counters.
    ///
    /// The edge to `events` and, dashed, what is sent on its way back are drawn.
    /// The graph needs a [`Reactor`](crate::reactor::Reactor).
    pub fn attach(self, graph: &mut Graph, name: &str, events: &Stage<Datagram>) -> Tallies {
        let tallies = self.tallies.clone();
        let mut first = Some((self.first, self.tally));
        let sizes = (self.limits.batch_max, self.limits.bytes_max);
        let figures = tallies.clone();
        let source = graph.source(name);
        let source = source.figures(move || figures.read().published());
        source.on_each_worker(|wire| {
            // A source is no stage that an edge could lead to: the edge of what
            // is sent joins the same two the other way round.
            drop(wire.answers(events));
            let events = wire.to(events);
            move |_| {
                let (port, tally) = match first.take() {
                    Some((port, tally)) => (Some(port), tally),
                    None => (further(&self.address)?, self.tallies.0.open()),
                };
                Receiver::open(port, events.clone(), tally, sizes)
            }
        });
        tallies
    }
}

/// Opens the socket of a further worker, where there can be one.
fn further(address: &Address) -> io::Result<Option<Arc<Port>>> {
    match address {
        Address::Ip(address) => {
            let socket = listen::open_datagrams(*address, Sharing::Further)?;
            Ok(Some(Arc::new(Port::Udp(socket))))
        }
        Address::Name(..) | Address::Unix(_) | Address::Unnamed => Ok(None),
    }
}
