//! The source on one worker: its connections, the events they make, their ends.

mod openings;

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use seda_core::{BoxError, Next, Reason, Sink, Source, Tick};
use slab::Slab;

use super::endpoint::{Endpoint, Thirst};
use super::event::StreamEvent;
use super::figures::Tally;
use super::link::{Dial, Kin, Link};
use super::security::Security;
use crate::alarms::Alarms;
use crate::net::calls::{Calls, Place};
use crate::net::entrance::{Entrance, LISTENER};
use crate::net::names::{Asker, Directory};
use crate::net::quota::Quota;
use crate::net::socket::Listening;
use crate::reactor::{Mailbox, Member, Readiness};
use crate::timer::nanoseconds;

/// Bytes, 1 MiB: read in one turn, before the stages have theirs. More than a
/// core keeps at hand would be written to memory first, and fetched again.
const TURN_BYTES_MAX: usize = 1024 * 1024;
/// How long a refused event waits, when nothing else brings a turn about.
const OFFER_AGAIN: Duration = Duration::from_millis(1);

/// Is what a worker's source is made of.
pub(super) struct Fittings {
    pub(super) kin: Kin,
    pub(super) quota: Arc<Quota>,
    pub(super) listening: Option<Listening>,
    pub(super) events: Sink<StreamEvent>,
    pub(super) security: Security,
    /// What looks up the names of peers.
    pub(super) directory: Option<Directory>,
}

/// Is the connections of one worker.
#[derive(Debug)]
pub(super) struct Hub {
    kin: Kin,
    quota: Arc<Quota>,
    member: Member,
    entrance: Entrance,
    events: Sink<StreamEvent>,
    dials: Arc<Mailbox<Dial>>,
    security: Security,
    asker: Asker,
    calls: Arc<Calls>,
    called: Vec<Place>,
    ready: Vec<Readiness>,
    endpoints: Slab<Endpoint>,
    alarms: Alarms,
    /// Connections that have something to do in this turn.
    cohort: Vec<usize>,
    /// Connections that go on in the next turn.
    later: Vec<usize>,
    /// Connections with an event that the stage has not taken, in order. While
    /// there are any, nothing is read.
    waiting: VecDeque<usize>,
    /// Connections that are read when nobody waits any more.
    parched: Vec<usize>,
    scratch: Vec<u8>,
    /// How much is still read in this turn.
    bytes_left: usize,
    /// Nothing is accepted and read any more.
    quiesced: bool,
}

impl Hub {
    /// Makes the source of the current worker.
    pub(super) fn open(fittings: Fittings) -> Result<Self, BoxError> {
        let member = Member::join()?;
        let kin = fittings.kin;
        let quota = Arc::clone(&fittings.quota);
        let entrance = Entrance::open(fittings.listening, quota, member.clone())?;
        Ok(Self {
            dials: Arc::new(Mailbox::new(member.bell())),
            calls: Calls::open(&member),
            security: fittings.security,
            asker: Asker::open(fittings.directory, &member),
            alarms: Alarms::new(kin.limits.connections_max),
            scratch: vec![0; kin.limits.read_bytes_max.max(1)],
            kin,
            quota: fittings.quota,
            member,
            entrance,
            events: fittings.events,
            called: Vec::new(),
            ready: Vec::new(),
            endpoints: Slab::new(),
            cohort: Vec::new(),
            later: Vec::new(),
            waiting: VecDeque::new(),
            parched: Vec::new(),
            bytes_left: 0,
            quiesced: false,
        })
    }

    /// Gives where connections to be made are posted.
    pub(super) fn dials(&self) -> Arc<Mailbox<Dial>> {
        Arc::clone(&self.dials)
    }

    fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.kin.tally)
    }

    /// Has a connection take part in this turn.
    fn list(&mut self, index: usize) {
        if let Some(endpoint) = self.endpoints.get_mut(index)
            && !mem::replace(&mut endpoint.mark.listed, true)
        {
            self.cohort.push(index);
        }
    }

    fn collect_ready(&mut self) {
        let mut ready = mem::take(&mut self.ready);
        self.member.take_ready(&mut ready);
        for said in ready.drain(..) {
            let Some(index) = said.index.checked_sub(LISTENER + 1) else {
                self.entrance.knock();
                continue;
            };
            if let Some(endpoint) = self.endpoints.get_mut(index) {
                endpoint.note(said);
                self.list(index);
            }
        }
        self.ready = ready;
    }

    fn collect_calls(&mut self, now: u64) {
        let mut called = mem::take(&mut self.called);
        self.calls.take(&mut called);
        for place in called.drain(..) {
            if let Some(endpoint) = self.endpoints.get_mut(place.index)
                && endpoint.link.number() == place.number
            {
                endpoint.session.stir(now);
                self.list(place.index);
            }
        }
        self.called = called;
    }

    fn collect_due(&mut self, now: u64) {
        while let Some(index) = self.alarms.pop(now) {
            if let Some(endpoint) = self.endpoints.get_mut(index) {
                endpoint.alarm = None;
                endpoint.expire(now);
                self.list(index);
            }
        }
    }

    /// Takes a connection as far as it goes: writes, reads once, tells the stage.
    fn turn(&mut self, index: usize, now: u64) {
        let tally = self.tally();
        let Some(endpoint) = self.endpoints.get_mut(index) else {
            return;
        };
        endpoint.mark.listed = false;
        endpoint.advance(&tally, now);
        if let Some(why) = endpoint.take_failed() {
            return self.try_next(index, why, now);
        }
        if endpoint.may_read() {
            if endpoint.discards() {
                endpoint.read(&mut self.scratch, &tally, now);
            } else if !self.quiesced && !endpoint.link.hungers() {
                if self.waiting.is_empty() {
                    let count = endpoint.read(&mut self.scratch, &tally, now);
                    self.bytes_left = self.bytes_left.saturating_sub(count);
                } else if !mem::replace(&mut endpoint.mark.parched, true) {
                    self.parched.push(index);
                }
            }
        }
        self.tell(index);
    }

    /// Hands a connection's events to the stage, or has it wait until the stage takes them.
    fn tell(&mut self, index: usize) {
        let Some(endpoint) = self.endpoints.get_mut(index) else {
            return;
        };
        if !endpoint.mark.waits {
            if self.waiting.is_empty() {
                if !self.deliver(index) {
                    self.wait(index);
                }
            } else if let Some(event) = endpoint.next_event(&self.kin.tally) {
                endpoint.kept = Some(event);
                self.wait(index);
            }
        }
        self.settle(index);
    }

    fn wait(&mut self, index: usize) {
        if let Some(endpoint) = self.endpoints.get_mut(index) {
            endpoint.mark.waits = true;
            self.waiting.push_back(index);
        }
    }

    /// Enqueues a connection's events; false when the stage has refused one.
    fn deliver(&mut self, index: usize) -> bool {
        while let Some(endpoint) = self.endpoints.get_mut(index) {
            let Some(event) = endpoint.next_event(&self.kin.tally) else {
                return true;
            };
            let last = matches!(event, StreamEvent::Closed(..));
            let meta = endpoint.link.meta();
            if let Err(rejected) = self.events.with(meta).enqueue(event) {
                if !(self.quiesced && rejected.reason == Reason::Closed) {
                    self.kin.tally.postponed.add(1);
                    endpoint.kept = Some(rejected.event);
                    return false;
                }
                // Nobody will ever take it: its stage is quarantined, and the graph ends.
                self.kin.tally.undelivered.add(1);
            }
            if last {
                self.remove(index);
            }
        }
        true
    }

    /// Offers again what was refused, until it is refused again.
    fn deliver_waiting(&mut self, now: u64) {
        while let Some(index) = self.waiting.front().copied() {
            if !self.deliver(index) {
                return;
            }
            self.waiting.pop_front();
            if let Some(endpoint) = self.endpoints.get_mut(index) {
                endpoint.mark.waits = false;
                endpoint.session.stir(now);
            }
            self.list(index);
        }
        for index in mem::take(&mut self.parched) {
            if let Some(endpoint) = self.endpoints.get_mut(index) {
                endpoint.mark.parched = false;
                self.list(index);
            }
        }
    }

    /// Says how a connection goes on: in the next turn, or when something tells.
    fn settle(&mut self, index: usize) {
        let Some(endpoint) = self.endpoints.get_mut(index) else {
            return;
        };
        endpoint.rest();
        let reads = endpoint.discards() || !(self.quiesced || endpoint.mark.parched);
        if reads && endpoint.thirst() == Thirst::More {
            endpoint.mark.listed = true;
            self.later.push(index);
        }
        if let Some(deadline) = endpoint.session.deadline() {
            self.alarms.arm(&mut endpoint.alarm, deadline, index);
        }
    }

    fn remove(&mut self, index: usize) {
        if let Some(mut endpoint) = self.endpoints.try_remove(index) {
            self.alarms.disarm(&mut endpoint.alarm);
            self.let_go(&endpoint.link);
        }
    }

    /// Says that a connection is no more.
    fn let_go(&self, link: &Link) {
        link.rest(|_| true);
        self.quota.give();
        self.kin.tally.closed.add(1);
    }

    fn next(&mut self, now: u64) -> Next {
        let entrance = self.entrance.next_at(now);
        if !self.later.is_empty() {
            return Next::Again;
        }
        let again = now.saturating_add(nanoseconds(OFFER_AGAIN));
        let offer = (!self.waiting.is_empty()).then_some(again);
        let times = [entrance, offer, self.alarms.next_at()];
        let soonest = times.into_iter().flatten().min();
        soonest.map_or(Next::Idle, |at| Next::At(Tick::from_nanos(at)))
    }
}

