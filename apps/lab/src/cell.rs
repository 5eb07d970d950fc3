//! One policy under one load.

use std::time::Duration;

use seda_core::BoxError;
use seda_core::simulator::{Arrivals, Flight, Service, Tunnel};
use serde::Serialize;

use crate::policies::Policy;

/// From when on a run counts.
const WARM_UP: Duration = Duration::from_secs(5);
/// When the load or the service changes in runs where one does.
const CHANGE: Duration = Duration::from_secs(10);
/// How long the service stays slow.
const SLOW_FOR: Duration = Duration::from_secs(30);

/// Is what all cells of a comparison have in common: two servers, events that
/// take 1 ms of one on average, and 20 µs of CPU for each arrival.
#[derive(Clone, Debug)]
pub struct Wind {
    servers: usize,
    service: Service,
    target: Duration,
    arrival_cost: Duration,
    time: Duration,
}

/// Is what became of the load under one policy.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cell {
    /// Offered events per second, as a part of capacity.
    pub load: f64,
    /// Events done within the target per second, as a part of capacity.
    pub goodput: f64,
    /// The p99 of the latency of what was done, in milliseconds.
    pub p99_ms: f64,
    /// The longest latency of what was done, in milliseconds.
    pub max_ms: f64,
    /// The part of the offered events that was refused.
    pub refused: f64,
    /// The part of the offered events that expired.
    pub expired: f64,
    /// The seed that gives this cell again.
    pub seed: u64,
}

impl Default for Wind {
    fn default() -> Self {
        Self {
            servers: 2,
            service: Service::exponential(Duration::from_millis(1)),
            target: Duration::from_millis(25),
            arrival_cost: Duration::from_micros(20),
            time: Duration::from_mins(1),
        }
    }
}

impl Wind {
    /// Sets how many seconds each run counts, after five of warming up.
    #[must_use]
    pub const fn seconds(mut self, seconds: u64) -> Self {
        self.time = Duration::from_secs(seconds);
        self
    }

    /// Sets how long events take.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.service = service;
        self
    }

    fn tunnel(&self, seed: u64) -> Tunnel {
        Tunnel::new(self.servers, self.service.clone(), self.target, seed)
            .arrival_cost(self.arrival_cost)
            .time(self.time + WARM_UP, WARM_UP)
    }

    fn fly(
        &self,
        tunnel: &Tunnel,
        arrivals: Arrivals,
        policy: &Policy,
    ) -> Result<Flight, BoxError> {
        tunnel.fly(arrivals, |stage| policy.build(stage, self.target))
    }

    /// Runs a policy under a steady load.
    pub(crate) fn steady(&self, policy: &Policy, load: f64, seed: u64) -> Result<Cell, BoxError> {
        let tunnel = self.tunnel(seed);
        let arrivals = Arrivals::poisson(load * tunnel.capacity());
        let flight = self.fly(&tunnel, arrivals, policy)?;
        Ok(Cell::of(&flight, load, seed))
    }

    /// Tells how long after a step from 0.7 to 2 times capacity the goodput is
    /// what it then stays, if it ever is worth the name.
    pub(crate) fn step(&self, policy: &Policy, seed: u64) -> Result<Option<Duration>, BoxError> {
        let tunnel = self.tunnel(seed).time(CHANGE * 6, Duration::ZERO);
        let capacity = tunnel.capacity();
        let arrivals =
            Arrivals::steps([(Duration::ZERO, 0.7 * capacity), (CHANGE, 2.0 * capacity)]);
        let flight = self.fly(&tunnel, arrivals, policy)?;
        let late = flight.good_between(CHANGE * 4, CHANGE * 6);
        let worth = late > 0.5 * capacity;
        Ok(flight.settled_after(CHANGE, CHANGE * 4).filter(|_| worth))
    }

    /// Gives the goodput at 0.7 times capacity while the service is four times
    /// slower, as a part of the slowed capacity.
    pub(crate) fn slow(&self, policy: &Policy, seed: u64) -> Result<f64, BoxError> {
        let tunnel = self.tunnel(seed);
        let until = CHANGE + SLOW_FOR;
        let load = 0.7 * tunnel.capacity();
        let tunnel = tunnel.slow(4.0, CHANGE..until).time(until, CHANGE);
        let flight = self.fly(&tunnel, Arrivals::poisson(load), policy)?;
        Ok(flight.goodput())
    }
}

impl Cell {
    fn of(flight: &Flight, load: f64, seed: u64) -> Self {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        Self {
            load,
            goodput: flight.goodput(),
            p99_ms: millis(flight.all.latency.p99),
            max_ms: millis(flight.all.latency.max),
            refused: flight.refused(),
            expired: flight.expired_share(),
            seed,
        }
    }
}
