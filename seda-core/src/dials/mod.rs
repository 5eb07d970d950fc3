//! What controllers have set about a stage: read by who enqueues and by who takes.

pub(crate) mod bucket;
pub(crate) mod budgets;
pub(crate) mod level;
pub(crate) mod serving;

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;

use crate::clock::{Tick, nanos};
use crate::dials::bucket::{Buckets, Rate};
use crate::dials::budgets::{BudgetOf, ClassBudgets};
use crate::dials::level::{AdmissionLevel, LevelDial};
use crate::dials::serving::Serving;
use crate::meta::{Class, Key};

/// Says that no class is shed.
const NO_CLASS: u8 = u8::MAX;

/// Says which of the events that wait is served next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The one that has waited longest.
    OldestFirst,
    /// The one that came last: under overload it is the only one that can
    /// still be in time, where nobody is turned away. Among classes it holds
    /// within a class; events with a key keep their order, and so does
    /// everything else that shares a queue with them.
    NewestFirst,
}

/// Is the last decisions of a stage's controllers, as plain numbers. They are
/// written by the controllers' thread and read without a lock, all but the
/// buckets of tokens, which only baselines use.
#[derive(Debug)]
pub(crate) struct Dials {
    /// What who takes reads; all else is read by who enqueues.
    pub(crate) serving: Serving,
    /// Events per second that leave the queue, by class, as the bits of floats;
    /// 0 is unknown.
    drain: [AtomicU64; Class::COUNT_MAX],
    /// The same of all classes together.
    throughput: AtomicU64,
    pub(crate) budgets: ClassBudgets,
    in_flight: AtomicUsize,
    shed_from: AtomicU8,
    /// The same by the overload manager.
    overload_shed: AtomicU8,
    /// The path's share, and what is beyond, in nanoseconds.
    share: AtomicU64,
    beyond: AtomicU64,
    /// Events per second, as the bits of a float; 0 is unknown.
    slowest: AtomicU64,
    buckets: Mutex<Buckets>,
    level: LevelDial,
}

impl Dials {
    pub(crate) const fn new() -> Self {
        Self {
            serving: Serving::new(),
            drain: [const { AtomicU64::new(0) }; Class::COUNT_MAX],
            throughput: AtomicU64::new(0),
            budgets: ClassBudgets::new(),
            in_flight: AtomicUsize::new(usize::MAX),
            shed_from: AtomicU8::new(NO_CLASS),
            overload_shed: AtomicU8::new(NO_CLASS),
            share: AtomicU64::new(0),
            beyond: AtomicU64::new(0),
            slowest: AtomicU64::new(0),
            buckets: Mutex::new(Buckets::None),
            level: LevelDial::new(),
        }
    }

    pub(crate) fn set_drain(&self, drain: [f64; Class::COUNT_MAX]) {
        for (dial, rate) in self.drain.iter().zip(drain) {
            dial.store(rate.to_bits(), Ordering::Relaxed);
        }
    }

    pub(crate) fn set_throughput(&self, rate: f64) {
        self.throughput.store(rate.to_bits(), Ordering::Relaxed);
    }

    pub(crate) fn set_in_flight(&self, most: usize) {
        self.in_flight.store(most, Ordering::Relaxed);
    }

    pub(crate) fn set_shed_from(&self, class: Class) {
        self.shed_from.store(class.0, Ordering::Relaxed);
    }

    pub(crate) fn set_overload_shed(&self, class: Option<Class>) {
        let class = class.map_or(NO_CLASS, |class| class.0);
        self.overload_shed.store(class, Ordering::Relaxed);
    }

    pub(crate) fn set_passage(
        &self,
        (share, beyond): (Duration, Duration),
        service: Duration,
        slowest: Option<f64>,
    ) {
        self.slowest
            .store(slowest.unwrap_or(0.0).to_bits(), Ordering::Relaxed);
        self.share.store(nanos(share), Ordering::Relaxed);
        self.beyond.store(nanos(beyond), Ordering::Relaxed);
        self.serving.set_service_beyond(service);
    }

