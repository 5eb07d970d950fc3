//! How long a stage takes for its events: the service-time models.

use std::ops::Range;
use std::time::Duration;

use crate::clock::Tick;
use crate::simulator::random::Random;

/// Is a model of the time that a batch takes: a fixed part, and one per event.
#[derive(Clone, Debug)]
pub struct Service {
    fixed: Duration,
    each: Each,
    /// Its worker waits meanwhile, and does not compute.
    waits: bool,
}

#[derive(Clone, Debug)]
enum Each {
    Constant(Duration),
    Exponential(Duration),
    Bimodal {
        short: Duration,
        long: Duration,
        long_share: f64,
    },
    Pareto {
        min: Duration,
        alpha: f64,
    },
}

impl Service {
    /// Takes the same time for every event.
    pub const fn constant(each: Duration) -> Self {
        Self::of(Each::Constant(each))
    }

    /// Takes exponentially distributed times.
    pub const fn exponential(mean: Duration) -> Self {
        Self::of(Each::Exponential(mean))
    }

    /// Takes `long` for a share of the events, and `short` for the others.
    pub const fn bimodal(short: Duration, long: Duration, long_share: f64) -> Self {
        Self::of(Each::Bimodal {
            short,
            long,
            long_share,
        })
    }

    /// Takes Pareto-distributed times of at least `min`; the mean is
    /// `min * alpha / (alpha - 1)` for `alpha` above 1.
    pub const fn pareto(min: Duration, alpha: f64) -> Self {
        Self::of(Each::Pareto { min, alpha })
    }

    /// Has the time be spent waiting for something outside the graph, such as a
    /// disk or another service: it takes the worker, but no time of its core.
    #[must_use]
    pub const fn waiting(mut self) -> Self {
        self.waits = true;
        self
    }

    /// Adds a cost for each batch, whatever its size, such as that of an fsync.
    #[must_use]
    pub const fn with_fixed(mut self, fixed: Duration) -> Self {
        self.fixed = fixed;
        self
    }

    /// Tells how long one event takes on average, in a batch of its own;
    /// for ever, where there is no mean.
    pub fn mean(&self) -> Duration {
        let each = match &self.each {
            Each::Constant(each) | Each::Exponential(each) => *each,
            Each::Bimodal {
                short,
                long,
                long_share,
            } => short.mul_f64(1.0 - long_share) + long.mul_f64(*long_share),
            Each::Pareto { alpha, .. } if *alpha <= 1.0 => Duration::MAX,
            Each::Pareto { min, alpha } => min.mul_f64(alpha / (alpha - 1.0)),
        };
        self.fixed.saturating_add(each)
    }

    const fn of(each: Each) -> Self {
        Self {
            fixed: Duration::ZERO,
            each,
            waits: false,
        }
    }

    pub(crate) fn cost(&self, events: usize, random: &mut Random) -> Duration {
        if events == 0 {
            return Duration::ZERO;
        }
        let mut one = || match &self.each {
            Each::Constant(each) => *each,
            Each::Exponential(mean) => random.exponential(*mean),
            Each::Bimodal {
                short,
                long,
                long_share,
            } => {
                if random.unit() < *long_share {
                    *long
                } else {
                    *short
                }
            }
            Each::Pareto { min, alpha } => random.pareto(*min, *alpha),
        };
        (0..events).fold(self.fixed, |sum, _| sum.saturating_add(one()))
    }
}

/// Is a time during which a stage is slower.
#[derive(Clone, Debug)]
pub(crate) struct SlowDown {
    pub(crate) during: Range<Tick>,
    pub(crate) factor: f64,
}

/// Is how a stage behaves in the simulation.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    pub(crate) service: Service,
    pub(crate) slow_downs: Vec<SlowDown>,
    /// In the order of their beginnings.
    pub(crate) pauses: Vec<Range<Tick>>,
    pub(crate) drawn: Drawn,
}

/// Is what was drawn from a stage's model.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drawn {
    pub(crate) events: u64,
    pub(crate) time: Duration,
    /// Of this, the time in which a worker computed.
    pub(crate) cpu: Duration,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            service: Service::constant(Duration::ZERO),
            slow_downs: Vec::new(),
            pauses: Vec::new(),
            drawn: Drawn::default(),
        }
    }
}

impl Behaviour {
    pub(crate) fn cost(&mut self, now: Tick, events: usize, random: &mut Random) -> Duration {
        let slow = self
            .slow_downs
            .iter()
            .filter(|slow| slow.during.contains(&now));
        let factor: f64 = slow.map(|slow| slow.factor).product();
        let cost = self.service.cost(events, random).mul_f64(factor);
        self.drawn.events += events as u64;
        self.drawn.time = self.drawn.time.saturating_add(cost);
        if !self.service.waits {
            self.drawn.cpu = self.drawn.cpu.saturating_add(cost);
        }
        self.with_pauses(now, cost)
    }

    /// Adds the pauses that fall into a batch.
    fn with_pauses(&self, now: Tick, cost: Duration) -> Duration {
        self.pauses.iter().fold(cost, |cost, pause| {
            let from = pause.start.max(now);
            if pause.end <= now || now.after(cost) <= from {
                cost
            } else {
                cost + pause.end.since(from)
            }
        })
    }
}
