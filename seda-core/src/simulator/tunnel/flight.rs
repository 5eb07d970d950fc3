//! What became of the events of one run of the wind tunnel.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;

use crate::batch::Batch;
use crate::clock::{Clock, Tick};
use crate::error::BoxError;
use crate::handler::Handler;
use crate::law::float;
use crate::ledger::Account;
use crate::meta::Class;
use crate::stats::histogram::{Spread, Times};

/// How long a slot of the series is.
const SLOT: Duration = Duration::from_millis(100);

/// Is what became of what was offered, after the warm-up; the series covers all.
#[derive(Clone, Debug, Serialize)]
pub struct Flight {
    /// Events that arrived.
    pub offered: u64,
    /// Of these, those that were refused at once.
    pub rejected: u64,
    /// Events that were let in and given up before they were served.
    pub expired: u64,
    /// Events of all classes that were served.
    pub all: Tally,
    /// Events that were served, by class.
    pub classes: Vec<Tally>,
    /// How many were served in each tenth of a second since the start.
    pub series: Vec<Slot>,
    /// Events per second that the servers could do, by the service times that
    /// were drawn.
    pub capacity: f64,
    /// How long was counted, in seconds.
    pub seconds: f64,
}

/// Is how many events were served, and how long they took.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Tally {
    /// Events that arrived.
    pub offered: u64,
    /// Events that were done in time.
    pub good: u64,
    /// Events that were done too late.
    pub late: u64,
    /// From their arrival to their end.
    pub latency: Times,
}

/// Is what was served in a tenth of a second.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Slot {
    /// Events that were done in time.
    pub good: u64,
    /// Events that were done too late.
    pub late: u64,
}

impl Flight {
    /// Gives the events that were done in time, as a part of capacity.
    pub fn goodput(&self) -> f64 {
        rate(self.all.good, self.seconds) / self.capacity
    }

    /// Gives the part of the offered events that were done in time.
    pub fn good_share(&self) -> f64 {
        float(self.all.good) / float(self.offered.max(1))
    }

    /// Gives the part of the offered events that were refused.
    pub fn refused(&self) -> f64 {
        float(self.rejected) / float(self.offered.max(1))
    }

    /// Gives the part of the offered events that was let in and given up.
    pub fn expired_share(&self) -> f64 {
        float(self.expired) / float(self.offered.max(1))
    }

    /// Gives the events per second that were done in time from one moment of
    /// the run to another, to a tenth of a second.
    pub fn good_between(&self, from: Duration, to: Duration) -> f64 {
        let slots = self.series.iter().skip(slot_of(from));
        let slots = slots.take(slot_of(to).saturating_sub(slot_of(from)));
        let good = slots.map(|slot| slot.good).sum();
        rate(good, to.saturating_sub(from).as_secs_f64())
    }

    /// Tells how long after `step` the rate of events done in time was within a
    /// tenth of what it is from `then` on, and stayed there for half a second;
    /// none when it never was.
    pub fn settled_after(&self, step: Duration, then: Duration) -> Option<Duration> {
        let end = SLOT * u32::try_from(self.series.len()).unwrap_or(u32::MAX);
        let plateau = self.good_between(then, end);
        let after = |n: u32| step + SLOT * n;
        let holds = |n: &u32| {
            let good = self.good_between(after(*n), after(*n + 5));
            good >= 0.9 * plateau
        };
        let slots = (0..u32::try_from(self.series.len()).unwrap_or(u32::MAX))
            .take_while(|n| after(*n) < then);
        slots.into_iter().find(holds).map(|n| SLOT * n)
    }
}

/// Notes when each event is done.
#[derive(Clone)]
pub(super) struct Recorder {
    clock: Clock,
    from: Tick,
    log: Arc<Mutex<Log>>,
}

struct Log {
    slo: Duration,
    classes: Vec<Line>,
    series: Vec<Slot>,
}

/// Is what was served of one class.
struct Line {
    offered: u64,
    good: u64,
    late: u64,
    latency: Spread,
}

impl Line {
    fn new() -> Self {
        Self {
            offered: 0,
            good: 0,
            late: 0,
            latency: Spread::of_times(),
        }
    }

    fn tally(&self) -> Tally {
        Tally {
            offered: self.offered,
            good: self.good,
            late: self.late,
            latency: self.latency.times(),
        }
    }
}

impl Handler for Recorder {
    type Event = Tick;

    fn handle(&mut self, batch: &mut Batch<Tick>) -> Result<(), BoxError> {
        let now = self.clock.now();
        let mut log = self.log.lock();
        while let Some(arrived) = batch.next() {
            let took = now.since(arrived);
            log.count(now, took);
            if now >= self.from {
                log.record(batch.meta().class(), took);
            }
        }
        Ok(())
    }
}

impl Recorder {
    pub(super) fn new(clock: Clock, slo: Duration, from: Tick) -> Self {
        let log = Log {
            slo,
            classes: (0..Class::COUNT_MAX).map(|_| Line::new()).collect(),
            series: Vec::new(),
        };
        Self {
            clock,
            from,
            log: Arc::new(Mutex::new(log)),
        }
    }

    /// Notes that an event of this class arrives now.
    pub(super) fn arrives(&self, class: Class) -> Tick {
        let now = self.clock.now();
        let mut log = self.log.lock();
        let line = log.classes.get_mut(usize::from(class.0));
        if let Some(line) = line.filter(|_| now >= self.from) {
            line.offered += 1;
        }
        now
    }

    pub(super) fn flight(
        &self,
        (before, after): (Option<&Account>, Option<&Account>),
        counted: Duration,
        capacity: f64,
    ) -> Flight {
        let log = self.log.lock();
        let mut all = Line::new();
        for line in &log.classes {
            all.offered += line.offered;
            all.good += line.good;
            all.late += line.late;
            all.latency.merge(&line.latency);
        }
        let grown = |figure: fn(&Account) -> u64| {
            let of = |account: Option<&Account>| account.map_or(0, figure);
            of(after) - of(before)
        };
        Flight {
            offered: grown(|account| account.offered),
            rejected: grown(|account| account.rejected.total()),
            expired: grown(|account| account.expired),
            all: all.tally(),
            classes: log.classes.iter().map(Line::tally).collect(),
            series: log.series.clone(),
            capacity,
            seconds: counted.as_secs_f64(),
        }
    }
}

impl Log {
    fn count(&mut self, now: Tick, took: Duration) {
        let place = slot_of(now.since(Tick::ZERO));
        if self.series.len() <= place {
            self.series.resize(place + 1, Slot::default());
        }
        if let Some(slot) = self.series.get_mut(place) {
            if took <= self.slo {
                slot.good += 1;
            } else {
                slot.late += 1;
            }
        }
    }

    fn record(&mut self, class: Class, took: Duration) {
        if let Some(line) = self.classes.get_mut(usize::from(class.0)) {
            if took <= self.slo {
                line.good += 1;
            } else {
                line.late += 1;
            }
            let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            line.latency.record(nanos, 1);
        }
    }
}

fn slot_of(at: Duration) -> usize {
    usize::try_from(at.as_millis() / SLOT.as_millis()).unwrap_or(usize::MAX)
}

fn rate(events: u64, seconds: f64) -> f64 {
    float(events) / seconds
}
