//! A wind tunnel for controllers: one stage, some servers, an open loop.

mod flight;

use std::ops::Range;
use std::time::Duration;

use crate::clock::{Clock, Tick};
use crate::error::BoxError;
use crate::graph::Graph;
use crate::graph::builder::StageBuilder;
use crate::law::float;
use crate::meta::{Class, Meta};
use crate::plan::Plan;
use crate::simulator::Simulator;
use crate::simulator::arrivals::Arrivals;
use crate::simulator::service::Service;
use flight::Recorder;
pub use flight::{Flight, Slot, Tally};

const STAGE: &str = "serve";

/// Is how many events took how long, by their model.
type Drawn = Option<(u64, Duration)>;

/// Runs one stage under one policy in virtual time, and says what became of
/// what was offered to it.
///
/// ```
/// use seda_core::simulator::{Arrivals, Service, Tunnel};
/// use std::time::Duration;
///
/// let budget = Duration::from_millis(25);
/// let tunnel = Tunnel::new(2, Service::exponential(Duration::from_millis(1)), budget, 42);
/// let twice = Arrivals::poisson(2.0 * tunnel.capacity());
/// let flight = tunnel.fly(twice, |stage| stage.target(budget))?;
/// assert!(flight.goodput() > 0.95 && flight.all.latency.p99 <= budget);
/// # Ok::<(), seda_core::BoxError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tunnel {
    servers: usize,
    service: Service,
    slo: Duration,
    seed: u64,
    arrival_cost: Duration,
    time: Duration,
    warm_up: Duration,
    slow: Option<(f64, Range<Duration>)>,
}

impl Tunnel {
    /// Makes a tunnel with `servers` workers that each take `service` for an
    /// event, where an event is good when it is done within `slo`.
    pub const fn new(servers: usize, service: Service, slo: Duration, seed: u64) -> Self {
        Self {
            servers,
            service,
            slo,
            seed,
            arrival_cost: Duration::ZERO,
            time: Duration::from_secs(20),
            warm_up: Duration::from_secs(5),
            slow: None,
        }
    }

    /// Has each arrival, let in or not, take time of a worker.
    #[must_use]
    pub const fn arrival_cost(mut self, each: Duration) -> Self {
        self.arrival_cost = each;
        self
    }

    /// Sets how long it runs, and from when on it counts; 20 s and 5 s by default.
    #[must_use]
    pub const fn time(mut self, time: Duration, warm_up: Duration) -> Self {
        self.time = time;
        self.warm_up = warm_up;
        self
    }

    /// Makes the service slower by a factor for a time.
    #[must_use]
    pub const fn slow(mut self, factor: f64, during: Range<Duration>) -> Self {
        self.slow = Some((factor, during));
        self
    }

    /// Gives the events per second that the servers would do if they did
    /// nothing else.
    pub fn capacity(&self) -> f64 {
        float(self.servers as u64) / self.service.mean().as_secs_f64()
    }

    /// Runs it with events of one class; `policy` builds the stage, all but
    /// its handler. Events carry the moment of their arrival.
    ///
    /// # Errors
    ///
    /// As [`Graph::start`](crate::Graph::start), when the policy builds a stage
    /// that is none.
    pub fn fly(
        &self,
        arrivals: Arrivals,
        policy: impl FnOnce(StageBuilder<'_, Tick>) -> StageBuilder<'_, Tick>,
    ) -> Result<Flight, BoxError> {
        self.fly_all([(Class::NORMAL, arrivals)], policy)
    }

    /// Runs it with arrivals of several classes.
    ///
    /// # Errors
    ///
    /// As for [`fly`](Self::fly).
    pub fn fly_all(
        &self,
        flows: impl IntoIterator<Item = (Class, Arrivals)>,
        policy: impl FnOnce(StageBuilder<'_, Tick>) -> StageBuilder<'_, Tick>,
    ) -> Result<Flight, BoxError> {
        let clock = Clock::manual();
        let mut graph = Graph::new("wind tunnel").with_clock(clock.clone());
        let recorder = Recorder::new(clock, self.slo, Tick::ZERO.after(self.warm_up));
        let stage = policy(graph.stage(STAGE));
        let served = stage.handler(recorder.clone());
        let plan = Plan::default().workers(self.servers);
        let mut simulator = Simulator::new(graph, &plan, self.seed)?;
        simulator.service(STAGE, self.service.clone());
        if let Some((factor, during)) = &self.slow {
            simulator.slow_down(STAGE, *factor, during.clone());
        }
        for (class, arrivals) in flows {
            let (inlet, recorder) = (simulator.inlet(&served), recorder.clone());
            let arrivals = arrivals.costing(self.arrival_cost);
            let make = move |_| (recorder.arrives(class), Meta::NONE.with_class(class));
            simulator.arrivals(inlet, arrivals, make);
        }
        simulator.run_for(self.warm_up);
        let (before, drawn) = (simulator.ledger(), simulator.drawn(STAGE));
        let counted = self.time.saturating_sub(self.warm_up);
        simulator.run_for(counted);
        let capacity = self.drawn_capacity(drawn, simulator.drawn(STAGE));
        let after = simulator.ledger();
        let accounts = (before.stage(STAGE), after.stage(STAGE));
        Ok(recorder.flight(accounts, counted, capacity))
    }

    /// Gives the capacity by the service times that were drawn, so that a few
    /// long ones, by chance, do not count against a policy.
    fn drawn_capacity(&self, before: Drawn, after: Drawn) -> f64 {
        let (Some((n_before, before)), Some((n, after))) = (before, after) else {
            return self.capacity();
        };
        let (n, spent) = (n - n_before, after.saturating_sub(before));
        if n == 0 || spent.is_zero() {
            return self.capacity();
        }
        float(self.servers as u64) * float(n) / spent.as_secs_f64()
    }
}
