//! Files of a directory over HTTP: a cache, and behind it a pool of threads that open files.
//!
//! Two stages. The first looks at the path and answers what is cached, on the
//! worker that parsed the request. What is not goes to the second, whose threads
//! may wait for the disk; so a hit never waits behind a miss, which is what made
//! the paper's server (SEDA, figure 3) fast. Small files are kept in memory, of
//! larger ones the open file, which the kernel sends without a copy.

mod cache;
mod fetch;
mod file_path;
mod lookup;
mod opened;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use seda_core::{Graph, Stage};

use super::exchange::Exchange;
use cache::Cache;
use fetch::{Fetch, Fetching};
use lookup::Lookup;

pub use cache::FileCounts;
pub use file_path::{FilePath, Misplaced};

/// Bytes, 64 MiB: what is kept in memory at most.
const CACHE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes, 32 KiB: beyond this, sending a file costs less than copying it out of memory.
const MEMORY_BYTES_MAX: u64 = 32 * 1024;
/// Files: open ones that are kept at most.
const OPEN_MAX: usize = 512;
/// Events: misses that wait for a thread.
const MISSES_MAX: usize = 1_024;
/// Threads that wait for the disk at once, at most.
const THREADS_MAX: usize = 8;

/// Serves the files below a directory.
///
/// `GET` and `HEAD` are answered with `Content-Type` by the name's extension,
/// `ETag` and `Last-Modified`; conditions and ranges are honoured
/// ([`Representation`](super::Representation)). A directory is answered with its
/// `index.html`. Nothing outside is ever served: paths are resolved by
/// `openat2(2)` beneath the directory, whatever `..` or links say; names that
/// begin with a dot are not served, `.well-known` excepted.
///
/// A change of a file is seen a second later at most.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use seda_core::{Graph, Plan};
/// use seda_io::Reactor;
/// use seda_io::http::{Client, HttpServer, Limits, Method, Request, StaticFiles, StatusCode, Target};
///
/// let mut graph = Graph::new("files");
/// Reactor::install(&mut graph);
/// let files = StaticFiles::of(env!("CARGO_MANIFEST_DIR"))?.attach(&mut graph, "files");
/// let server = HttpServer::bind("127.0.0.1:0", Limits::default())?;
/// let address = server.local_address().to_string();
/// server.attach(&mut graph, "http", &files.stage);
/// let running = graph.start(Plan::default())?;
///
/// let client = Client::new(address);
/// let get = |path: &str| client.send(&Request::new(Method::Get, Target::parse(path).unwrap()));
/// assert_eq!(get("/Cargo.toml")?.status(), StatusCode::OK);
/// assert_eq!(get("/../Cargo.toml")?.status(), StatusCode::NOT_FOUND);
/// running.drain(Duration::from_secs(5))?;
/// assert_eq!(files.counts().misses, 1);
/// # Ok::<(), seda_core::BoxError>(())
/// ```
#[derive(Debug)]
pub struct StaticFiles {
    root: File,
    cache_bytes_max: usize,
    open_max: usize,
}

impl StaticFiles {
    /// Serves the files below `root`.
    ///
    /// # Errors
    ///
    /// Those of `open(2)`: there is no such directory, or it may not be read.
    pub fn of(root: impl AsRef<Path>) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(root.as_ref(), flags, Mode::empty())?;
        Ok(Self {
            root: root.into(),
            cache_bytes_max: CACHE_BYTES_MAX,
            open_max: OPEN_MAX,
        })
    }

    /// Bounds the bytes of files that are kept in memory, and the files that are kept open.
    #[must_use]
    pub const fn keeping(mut self, bytes_max: usize, open_max: usize) -> Self {
        self.cache_bytes_max = bytes_max;
        self.open_max = open_max;
        self
    }

    /// Adds the stages `name` and `name, open` to the graph. Requests are
    /// enqueued for the first.
    pub fn attach(self, graph: &mut Graph, name: &str) -> Files {
        let cache = Arc::new(Cache::new(self.cache_bytes_max, self.open_max));
        let fetch = Fetch {
            root: Arc::new(self.root),
            cache: Arc::clone(&cache),
        };
        let open: Stage<Fetching> = graph
            .stage(&format!("{name}, open"))
            .queue(MISSES_MAX)
            .blocking(1..=THREADS_MAX)
            .handler(fetch);
        let found = Arc::clone(&cache);
        let stage = graph.stage(name).handler_with(|wire| Lookup {
            misses: wire.to(&open),
            cache: found,
        });
        Files { stage, cache }
    }
}

/// The stages that serve files, in a graph.
#[derive(Debug)]
pub struct Files {
    /// Takes the requests.
    pub stage: Stage<Exchange>,
    cache: Arc<Cache>,
}

impl Files {
    /// Gives what was counted since the start.
    pub fn counts(&self) -> FileCounts {
        self.cache.counts()
    }
}
