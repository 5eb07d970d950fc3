//! The server's source on one worker: its connections, driven in cohorts.
//!
//! In each pass all ready sockets are read and what came is parsed while it is
//! in the processor's cache; then all outputs are written. Between two turns the
//! stages handle all that a turn has brought. The same code runs over many
//! connections in a row, which costs less than one connection after the other.

mod bodies;
mod deadlines;
mod ending;

use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use seda_core::{BoxError, Next, Sink, Source, Tick};
use slab::Slab;

use super::connection::Connection;
use super::desk::{Desk, Stepped};
use super::effort::Effort;
use super::exchange::Exchange;
use super::flow::flow_event::FlowEnd;
use super::gathering::Gathering;
use super::inflow::inflow_event::InflowFault;
use super::limits::Limits;
use super::outbox::{Answer, Outbox};
use super::peer::Peer;
use super::premises::Premises;
use crate::net::address::Address;
use crate::net::entrance::{Entrance, LISTENER};
use crate::net::quota::Quota;
use crate::net::socket::{Listening, Socket};
use crate::reactor::{Member, Readiness};
use crate::timer::{Timers, nanoseconds};
use crate::tls::{Endings, TlsServer};
use crate::transport::Transport;

/// Bytes, 64 KiB: read from one socket at once.
const READ_BYTES: usize = 64 * 1024;
/// Passes over the cohort in one turn; who is not through goes on in the next.
const PASSES_MAX: usize = 8;
/// How long an event of a streamed answer that was refused waits, when nothing
/// else brings a turn about.
const TELL_AGAIN: Duration = Duration::from_millis(1);
/// How exactly deadlines are kept.
const RESOLUTION: Duration = Duration::from_millis(1);

/// Is a server on one worker.
#[derive(Debug)]
pub(super) struct Traffic {
    limits: Arc<Limits>,
    tls: Option<TlsServer>,
    member: Member,
    entrance: Entrance,
    quota: Arc<Quota>,
    desk: Desk,
    peers: Slab<Peer>,
    /// The serial number of the next peer.
    serial: u64,
    timers: Timers,
    /// Peers that may get further in this turn.
    cohort: Vec<usize>,
    /// Peers that go on in the next turn.
    later: Vec<usize>,
    /// Peers that the reactor does not watch yet.
    newcomers: Vec<usize>,
    effort: Effort,
    gathering: Gathering,
    ready: Vec<Readiness>,
    answers: Vec<Answer>,
    scratch: Vec<u8>,
    ending: Ending,
}

/// How far the end of a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It serves.
    Far,
    /// It has been asked to end.
    Asked,
    /// It ends; nanoseconds: until when peers without an exchange, and streamed
    /// answers without a piece, are borne with.
    Near { grace: u64, over: bool },
}

/// What becomes of a peer after a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Again,
    Later,
    Rests,
}

impl Traffic {
    /// Makes the source of the current worker.
    pub(super) fn open(
        premises: &Premises,
        listening: Option<Listening>,
        requests: Sink<Exchange>,
    ) -> Result<Self, BoxError> {
        let member = Member::join()?;
        let limits = Arc::clone(&premises.limits);
        let tally = premises.tallies.open();
        let quota = Arc::clone(&premises.quota);
        let entrance = Entrance::open(listening, Arc::clone(&quota), member.clone())?;
        let outbox = Outbox::open(&member, Arc::clone(&tally), Arc::clone(&limits));
        Ok(Self {
            desk: Desk::new(requests, premises, (outbox, tally)),
            timers: Timers::new(0, RESOLUTION, limits.connections_max.max(1)),
            gathering: Gathering::new(&limits),
            limits,
            tls: premises.tls.clone(),
            member,
            entrance,
            quota,
            peers: Slab::new(),
            serial: 0,
            cohort: Vec::new(),
            later: Vec::new(),
            newcomers: Vec::new(),
            effort: Effort::new(),
            ready: Vec::new(),
            answers: Vec::new(),
            scratch: vec![0; READ_BYTES],
            ending: Ending::Far,
        })
    }

