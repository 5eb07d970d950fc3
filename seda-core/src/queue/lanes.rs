//! Events with a key: those of one key are handled one at a time, in order.

use std::collections::VecDeque;

use crate::meta::Key;
use crate::queue::runs::{Entry, Runs};

/// How many lanes the keys of a stage are spread over. Keys that share a lane
/// wait for each other, so it is well above the workers of a domain.
const LANES: u64 = 256;

/// Names a lane that a batch holds; nobody else takes from it until it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaneId(usize);

/// Is the keyed events of a stage, spread over lanes by key.
#[derive(Debug)]
pub(crate) struct Lanes<E> {
    by_key: Vec<Lane<E>>,
    /// Lanes with events that no batch holds, in the order they became so.
    free: VecDeque<usize>,
    len: usize,
}

#[derive(Debug)]
struct Lane<E> {
    events: Runs<E>,
    held: bool,
}

impl<E> Lanes<E> {
    pub(crate) fn new() -> Self {
        let lane = || Lane {
            events: Runs::new(),
            held: false,
        };
        Self {
            by_key: (0..LANES).map(|_| lane()).collect(),
            free: VecDeque::new(),
            len: 0,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Tells whether a batch could be taken now.
    pub(crate) fn is_ready(&self) -> bool {
        !self.free.is_empty()
    }

    pub(crate) fn push(&mut self, key: Key, entry: Entry<E>) {
        let place = usize::try_from(key.get() % LANES).unwrap_or(0);
        let Some(lane) = self.by_key.get_mut(place) else {
            return;
        };
        if lane.events.is_empty() && !lane.held {
            self.free.push_back(place);
        }
        lane.events.push(entry);
        self.len += 1;
    }

    /// Holds the lane that has been free longest and takes up to `limit` of its events.
    pub(crate) fn take_into(&mut self, into: &mut Runs<E>, limit: usize) -> Option<LaneId> {
        let place = self.free.pop_front()?;
        let lane = self.by_key.get_mut(place)?;
        lane.held = true;
        let n = limit.min(lane.events.len());
        lane.events.move_front(into, n);
        self.len -= n;
        Some(LaneId(place))
    }

    /// Takes back what the batch left, in front, and lets the lane go.
    pub(crate) fn release(&mut self, LaneId(place): LaneId, left: &mut Runs<E>) {
        let Some(lane) = self.by_key.get_mut(place) else {
            return;
        };
        self.len += left.len();
        left.append(&mut lane.events);
        std::mem::swap(left, &mut lane.events);
        lane.held = false;
        if !lane.events.is_empty() {
            self.free.push_back(place);
        }
    }

    /// Takes everything, whoever holds the lanes.
    pub(crate) fn drain_into(&mut self, into: &mut Runs<E>) {
        for lane in &mut self.by_key {
            into.append(&mut lane.events);
        }
        self.free.clear();
        self.len = 0;
    }
}
