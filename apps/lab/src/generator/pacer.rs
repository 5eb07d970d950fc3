//! The source that keeps the schedule: it says when something is due, and skips nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use seda_core::{Next, Sink, Source, Tick};

use super::errand::{Due, Happening, What};
use super::moments::Moments;

/// Things due that are told in one turn, so that sockets have theirs.
const TURN_MAX: usize = 256;

/// Is where the clients' stage leaves what will be due.
///
/// Both are on one worker, which polls its sources after it has run its stages;
/// so the lock is never waited for, and nobody need be woken. There is at most
/// one entry for each client and each request that has begun.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda(Arc<Mutex<Vec<Due>>>);

impl Agenda {
    /// Has something be due.
    pub(super) fn add(&self, due: Due) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(due);
    }

    fn take(&self) -> Vec<Due> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Says when something is due.
#[derive(Debug)]
pub(super) struct Pacer {
    /// Of arrivals; none in a closed loop.
    moments: Option<Moments>,
    /// When the run began, in nanoseconds of the clock.
    start: u64,
    arrival: Option<u64>,
    agenda: Agenda,
    later: BinaryHeap<Reverse<Due>>,
    /// Was refused, since the stage is behind.
    refused: Option<Happening>,
    to: Sink<Happening>,
}

impl Pacer {
    /// Makes one that tells `to` of the moments after `start`, and of what is on the agenda.
    pub(super) fn new(
        moments: Option<Moments>,
        start: Tick,
        agenda: Agenda,
        to: Sink<Happening>,
    ) -> Self {
        let mut pacer = Self {
            moments,
            start: start.as_nanos(),
            arrival: None,
            agenda,
            later: BinaryHeap::new(),
            refused: None,
            to,
        };
        pacer.advance();
        pacer
    }

    fn advance(&mut self) {
        let next = self.moments.as_mut().and_then(Iterator::next);
        self.arrival = next.map(|moment| self.start + moment);
    }

    /// Returns when something is due next.
    fn next_at(&self) -> Option<u64> {
        let later = self.later.peek().map(|Reverse(due)| due.at);
        self.arrival.into_iter().chain(later).min()
    }

    /// Takes what is due next, if it is by now.
    fn take(&mut self, now: u64) -> Option<Due> {
        let at = self.next_at().filter(|at| *at <= now)?;
        if self.arrival == Some(at) {
            self.advance();
            let what = What::Arrival;
            return Some(Due { at, what });
        }
        self.later.pop().map(|Reverse(due)| due)
    }

    /// Tells of one thing; false if the stage is behind.
    fn tell(&mut self, happening: Happening) -> bool {
        match self.to.enqueue(happening) {
            Ok(()) => true,
            Err(rejected) => {
                self.refused = Some(rejected.event);
                false
            }
        }
    }
}

impl Source for Pacer {
    fn poll(&mut self, now: Tick) -> Next {
        self.later
            .extend(self.agenda.take().into_iter().map(Reverse));
        if let Some(refused) = self.refused.take()
            && !self.tell(refused)
        {
            return Next::Again;
        }
        for _ in 0..TURN_MAX {
            let Some(due) = self.take(now.as_nanos()) else {
                return self
                    .next_at()
                    .map_or(Next::Idle, |at| Next::At(Tick::from_nanos(at)));
            };
            if !self.tell(Happening::Due(due)) {
                break;
            }
        }
        Next::Again
    }
}
