//! The seat of controllers: samples in, decisions with their reason out.

pub(crate) mod adaptive_lifo;
pub(crate) mod aimd;
pub(crate) mod batching;
pub(crate) mod cap;
pub(crate) mod class_guard;
pub(crate) mod classic_batching;
pub(crate) mod classic_threads;
pub(crate) mod codel;
pub(crate) mod conductor;
pub(crate) mod dagor;
pub(crate) mod drain_rate;
pub(crate) mod gradient2;
pub(crate) mod in_flight;
pub(crate) mod levers;
pub(crate) mod min_rtt;
pub(crate) mod minutes;
mod ninetieth;
pub(crate) mod path;
pub(crate) mod response_time;
pub(crate) mod seda_direct;
pub(crate) mod seda_multiclass;
pub(crate) mod seda_pid;
pub(crate) mod seda_queueing;
pub(crate) mod sojourns;
mod standing;
pub(crate) mod threads;
pub(crate) mod vegas;
pub(crate) mod way;
mod window;
pub(crate) mod windowed;

use std::time::Duration;

use serde::Serialize;

use crate::clock::Tick;
use crate::control::path::Passage;
use crate::dials::Order;
use crate::dials::bucket::Rate;
use crate::dials::level::AdmissionLevel;
use crate::law;
use crate::meta::Class;
use crate::stats::histogram::Times;

/// Is what a controller sees: totals since the start, and states as they are now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Events that wait.
    pub queued: u64,
    /// Events taken and not finished.
    pub in_hand: u64,
    /// Events accepted since the start.
    pub accepted: u64,
    /// Events refused since the start, for whatever reason.
    pub rejected: u64,
    /// Events finished since the start, whichever way.
    pub finished: u64,
    /// Of these, the ones that a handler worked on: handled or failed.
    pub served: u64,
    /// Of these, the ones that had waited too long.
    pub expired: u64,
    /// Batches run since the start.
    pub batches: u64,
    /// Time inside handlers since the start, over all workers.
    pub busy: Duration,
    /// CPU time of the domain's threads since the start, where it is known.
    pub cpu: Option<Duration>,
    /// Threads of the stage's domain.
    pub threads: usize,
    /// The most events that may wait just now.
    pub limit: usize,
    /// The most events of one batch just now.
    pub batch: usize,
    /// The stage's latency budget, or its share of a path's, if it has one.
    pub target: Option<Duration>,
    /// What a path's target means for it, where it is on one.
    pub passage: Passage,
    /// Events per second that the stage was last found to get done, by class.
    pub drain: Option<[f64; Class::COUNT_MAX]>,
    /// The same of all classes together.
    pub throughput: Option<f64>,
    /// When its queue was last seen empty by a worker that took from it.
    pub empty_at: Tick,
    /// How long the events were in the stage, waiting and in hand, that were
    /// served since this controller's last sample; empty unless it
    /// [asks for them](Controller::wants_sojourns).
    pub sojourns: Times,
    /// What waits and what entered, by class, where the queue has classes.
    pub classes: [ClassSample; Class::COUNT_MAX],
    /// How many classes the queue tells apart; 1 when it has none.
    pub class_count: usize,
}

impl Sample {
    /// Gives the events per second at which its queue empties: as was found, or
    /// what its threads would do if all were busy.
    pub(crate) fn drain_rate(&self) -> Option<f64> {
        let first = self.drain.map(|[first, ..]| first);
        self.throughput.or(first).or_else(|| {
            let known = self.served > 0 && !self.busy.is_zero();
            let threads = law::float(self.threads.max(1) as u64);
            known.then(|| threads * law::per_second(self.served, self.busy))
        })
    }
}

/// Is what a controller sees of one class of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassSample {
    /// Events that wait.
    pub queued: u64,
    /// Events accepted since the start.
    pub accepted: u64,
    /// Events that asked to enter an open stage since the start, accepted or not.
    pub offered: u64,
    /// Its weight, where the queue goes by weights.
    pub weight: Option<u32>,
    /// How often events entered since the start that would have been refused,
    /// since no other of the class was served for
    /// [too long](crate::Classes::unserved_max).
    pub let_in: u64,
    /// How often an event was served before its turn since the start, for the
    /// same reason.
    pub served_first: u64,
}

/// Is what a controller wants changed, and why, in words for the operator.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Decision {
    /// The threads that the stage's blocking domain should have.
    pub threads: Option<usize>,
    /// The most events that should wait.
    pub limit: Option<usize>,
    /// The most events of one batch, however long it takes.
    pub batch: Option<usize>,
    /// Events per second that the stage gets done, by class: what is left for
    /// a class by the others. From it waits are predicted.
    pub drain: Option<[f64; Class::COUNT_MAX]>,
    /// Events per second that the stage gets done of all classes together, where
    /// that is not `drain` of the most urgent.
    pub throughput: Option<f64>,
    /// The most events that should wait or be in hand together.
    pub in_flight: Option<usize>,
    /// How many events may enter in a time.
    pub rate: Option<Rate>,
    /// How many events of each class may enter in a time, as the queue tells
    /// classes apart; it takes the place of `rate`.
    pub class_rates: Option<[Rate; Class::COUNT_MAX]>,
    /// Up to which priority events enter.
    pub level: Option<AdmissionLevel>,
    /// The first class that is turned away, with all less urgent ones.
    pub shed_from: Option<Class>,
    /// Events that have waited longer expire; zero bounds nothing.
    pub wait_max: Option<Duration>,
    /// What the target of a path through the stage means for it.
    pub passage: Option<Passage>,
    /// Which of the events that wait is served next.
    pub order: Option<Order>,
    /// Why; empty when nothing was decided.
    pub reason: String,
}

impl Decision {
    /// Decides nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Decides how many events may enter each second, and how many at once.
    pub(crate) fn of_rate(events_per_second: f64, burst: f64, reason: String) -> Self {
        Self {
            rate: Some(Rate {
                events_per_second,
                burst,
            }),
            reason,
            ..Self::none()
        }
    }
}

/// Says what a controller adjusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Adjusts {
    /// Who may enter: a stage with a latency target, and no such controller of
    /// its own, gets [`DrainRate`](crate::DrainRate).
    Admission,
    /// The threads of a blocking domain.
    Threads,
    /// How many events a batch has.
    Batches,
    /// Something else.
    Other,
}

/// Adjusts one stage from samples.
///
/// It is a pure state machine: no clock, no thread, no input or output inside,
/// so that the simulator and the runtime run the same code.
pub trait Controller: Send {
    /// Names it for the operator, beside what it decides.
    fn name(&self) -> &'static str;

    /// Tells what it adjusts.
    fn adjusts(&self) -> Adjusts {
        Adjusts::Other
    }

    /// Tells how long after its last sample it wants the next one.
    fn period(&self) -> Duration;

    /// Tells whether it looks at [`Sample::sojourns`], which cost some
    /// microseconds to add up.
    fn wants_sojourns(&self) -> bool {
        false
    }

    /// Takes in a sample and decides.
    fn update(&mut self, now: Tick, sample: &Sample) -> Decision;
}

impl<C: Controller + ?Sized> Controller for Box<C> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn adjusts(&self) -> Adjusts {
        (**self).adjusts()
    }

    fn period(&self) -> Duration {
        (**self).period()
    }

    fn wants_sojourns(&self) -> bool {
        (**self).wants_sojourns()
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        (**self).update(now, sample)
    }
}
