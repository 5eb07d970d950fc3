//! What the generator is told: whom to ask, how much, for how long, and what is good.

use std::net::IpAddr;
use std::time::Duration;

use seda_io::http::{Method, Origin, Request, Target};

use super::mix::Mix;
use crate::scenario::{Change, Clients, Joined, Retries, Spacing};

/// Connections that are open at once, where nobody says otherwise.
pub const CONNECTIONS_DEFAULT: usize = 1_024;

/// Is one load on one server.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Whom to ask, and for what.
    pub aim: Aim,
    /// How much, and when.
    pub traffic: Traffic,
    /// What is sent, and does not count, before the run does.
    pub warm_up: Duration,
    /// How long the run counts.
    pub measured: Duration,
    /// An answer within this, from when it should have been asked for, is good.
    pub slo: Duration,
    /// How long a client waits for an answer, from when it should have been asked for.
    pub timeout: Duration,
    /// Connections that are open at once, at most; further requests wait for one.
    /// A closed loop has at least one for each client.
    pub connections: usize,
    /// The classes of requests, and how the server is told.
    pub mix: Mix,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Whether the run keeps its latencies second by second.
    pub keep: Keep,
    /// The core on which the generator runs, and nowhere else.
    pub cpu: Option<usize>,
}

/// Says what a run keeps of its latencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// How they are spread.
    #[default]
    Sums,
    /// That, and [`Run::intervals`](crate::record::Run::intervals), some 20 KiB for
    /// each second and class.
    Intervals,
}

/// Is whom to ask, and for what.
#[derive(Clone, Debug, PartialEq)]
pub struct Aim {
    /// The server.
    pub origin: Origin,
    /// What is sent, over and over.
    pub request: Request,
}

/// Is how much is asked, and when.
#[derive(Clone, Debug, PartialEq)]
pub enum Traffic {
    /// Requests come whatever becomes of those before.
    Open {
        /// When they come.
        flow: Flood,
        /// What clients do that get no answer, or a refusal. Its timeout is that of
        /// each attempt, instead of the course's.
        retries: Option<Retries>,
    },
    /// Clients come whatever becomes of those before, and each asks a number of
    /// times, one request after the other (a partly open loop).
    Sessions {
        /// When they come.
        flow: Flood,
        /// How often each of them asks.
        requests: u32,
        /// What each of them does.
        client: Clients,
    },
    /// Clients ask, wait for the answer, think, and ask again.
    Closed {
        /// How many.
        clients: u32,
        /// What each of them does.
        client: Clients,
        /// Clients that join them for a time, and do the same.
        joined: Vec<Joined>,
    },
}

/// Is when requests or clients come that do not wait for each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Flood {
    /// How many come in a second.
    pub rate: f64,
    /// How they are spread.
    pub spacing: Spacing,
    /// From when on, from when on the run counts, the rate is how many times as large.
    pub changes: Vec<Change>,
}

impl Flood {
    /// Is one that comes as if many people asked who know nothing of each other.
    pub const fn poisson(rate: f64) -> Self {
        Self {
            rate,
            spacing: Spacing::Poisson,
            changes: Vec::new(),
        }
    }
}

impl Aim {
    /// Asks with `GET` for what a URL names; none if it is not one of `http` or `https`.
    ///
    /// ```
    /// use seda_lab::generator::Aim;
    ///
    /// let aim = Aim::get("http://127.0.0.1:8080/hello").unwrap();
    /// assert_eq!((aim.origin.port(), aim.request.target().path()), (8080, "/hello"));
    /// assert!(Aim::get("127.0.0.1:8080").is_none());
    /// ```
    pub fn get(url: &str) -> Option<Self> {
        let target = Target::parse(url)?;
        let origin = Origin::of(&target)?;
        let request = Request::new(Method::Get, target);
        Some(Self { origin, request })
    }

    /// Tells whether the host is a name, which has to be looked up.
    pub(super) fn has_name(&self) -> bool {
        self.origin.host().parse::<IpAddr>().is_err()
    }
}

impl Course {
    /// Makes one of ten seconds after one of warming up, with 25 ms to be good in
    /// and a second to be answered at all.
    pub fn new(aim: Aim, traffic: Traffic) -> Self {
        Self {
            aim,
            traffic,
            warm_up: Duration::from_secs(1),
            measured: Duration::from_secs(10),
            slo: Duration::from_millis(25),
            timeout: Duration::from_secs(1),
            connections: CONNECTIONS_DEFAULT,
            mix: Mix::default(),
            seed: 1,
            keep: Keep::Sums,
            cpu: None,
        }
    }

    /// Returns how many connections may be open at once.
    pub(super) fn connections(&self) -> usize {
        let clients = match &self.traffic {
            Traffic::Closed {
                clients, joined, ..
            } => {
                let joined = joined.iter().map(|joined| joined.clients);
                let all = joined.fold(u64::from(*clients), u64::saturating_add);
                usize::try_from(all).unwrap_or(usize::MAX)
            }
            Traffic::Open { .. } | Traffic::Sessions { .. } => 1,
        };
        self.connections.max(clients)
    }

    /// Returns how long it takes, what does not count included.
    pub(super) fn whole(&self) -> Duration {
        self.warm_up + self.measured
    }
}
