//! A socket and its session: bytes in, bytes out, remembered readiness.

use std::io::{self, ErrorKind, IoSlice};

use super::event::StreamEvent;
use super::figures::Tally;
use super::link::Link;
use super::session::{Appetite, News, Session, Step};
use crate::alarms::Alarm;
use crate::buffer::WriteBuffer;
use crate::net::attempts::Attempts;
use crate::reactor::{Readiness, Ready};
use crate::transport::Transport;

/// Blocks that leave in one system call at most.
const SLICES_MAX: usize = 8;
/// Bytes, 1 MiB: read and thrown away at the end, so that the operating system
/// does not reset a connection whose last bytes are still on their way.
const LEFTOVER_BYTES_MAX: usize = 1024 * 1024;

/// One connection of a worker.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// None once the connection has ended.
    socket: Option<Transport>,
    pub(super) link: Link,
    pub(super) session: Session,
    ready: Ready,
    /// The addresses that are left to try.
    pub(super) attempts: Option<Attempts>,
    /// Why the last one did not come about.
    failed: Option<ErrorKind>,
    pub(super) alarm: Option<Alarm>,
    /// The event that the stage has refused.
    pub(super) kept: Option<StreamEvent>,
    pub(super) mark: Mark,
}

/// The lists that a connection is in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// It takes part in this turn, or in the next.
    pub(super) listed: bool,
    /// It waits for the stage to take its event.
    pub(super) waits: bool,
    /// It is read when the stage takes events again.
    pub(super) parched: bool,
}

/// Says whether a connection has more to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thirst {
    /// Not now; something will tell when that changes.
    None,
    /// It may have, and there is room for it.
    More,
}

impl Endpoint {
    pub(super) fn new(socket: Option<Transport>, link: Link, session: Session) -> Self {
        Self {
            socket,
            link,
            session,
            ready: Ready::default(),
            attempts: None,
            failed: None,
            alarm: None,
            kept: None,
            mark: Mark::default(),
        }
    }

    /// Goes on with another address, which must be reached before `until`.
    pub(super) fn try_with(&mut self, socket: Transport, until: u64) {
        self.socket = Some(socket);
        self.ready = Ready::default();
        self.session.try_until(until);
    }

    /// Gives why no connection came about, if another address is to be tried.
    pub(super) const fn take_failed(&mut self) -> Option<ErrorKind> {
        self.failed.take()
    }

    pub(super) const fn socket(&mut self) -> Option<&mut Transport> {
        self.socket.as_mut()
    }

    /// Remembers what the socket has said.
    pub(super) const fn note(&mut self, said: Readiness) {
        self.ready.note(said);
    }

    /// Moves all bytes that can be written, and does what the session says.
    pub(super) fn advance(&mut self, tally: &Tally, now: u64) {
        self.link.attend();
        self.look_for_end(now);
        self.catch_up();
        self.write(tally, now);
        self.obey(tally, now);
    }