impl Source for Hub {
    fn poll(&mut self, now: Tick) -> Next {
        let now = now.as_nanos();
        mem::swap(&mut self.cohort, &mut self.later);
        self.collect_ready();
        self.collect_calls(now);
        self.collect_found(now);
        self.dial(now);
        self.collect_due(now);
        self.accept(now);
        self.deliver_waiting(now);
        self.bytes_left = TURN_BYTES_MAX;
        let mut cohort = mem::take(&mut self.cohort);
        let mut visited = 0;
        while let Some(index) = cohort.get(visited).copied()
            && self.bytes_left > 0
        {
            visited += 1;
            self.turn(index, now);
        }
        // Who had no turn has it before those who go on, also with another address.
        cohort.drain(..visited);
        cohort.append(&mut self.later);
        cohort.append(&mut self.cohort);
        mem::swap(&mut self.later, &mut cohort);
        self.cohort = cohort;
        self.next(now)
    }

    fn quiesce(&mut self) {
        self.quiesced = true;
        self.entrance.shut();
    }

    fn is_drained(&self) -> bool {
        self.quiesced
            && self
                .endpoints
                .iter()
                .all(|(_, endpoint)| endpoint.is_at_rest())
    }
}

impl Drop for Hub {
    /// Lets go of connections that are still open: the graph has ended.
    fn drop(&mut self) {
        self.calls.close();
        for Dial { link, .. } in self.dials.close() {
            self.kin.tally.bytes_lost.add(link.end());
            self.let_go(&link);
        }
        for mut endpoint in mem::take(&mut self.endpoints).into_iter().map(|(_, it)| it) {
            let lost = endpoint.abandon(&mut self.scratch);
            self.kin.tally.bytes_lost.add(lost);
            let undelivered = usize::from(endpoint.kept.is_some());
            self.kin.tally.undelivered.add(undelivered);
            self.let_go(&endpoint.link);
        }
    }
}
