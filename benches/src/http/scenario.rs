//! What is asked of every server.

use crate::http::servers::{NGINX, NGINX_READING, OURS, OURS_TWICE, SERVERS, Server};
use crate::http::service::{Document, LARGE, MIDDLE, SMALL, Service};

/// Is a way to load all servers alike.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name on the command line and in figures.
    pub name: &'static str,
    /// What is done.
    pub work: Work,
}

/// Says what is done to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// One request after the other on connections that last.
    KeepAlive {
        /// How many connections.
        connections: usize,
        /// What makes the load.
        by: Generator,
    },
    /// A connection for each request.
    Closing {
        /// How many at once.
        connections: usize,
    },
    /// Several requests at once on connections that last.
    Pipelining {
        /// How many connections.
        connections: usize,
        /// How many requests at once on each.
        depth: u32,
    },
    /// Connections that have asked once, and rest.
    Idle {
        /// How many connections.
        connections: usize,
    },
    /// One file after the other, the same on connections that last.
    Files {
        /// The file.
        document: Document,
        /// How many connections.
        connections: usize,
        /// What makes the load.
        by: Generator,
    },
    /// One request after the other on connections that last, under TLS.
    Secured {
        /// How many connections.
        connections: usize,
    },
    /// One request after the other on connections that last, all of them refused.
    Refused {
        /// How many connections.
        connections: usize,
    },
    /// Keep-alive, for ours with one worker and with two.
    Workers {
        /// How many connections.
        connections: usize,
    },
}

/// Says what makes a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// Ours, which counts when all connections are open.
    Own,
    /// wrk, which everybody knows; it counts what it takes to open them, too.
    Wrk,
}

const fn keep_alive(name: &'static str, connections: usize, by: Generator) -> Scenario {
    Scenario {
        name,
        work: Work::KeepAlive { connections, by },
    }
}

const fn files(name: &'static str, document: Document, by: Generator) -> Scenario {
    // What waits in the sockets of so many is 64 MB at most.
    let connections = if document.bytes < LARGE.bytes { 64 } else { 16 };
    Scenario {
        name,
        work: Work::Files {
            document,
            connections,
            by,
        },
    }
}

const fn secured(name: &'static str, connections: usize) -> Scenario {
    Scenario {
        name,
        work: Work::Secured { connections },
    }
}

/// All scenarios, in the order in which they are measured.
pub const SCENARIOS: [Scenario; 19] = [
    keep_alive("keep-alive-64", 64, Generator::Own),
    keep_alive("keep-alive-1024", 1_024, Generator::Own),
    keep_alive("keep-alive-8000", 8_000, Generator::Own),
    keep_alive("wrk-64", 64, Generator::Wrk),
    keep_alive("wrk-1024", 1_024, Generator::Wrk),
    keep_alive("wrk-8000", 8_000, Generator::Wrk),
    Scenario {
        name: "connection-per-request",
        work: Work::Closing { connections: 64 },
    },
    Scenario {
        name: "pipelining-16",
        work: Work::Pipelining {
            connections: 64,
            depth: 16,
        },
    },
    Scenario {
        name: "idle",
        work: Work::Idle {
            connections: 10_000,
        },
    },
    Scenario {
        name: "two-workers",
        work: Work::Workers { connections: 1_024 },
    },
    files("files-1k", SMALL, Generator::Own),
    files("files-100k", MIDDLE, Generator::Own),
    files("files-10m", LARGE, Generator::Own),
    files("wrk-files-1k", SMALL, Generator::Wrk),
    files("wrk-files-100k", MIDDLE, Generator::Wrk),
    files("wrk-files-10m", LARGE, Generator::Wrk),
    secured("tls-64", 64),
    secured("tls-1024", 1_024),
    Scenario {
        name: "refused-64",
        work: Work::Refused { connections: 64 },
    },
];

impl Work {
    /// Gives what the servers are asked for.
    pub const fn service(self) -> Service {
        match self {
            Self::Files { .. } => Service::Files,
            Self::Secured { .. } => Service::Secured,
            Self::Refused { .. } => Service::Refusals,
            _ => Service::Hello,
        }
    }
}

impl Scenario {
    /// Tells whether it needs wrk.
    pub const fn needs_wrk(&self) -> bool {
        matches!(
            self.work,
            Work::KeepAlive {
                by: Generator::Wrk,
                ..
            } | Work::Files {
                by: Generator::Wrk,
                ..
            }
        )
    }

    /// Gives the servers that it concerns.
    pub const fn servers(&self) -> &'static [Server] {
        match self.work {
            Work::Workers { .. } => &[OURS, OURS_TWICE],
            Work::Files { .. } => &[OURS, NGINX, NGINX_READING],
            Work::Secured { .. } | Work::Refused { .. } => &[OURS, NGINX],
            _ => &SERVERS,
        }
    }
}
