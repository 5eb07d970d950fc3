//! One arrival process of a simulation, and what it does.

use std::ops::Range;
use std::time::Duration;

use crate::clock::Tick;
use crate::simulator::arrivals::Arrivals;
use crate::simulator::random::Random;

/// Enqueues the event of this number; tells whether it was taken.
type Enqueue = Box<dyn FnMut(u64) -> bool>;

/// Is one arrival process and what it does.
pub(super) struct Coming {
    arrivals: Arrivals,
    random: Random,
    enqueue: Enqueue,
    count: u64,
    /// The workers that pay for it.
    workers: Range<usize>,
}

impl Coming {
    pub(super) const fn new(
        arrivals: Arrivals,
        random: Random,
        workers: Range<usize>,
        enqueue: Enqueue,
    ) -> Self {
        Self {
            arrivals,
            random,
            enqueue,
            count: 0,
            workers,
        }
    }

    /// Gives the worker that the next arrival takes time of, and how much.
    pub(super) fn cost(&mut self) -> Option<(usize, Duration)> {
        let cost = self.arrivals.cost;
        (!cost.is_zero()).then(|| (self.random.pick(self.workers.clone()), cost))
    }

    /// Enqueues the next event; tells whether it was taken.
    pub(super) fn arrive(&mut self) -> bool {
        let taken = (self.enqueue)(self.count);
        self.count += 1;
        taken
    }

    /// Gives the next arrival after `now`; none when there are no more.
    pub(super) fn next(&mut self, now: Tick) -> Option<Tick> {
        self.arrivals.next(now, &mut self.random)
    }
}
