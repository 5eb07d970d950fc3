//! The server's source on one worker: its connections, driven in cohorts.
//!
//! In each pass all ready sockets are read, then all connections step, then all
//! outputs are written: the same code runs over many connections in a row, which
//! costs less than one connection after the other.

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use seda_core::{BoxError, Next, Sink, Source, Tick};
use slab::Slab;

use super::connection::Connection;
use super::desk::{Desk, Stepped};
use super::door::Door;
use super::exchange::Exchange;
use super::limits::Limits;
use super::outbox::{Answer, Outbox};
use super::peer::{Alarm, Peer};
use super::tally::Tallies;
use crate::net::quota::Quota;
use crate::reactor::{Member, Readiness};
use crate::timer::{Timers, nanoseconds};
use crate::tls::TlsServer;
use crate::transport::Transport;

/// Bytes, 64 KiB: read from one socket at once.
const READ_BYTES: usize = 64 * 1024;
/// Passes over the cohort in one turn; who is not through goes on in the next.
const PASSES_MAX: usize = 8;
/// Connections accepted in one turn.
const ACCEPTS_MAX: usize = 64;
/// How exactly deadlines are kept.
const RESOLUTION: Duration = Duration::from_millis(1);
/// How long a drain waits for requests that have begun to arrive, and for peers
/// to read a last answer.
const GRACE: Duration = Duration::from_secs(1);
/// What the listener is registered as; connections come behind it.
const LISTENER: usize = 0;

/// Is what all workers of a server share.
#[derive(Debug)]
pub(super) struct Premises {
    pub(super) limits: Arc<Limits>,
    pub(super) quota: Arc<Quota>,
    pub(super) tallies: Tallies,
    pub(super) tls: Option<TlsServer>,
}