    pub(crate) fn set_rate(&self, rate: Rate) {
        self.buckets.lock().set_all(rate);
    }

    pub(crate) fn set_class_rates(&self, rates: [Rate; Class::COUNT_MAX]) {
        self.buckets.lock().set_by_class(rates);
    }

    pub(crate) fn set_level(&self, level: AdmissionLevel) {
        self.level.set(level);
    }

    /// Tells whether the admission level lets in an event of this class and key.
    pub(crate) fn level_admits(&self, class: Class, key: Option<Key>) -> bool {
        self.level.admits(class, key)
    }

    /// Gives the events per second that leave the queue in favour of a class.
    pub(crate) fn drain(&self, class: Class) -> Option<f64> {
        let place = usize::from(class.0).min(Class::COUNT_MAX - 1);
        let rate = f64::from_bits(self.drain.get(place)?.load(Ordering::Relaxed));
        (rate > 0.0).then_some(rate)
    }

    /// Gives the events per second that leave the queue, by class, once known.
    pub(crate) fn drains(&self) -> Option<[f64; Class::COUNT_MAX]> {
        let drains = self.drain.each_ref();
        let drains = drains.map(|rate| f64::from_bits(rate.load(Ordering::Relaxed)));
        drains.iter().all(|rate| *rate > 0.0).then_some(drains)
    }

    /// Gives the events per second that leave the queue, of all classes
    /// together: unless it was told apart, what leaves it in favour of the most
    /// urgent.
    pub(crate) fn throughput(&self) -> Option<f64> {
        let rate = f64::from_bits(self.throughput.load(Ordering::Relaxed));
        if rate > 0.0 {
            Some(rate)
        } else {
            self.drain(Class::HIGH)
        }
    }

    /// Gives the stage's budget for events of a class.
    pub(crate) fn target_of(&self, class: Class) -> Option<Duration> {
        let own = self.budgets.get(BudgetOf::Stage, usize::from(class.0));
        own.or_else(|| self.serving.target())
    }

    /// Gives the share of a path's budget.
    pub(crate) fn share(&self) -> Option<Duration> {
        match self.share.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    /// Gives what events will need further down the path.
    pub(crate) fn beyond(&self) -> Duration {
        Duration::from_nanos(self.beyond.load(Ordering::Relaxed))
    }

    /// Gives the events per second that the slowest stage further down gets done.
    pub(crate) fn slowest(&self) -> Option<f64> {
        let rate = f64::from_bits(self.slowest.load(Ordering::Relaxed));
        (rate > 0.0).then_some(rate)
    }

    /// Gives the most events that may wait or be in hand together.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn sheds(&self, class: Class) -> bool {
        self.shed_from().is_some_and(|first| class.0 >= first.0)
    }

    /// Gives the first class that is shed, by whomever.
    pub(crate) fn shed_from(&self) -> Option<Class> {
        let dials = [&self.shed_from, &self.overload_shed];
        match dials
            .map(|dial| dial.load(Ordering::Relaxed))
            .into_iter()
            .min()
        {
            None | Some(NO_CLASS) => None,
            Some(class) => Some(Class(class)),
        }
    }

    /// Takes `n` tokens where the rate is bounded; else says when there are as many.
    pub(crate) fn take_tokens(&self, n: usize, class: Class, now: Tick) -> Result<(), Duration> {
        match self.buckets.lock().of(class) {
            None => Ok(()),
            Some(bucket) => bucket.take(n, now),
        }
    }

    pub(crate) fn return_tokens(&self, n: usize, class: Class) {
        if let Some(bucket) = self.buckets.lock().of(class) {
            bucket.put_back(n);
        }
    }

    /// Gives the events per second that may enter, where that is bounded.
    pub(crate) fn rate(&self) -> Option<f64> {
        self.buckets.lock().events_per_second()
    }
}
