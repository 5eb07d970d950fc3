//! The addresses of hosts by their names, looked up where waiting harms nobody.
//!
//! The operating system looks names up in files and by the network, and blocks
//! meanwhile (getaddrinfo(3)). So it is asked on the threads of a blocking
//! domain; sources ask a cache first, which answers at once.

mod inquiry;
mod memory;

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use seda_core::{Graph, Sink, Stage, Wire};

use super::calls::Place;
use crate::reactor::{Mailbox, Member};
use inquiry::{Look, Lookup, Query};
use memory::Cache;

pub use memory::NameCounts;

/// Threads that wait for the operating system at once, at most.
const THREADS_MAX: usize = 8;
/// Lookups that wait for a thread; more are refused.
const LOOKUPS_MAX: usize = 1_024;

/// Looks up the addresses of hosts for the sources of a graph.
///
/// It is a stage whose threads wait for the operating system, and a cache of at
/// most 1,024 names in front of it. What is found is believed for 30 s, that
/// nothing was found for 1 s: the operating system does not tell for how long
/// it may be. Clones are one.
///
/// # Examples
///
/// ```
/// use seda_core::Graph;
/// use seda_io::net::Names;
/// use seda_io::stream::{Dialler, Limits, StreamEvent};
///
/// let mut graph = Graph::new("client");
/// let names = Names::attach(&mut graph, "names");
/// let events = graph.stage("events").each(|_: StreamEvent| Ok(()));
/// let connector = Dialler::new(Limits::default())
///     .with_names(&names)
///     .attach(&mut graph, "peers", &events);
/// ```
#[derive(Clone)]
pub struct Names {
    stage: Stage<Query>,
    cache: Arc<Cache>,
}

impl Names {
    /// Adds the stage `name` to the graph, which asks the operating system
    /// (getaddrinfo(3)).
    pub fn attach(graph: &mut Graph, name: &str) -> Self {
        Self::attach_fn(graph, name, |host| {
            let found = (host, 0).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }

    /// Adds the stage `name` to the graph, which asks `look_up` for the addresses
    /// of a name, the best first. It may block.
    pub fn attach_fn<F>(graph: &mut Graph, name: &str, look_up: F) -> Self
    where
        F: Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    {
        let cache = Arc::new(Cache::default());
        let look_up: Arc<Look> = Arc::new(look_up);
        let stage = graph.stage(name).queue(LOOKUPS_MAX);
        let stage = stage.blocking(1..=THREADS_MAX).handler(Lookup {
            look_up,
            cache: Arc::clone(&cache),
        });
        Self { stage, cache }
    }

    /// Gives what was counted since the start.
    pub fn counts(&self) -> NameCounts {
        self.cache.counts()
    }

    /// Draws the edge of a source that asks.
    pub(crate) fn wire(&self, wire: &Wire) -> Directory {
        Directory {
            queries: wire.to(&self.stage),
            cache: Arc::clone(&self.cache),
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

/// Is the addresses of a name, the best first; there is one at least.
pub(crate) type Addresses = Arc<[IpAddr]>;

/// Says why a name has no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    host: Arc<str>,
    why: Arc<str>,
}

impl NameError {
    fn new(host: &str, why: &str) -> Self {
        let (host, why) = (host.into(), why.into());
        Self { host, why }
    }

    /// Returns the name that was looked up.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no address of `{}` is known: {}", self.host, self.why)
    }
}

impl std::error::Error for NameError {}

/// Is what a source asks by, before it is on its worker.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    queries: Sink<Query>,
    cache: Arc<Cache>,
}

/// Is what has become of a lookup, and who wanted to know.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) place: Place,
    pub(crate) addresses: Result<Addresses, NameError>,
}

/// Asks for the connections of one worker's source.
#[derive(Debug)]
pub(crate) struct Asker {
    directory: Option<Directory>,
    found: Arc<Mailbox<Found>>,
}

impl Asker {
    /// Makes that of the current worker; without a directory it knows only
    /// addresses that are written out.
    pub(crate) fn open(directory: Option<Directory>, member: &Member) -> Self {
        Self {
            directory,
            found: Arc::new(Mailbox::new(member.bell())),
        }
    }

    /// Gives the addresses of `host`, a name or an address, if they are known by
    /// the time `now`. If they are not, [`found`](Self::found) will say so for
    /// `place`.
    pub(crate) fn ask(
        &self,
        host: &str,
        place: Place,
        now: u64,
    ) -> Option<Result<Addresses, NameError>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(Ok(Arc::new([address])));
        }
        let Some(Directory { queries, cache }) = &self.directory else {
            let why = "nothing looks names up here; attach `Names`";
            return Some(Err(NameError::new(host, why)));
        };
        if let Some(known) = cache.get(host, now) {
            return Some(known);
        }
        let query = Query::new(host, place, Arc::clone(&self.found));
        match queries.enqueue(query) {
            Ok(()) => None,
            Err(rejected) => {
                rejected.event.disarm();
                cache.count_refused();
                let why = "too many names are looked up; try again later";
                Some(Err(NameError::new(host, why)))
            }
        }
    }

    /// Takes what was found since the last time.
    pub(crate) fn found(&self) -> Vec<Found> {
        self.found.take()
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.found.close();
    }
}
