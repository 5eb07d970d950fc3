//! What is asked of every server.
//!
//! Static files (1 kB, 100 kB, 10 MB) and TLS (64 and 1,024 connections) are
//! lines of [`SCENARIOS`] as soon as our server has them: a path or a scheme in
//! [`Work`], the same in `nginx`, and their goals in `verdicts`.

use crate::http::servers::{OURS, OURS_TWICE, SERVERS, Server};

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

/// All scenarios, in the order in which they are measured.
pub const SCENARIOS: [Scenario; 10] = [
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
];

impl Scenario {
    /// Tells whether it needs wrk.
    pub const fn needs_wrk(&self) -> bool {
        matches!(
            self.work,
            Work::KeepAlive {
                by: Generator::Wrk,
                ..
            }
        )
    }

    /// Gives the servers that it concerns.
    pub const fn servers(&self) -> &'static [Server] {
        match self.work {
            Work::Workers { .. } => &[OURS, OURS_TWICE],
            _ => &SERVERS,
        }
    }
}