    /// Writes what TLS has left to be written, and then the end that had to wait for it.
    fn catch_up(&mut self) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        if !self.ready.write || !socket.is_behind() {
            return;
        }
        match socket.catch_up() {
            Ok(()) if self.session.has_finished() => self.half_close(),
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready.write = false,
            Err(error) => self.session.failed(error.kind()),
        }
    }

    fn half_close(&mut self) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        match socket.finish() {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready.write = false,
            Err(error) => self.session.failed(error.kind()),
        }
    }

    /// Finds out what has become of a connection that comes about, or whether
    /// one has failed whose input has ended already.
    fn look_for_end(&mut self, now: u64) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        if self.session.is_connecting() {
            match socket.progress() {
                Ok(true) => {
                    self.link.agree_on(socket.protocol());
                    self.session.connected(now);
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::debug!(target: "seda", peer = %self.link.peer(), "a connection did not come about: {error}");
                    self.unconnected(error.kind());
                }
            }
        } else if self.session.is_peer_done() && std::mem::take(&mut self.ready.end) {
            match socket.is_connected() {
                Ok(true) => {}
                Ok(false) => self.session.failed(ErrorKind::ConnectionReset),
                Err(error) => self.session.failed(error.kind()),
            }
        }
    }

    /// Has another address be tried, unless it is TLS that has failed.
    fn unconnected(&mut self, why: ErrorKind) {
        if self.attempts.is_some() && why != ErrorKind::InvalidData {
            self.failed = Some(why);
        } else {
            self.session.failed(why);
        }
    }

    fn write(&mut self, tally: &Tally, now: u64) {
        let (session, link) = (&mut self.session, &self.link);
        let Some(socket) = &mut self.socket else {
            return;
        };
        link.outflow(|outflow| session.take(outflow, now));
        while self.ready.write && !session.is_over() && !session.outgoing().is_empty() {
            match send(socket, session.outgoing()) {
                Ok(count) => {
                    tally.bytes_sent.add(count);
                    link.outflow(|outflow| session.wrote(count, outflow, now));
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => self.ready.write = false,
                    ErrorKind::Interrupted => {}
                    kind => session.failed(kind),
                },
            }
        }
    }

    /// Does what the session says, and lets the socket go when it is over.
    fn obey(&mut self, tally: &Tally, now: u64) {
        loop {
            let step = self.link.outflow(|outflow| self.session.step(outflow, now));
            match (step, &self.socket) {
                (Step::Rest, _) | (_, None) => break,
                (Step::Reset, Some(socket)) => socket.reset_at_end(),
                (Step::HalfClose, Some(_)) => self.half_close(),
            }
        }
        if self.session.is_over() {
            self.socket = None;
            tally.bytes_lost.add(self.link.end());
        }
    }

    /// Tells whether a read may bring something that is wanted.
    pub(super) fn may_read(&self) -> bool {
        self.ready.read && self.socket.is_some() && self.appetite() != Appetite::None
    }

    /// Tells whether what can be read is to be thrown away.
    pub(super) fn discards(&self) -> bool {
        self.appetite() == Appetite::Discard
    }

    fn appetite(&self) -> Appetite {
        self.link.outflow(|outflow| self.session.appetite(outflow))
    }

    /// Reads once; returns how many bytes.
    pub(super) fn read(&mut self, scratch: &mut [u8], tally: &Tally, now: u64) -> usize {
        let Some(socket) = &mut self.socket else {
            return 0;
        };
        let mut bytes_read = 0;
        match socket.read(scratch) {
            Ok(0) => {
                self.ready.read = false;
                self.session.input_ended(now);
            }
            Ok(count) => {
                // A short read has mostly emptied the socket, and what comes
                // after it is told anew (epoll(7), question 9).
                let emptied = count < scratch.len() && !socket.has_records();
                self.ready.read = !emptied || self.ready.end;
                let (bytes, _) = scratch.split_at(count);
                bytes_read = count;
                tally.bytes_received.add(count);
                let (session, link) = (&mut self.session, &self.link);
                let fresh = link.fresh(bytes);
                link.outflow(|outflow| session.received(fresh, outflow, now));
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => self.ready.read = false,
                ErrorKind::Interrupted => {}
                kind => self.session.failed(kind),
            },
        }
        self.obey(tally, now);
        bytes_read
    }

    /// Tells whether to go on reading at once.
    pub(super) fn thirst(&self) -> Thirst {
        if self.may_read() && !self.link.hungers() {
            Thirst::More
        } else {
            Thirst::None
        }
    }

    /// Gives the next event for the stage, one that it has refused first.
    pub(super) fn next_event(&mut self, tally: &Tally) -> Option<StreamEvent> {
        if let Some(kept) = self.kept.take() {
            return Some(kept);
        }
        let wish = self.link.outflow(|outflow| outflow.wished());
        let link = self.link.clone();
        Some(match self.session.next_news(wish)? {
            News::Opened => StreamEvent::Opened(link),
            News::Data(bytes) => {
                let received = link.hold(bytes);
                StreamEvent::Data(link, received)
            }
            News::Drained => StreamEvent::Drained(link),
            News::PeerDone => StreamEvent::PeerDone(link),
            News::Closed(end) => {
                tally.count_end(end);
                StreamEvent::Closed(link, end)
            }
        })
    }

    /// Ends the connection if its deadline is over.
    pub(super) fn expire(&mut self, now: u64) {
        if self.is_busy() {
            self.session.stir(now);
        }
        if self.attempts.is_some() && self.session.is_connecting() && self.session.is_late(now) {
            self.failed = Some(ErrorKind::TimedOut);
        } else {
            self.session.expire(now);
        }
    }

    /// Tells whether the peer is silent since it waits for this side: for a
    /// stage, or for bytes that were sent just now.
    fn is_busy(&self) -> bool {
        let unsent = self.link.outflow(|outflow| outflow.unsent());
        let fresh = unsent > self.session.outgoing().len();
        fresh || self.link.hungers() || self.kept.is_some() || self.mark.parched
    }

    /// Has a drain not wait for this connection, if nothing is left to be
    /// written, done or told.
    pub(super) fn rest(&self) {
        if self.kept.is_none() {
            self.link.rest(|outflow| self.session.is_at_rest(outflow));
        }
    }

    /// Tells whether nothing is left to be written, done or told.
    pub(super) fn is_at_rest(&self) -> bool {
        let at_rest = |outflow: &mut _| self.session.is_at_rest(outflow);
        self.kept.is_none() && self.link.outflow(at_rest)
    }

    /// Ends the connection with the graph, in as good order as is possible
    /// without waiting; returns how many bytes are lost.
    pub(super) fn abandon(&mut self, scratch: &mut [u8]) -> usize {
        if let Some(mut socket) = self.socket.take()
            && socket.half_close().is_ok()
        {
            let mut left = LEFTOVER_BYTES_MAX;
            while left > 0 {
                match socket.read(scratch) {
                    Ok(0) | Err(_) => break,
                    Ok(count) => left = left.saturating_sub(count),
                }
            }
        }
        self.link.end()
    }
}

/// Writes once: all blocks together, as far as they fit.
fn send(socket: &mut Transport, outgoing: &WriteBuffer) -> io::Result<usize> {
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let mut count = 0;
    for (slice, block) in slices.iter_mut().zip(outgoing.blocks()) {
        *slice = IoSlice::new(block);
        count += 1;
    }
    let (blocks, _) = slices.split_at(count);
    socket.write(blocks)
}