/// Is a server on one worker.
#[derive(Debug)]
pub(super) struct Traffic {
    limits: Arc<Limits>,
    tls: Option<TlsServer>,
    member: Member,
    door: Door,
    desk: Desk,
    peers: Slab<Peer>,
    /// The serial number of the next peer.
    serial: u64,
    timers: Timers,
    /// Peers that may get further in this turn.
    cohort: Vec<usize>,
    /// Peers that go on in the next turn.
    later: Vec<usize>,
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
    /// It ends; nanoseconds: until when peers without an exchange are borne with.
    Near { grace: u64 },
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
        listener: TcpListener,
        requests: Sink<Exchange>,
    ) -> Result<Self, BoxError> {
        let member = Member::join()?;
        let limits = Arc::clone(&premises.limits);
        let tally = premises.tallies.open();
        let mut door = Door::new(listener, Arc::clone(&premises.quota), Arc::clone(&tally));
        if let Some(listener) = door.listener() {
            member.register(listener, LISTENER)?;
        }
        let outbox = Outbox::open(&member, Arc::clone(&tally));
        Ok(Self {
            desk: Desk::new(requests, limits.timeouts.request, outbox, tally),
            timers: Timers::new(0, RESOLUTION, limits.connections_max.max(1)),
            limits,
            tls: premises.tls.clone(),
            member,
            door,
            peers: Slab::new(),
            serial: 0,
            cohort: Vec::new(),
            later: Vec::new(),
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
                self.door.knock();
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

    fn collect_due(&mut self, now: u64) {
        while let Some(token) = self.timers.pop(now) {
            let Ok(index) = usize::try_from(token) else {
                continue;
            };
            if let Some(peer) = self.peers.get_mut(index) {
                peer.alarm = None;
                self.desk.note_deadline(peer);
                self.list(index);
            }
        }
    }

    fn accept(&mut self, now: u64, most: usize) {
        for _ in 0..most {
            let Some(accepted) = self.door.accept(now) else {
                return;
            };
            self.admit(accepted, now);
        }
    }

    fn admit(&mut self, (stream, address): (TcpStream, SocketAddr), now: u64) {
        let transport = match &self.tls {
            None => Ok(Transport::Plain(stream)),
            Some(tls) => tls
                .accept(stream)
                .map(|secured| Transport::Secured(Box::new(secured))),
        };
        let transport = match transport {
            Ok(transport) => transport,
            Err(error) => return self.turn_away(&error),
        };
        let connection = Connection::new(Arc::clone(&self.limits), now);
        let mut peer = Peer::new((transport, address), self.serial, connection);
        self.serial += 1;
        let entry = self.peers.vacant_entry();
        let index = entry.key();
        match self.member.register(peer.stream(), LISTENER + 1 + index) {
            Ok(()) => {
                entry.insert(peer);
                self.list(index);
            }
            Err(error) => self.turn_away(&error),
        }
    }

    fn turn_away(&self, error: &io::Error) {
        tracing::warn!(target: "seda", "a connection was not served: {error}");
        self.door.left();
    }

    /// Takes every peer of the cohort one pass further.
    fn pass(&mut self, now: u64) {
        let mut cohort = mem::take(&mut self.cohort);
        for index in &cohort {
            if let Some(peer) = self.peers.get_mut(*index) {
                peer.read(&mut self.scratch, now);
            }
        }
        cohort.retain(|index| {
            let peer = self.peers.get_mut(*index);
            let stays = peer.is_some_and(|peer| self.desk.step(*index, peer) == Stepped::Rests);
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
        if unsent && peer.may_write() && peer.connection.owes_answer() && !peer.held {
            // The next answer may come at once, and leaves in the same write.
            peer.held = true;
            return Fate::Later;
        }
        peer.held = false;
        peer.write(now);
        if peer.goes_on() {
            return Fate::Again;
        }
        peer.listed = false;
        self.arm(index);
        Fate::Rests
    }

    /// Sees that a timer goes off at a peer's deadline at the latest. One that
    /// goes off early is armed anew then, which is cheaper than at each request.
    fn arm(&mut self, index: usize) {
        let Some(peer) = self.peers.get_mut(index) else {
            return;
        };
        let Some(deadline) = peer.connection.deadline() else {
            return;
        };
        match peer.alarm {
            Some(alarm) if alarm.at <= deadline.at => return,
            Some(alarm) => {
                self.timers.cancel(alarm.key);
            }
            None => {}
        }
        let at = deadline.at;
        let armed = self.timers.arm(at, index as u64);
        // There are as many timers as connections.
        peer.alarm = armed.ok().map(|key| Alarm { key, at });
    }

    fn remove(&mut self, index: usize) {
        if let Some(mut peer) = self.peers.try_remove(index) {
            peer.say_farewell();
            self.desk
                .tally
                .tls_failed
                .add(usize::from(peer.is_garbled()));
            if let Some(alarm) = peer.alarm {
                self.timers.cancel(alarm.key);
            }
            self.door.left();
        }
    }

    /// Goes on with the end, once it has been asked for.
    fn end(&mut self, now: u64) {
        match self.ending {
            Ending::Asked => {
                // Who has connected already is not turned away without a look.
                self.door.knock();
                self.accept(now, self.limits.connections_max);
                self.door.shut();
                let grace = now.saturating_add(nanoseconds(GRACE));
                self.ending = Ending::Near { grace };
                self.retire_all();
            }
            Ending::Near { grace } if grace <= now => self.remove_idle(),
            Ending::Far | Ending::Near { .. } => {}
        }
    }

    /// Asks every connection to end behind the request that is in hand, or on its way.
    fn retire_all(&mut self) {
        let indices: Vec<usize> = self.peers.iter().map(|(index, _)| index).collect();
        for index in indices {
            if let Some(peer) = self.peers.get_mut(index) {
                peer.connection.retire();
                peer.try_again();
                self.list(index);
            }
        }
    }

    /// Ends the connections that owe nothing.
    fn remove_idle(&mut self) {
        let idle = |peer: &Peer| !peer.connection.owes_answer() && !peer.connection.has_output();
        let peers = self.peers.iter().filter(|(_, peer)| idle(peer));
        let indices: Vec<usize> = peers.map(|(index, _)| index).collect();
        for index in indices {
            self.remove(index);
        }
    }

    fn next(&mut self, now: u64) -> Next {
        let grace = match self.ending {
            Ending::Near { grace } if !self.peers.is_empty() => Some(grace.max(now + 1)),
            _ => None,
        };
        let door = self.door.next_at(now);
        if door == Some(now) || !self.later.is_empty() {
            return Next::Again;
        }
        let times = [door, grace, self.timers.next_at()];
        let soonest = times.into_iter().flatten().min();
        soonest.map_or(Next::Idle, |at| Next::At(Tick::from_nanos(at)))
    }
}

impl Source for Traffic {
    fn poll(&mut self, now: Tick) -> Next {
        self.desk.begin(now);
        let now = now.as_nanos();
        mem::swap(&mut self.cohort, &mut self.later);
        self.collect_ready();
        self.collect_answers();
        self.collect_due(now);
        self.accept(now, ACCEPTS_MAX);
        self.end(now);
        for _ in 0..PASSES_MAX {
            if self.cohort.is_empty() {
                break;
            }
            self.pass(now);
        }
        self.later.append(&mut self.cohort);
        self.next(now)
    }

    fn quiesce(&mut self) {
        if self.ending == Ending::Far {
            self.ending = Ending::Asked;
        }
    }

    fn is_drained(&self) -> bool {
        self.ending != Ending::Asked && self.peers.is_empty()
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.desk.outbox.close();
    }
}