    /// Has a peer take part in this turn.
    fn list(&mut self, index: usize) {
        if let Some(peer) = self.peers.get_mut(index)
            && !mem::replace(&mut peer.listed, true)
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
            if let Some(peer) = self.peers.get_mut(index) {
                peer.note(said);
                self.list(index);
            }
        }
        self.ready = ready;
    }

    fn collect_answers(&mut self) {
        let mut answers = mem::take(&mut self.answers);
        self.desk.outbox.take(&mut answers);
        for answer in answers.drain(..) {
            let index = answer.seat.index;
            self.desk.deliver(self.peers.get_mut(index), answer);
            self.list(index);
        }
        self.answers = answers;
    }

    fn accept(&mut self, now: u64) {
        while let Some(accepted) = self.entrance.accept(now, &self.desk.tally.entries) {
            self.admit(accepted, now);
        }
    }

    fn admit(&mut self, (socket, address): (Socket, Address), now: u64) {
        let Ok(caller) = self.desk.allowance.enter(&address, now) else {
            self.desk.tally.crowded.add(1);
            return self.left();
        };
        let transport = match &self.tls {
            None => Ok(Transport::Plain(socket)),
            Some(tls) => tls
                .accept(socket, Endings::Any)
                .map(|secured| Transport::Secured(Box::new(secured))),
        };
        let transport = match transport {
            Ok(transport) => transport,
            Err(error) => return self.turn_away(&error),
        };
        let connection = Connection::new(Arc::clone(&self.limits), now);
        let mut peer = Peer::new((transport, address), self.serial, connection);
        peer.caller = caller;
        self.serial += 1;
        let index = self.peers.insert(peer);
        self.newcomers.push(index);
        self.list(index);
    }

    fn turn_away(&self, error: &io::Error) {
        tracing::warn!(target: "seda", "a connection was not served: {error}");
        self.left();
    }

    /// Has the reactor watch those who have come and now wait for it. Who waits
    /// for an answer is watched a turn later: many have got it by then, and
    /// have left, for whom the reactor was never told.
    fn watch_newcomers(&mut self) {
        let mut newcomers = mem::take(&mut self.newcomers);
        newcomers.retain(|index| {
            let Some(peer) = self.peers.get_mut(*index) else {
                return false;
            };
            if peer.may_leave_soon() {
                return true;
            }
            if let Err(error) = peer.watch(&self.member, LISTENER + 1 + index) {
                tracing::warn!(target: "seda", "a connection is not served: {error}");
                self.remove(*index);
            }
            false
        });
        self.newcomers = newcomers;
    }

    /// Says that a connection has ended.
    fn left(&self) {
        self.desk.tally.closed.add(1);
        self.quota.give();
    }

    /// Takes every peer of the cohort one pass further.
    fn pass(&mut self, now: u64) {
        let mut cohort = mem::take(&mut self.cohort);
        self.effort.share(cohort.len());
        cohort.retain(|index| {
            let Some(peer) = self.peers.get_mut(*index) else {
                return false;
            };
            let weight = peer.weight(self.effort.piece());
            if weight > 0 && self.effort.is_spent() {
                self.effort.postpone(*index);
                return false;
            }
            let read = peer.read(&mut self.scratch, now);
            if weight > 0 {
                self.effort.spend(weight + read);
            }
            let stays = self.desk.step(*index, peer) == Stepped::Rests;
            let gathered = peer.connection.gathered();
            // Whose body was on its way has a weight.
            if weight > 0 || gathered.is_some() {
                self.gathering.note(*index, gathered, now);
            }
            if !stays {
                self.remove(*index);
            }
            stays
        });
        cohort.retain(|index| match self.finish(*index, now) {
            Fate::Again => true,
            Fate::Later => {
                self.later.push(*index);
                false
            }
            Fate::Rests => false,
        });
        self.cohort = cohort;
    }

    /// Writes what a peer has to send, and says how it goes on.
    fn finish(&mut self, index: usize, now: u64) -> Fate {
        let Some(peer) = self.peers.get_mut(index) else {
            return Fate::Rests;
        };
        let unsent = peer.connection.has_output();
        let awaits = peer.flows.is_none() && peer.connection.owes_answer();
        if unsent && peer.may_write() && awaits && !peer.held {
            // The next answer may come at once, and leaves in the same write.
            peer.held = true;
            return Fate::Later;
        }
        peer.held = false;
        peer.write(now, self.effort.piece());
        self.desk.note_written(peer);
        if peer.goes_on() {
            return Fate::Again;
        }
        peer.listed = false;
        self.arm(index);
        Fate::Rests
    }

    fn remove(&mut self, index: usize) {
        if let Some(mut peer) = self.peers.try_remove(index) {
            self.forget_body(index);
            self.desk.end_flows(&mut peer, FlowEnd::Gone);
            self.desk.end_inflow(&mut peer, InflowFault::Gone);
            peer.say_farewell();
            let tally = &self.desk.tally;
            tally.tls_failed.add(usize::from(peer.is_garbled()));
            tally.cut_short.add(usize::from(peer.is_cut_short()));
            if let Some(alarm) = peer.alarm {
                self.timers.cancel(alarm.key);
            }
            self.left();
        }
    }

    fn next(&mut self, now: u64) -> Next {
        let grace = match self.ending {
            Ending::Near { grace, .. } if !self.peers.is_empty() => Some(grace.max(now + 1)),
            _ => None,
        };
        let untold = !self.desk.untold.is_empty();
        let telling = untold.then(|| now.saturating_add(nanoseconds(TELL_AGAIN)));
        if !self.later.is_empty() || !self.newcomers.is_empty() || self.effort.owes() {
            return Next::Again;
        }
        let entrance = self.entrance.next_at(now);
        let times = [entrance, grace, telling, self.timers.next_at()];
        let soonest = times.into_iter().flatten().min();
        soonest.map_or(Next::Idle, |at| Next::At(Tick::from_nanos(at)))
    }
}

impl Source for Traffic {
    fn poll(&mut self, now: Tick) -> Next {
        self.desk.begin(now);
        let now = now.as_nanos();
        mem::swap(&mut self.cohort, &mut self.later);
        self.effort.begin(&mut self.cohort);
        self.desk.untold.tell_again();
        self.collect_ready();
        self.collect_answers();
        self.collect_due(now);
        self.entrance.begin(now, &self.desk.tally.entries);
        self.accept(now);
        self.end(now);
        for _ in 0..PASSES_MAX {
            if self.cohort.is_empty() {
                break;
            }
            self.pass(now);
        }
        self.give_bodies_up(now);
        self.later.append(&mut self.cohort);
        self.watch_newcomers();
        self.desk.untold.count(&self.desk.tally.flows);
        self.next(now)
    }

    fn quiesce(&mut self) {
        if self.ending == Ending::Far {
            self.ending = Ending::Asked;
        }
    }

    fn is_drained(&self) -> bool {
        self.ending != Ending::Asked && self.peers.is_empty() && self.desk.untold.is_empty()
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.desk.outbox.close();
        self.desk.untold.note_ending();
        for mut peer in self.peers.drain() {
            self.desk.end_flows(&mut peer, FlowEnd::Cut);
            peer.break_flow();
            self.desk.end_inflow(&mut peer, InflowFault::Gone);
        }
        let untold = mem::take(&mut self.desk.untold);
        untold.give_up(&self.desk.tally.flows);
    }
}
