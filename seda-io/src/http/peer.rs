//! A socket and its connection: bytes in, bytes out, remembered readiness.

use std::io;
use std::mem;
use std::sync::Arc;

use super::connection::Connection;
use super::dues::Turn;
use super::flows::Flows;
use super::inflow::spring::Spring;
use crate::net::address::Address;
use crate::net::callers::Caller;
use crate::reactor::{Member, Readiness, Ready};
use crate::timer::TimerKey;
use crate::transport::Transport;

/// Bytes, 128 KiB, of effort that a step of a handshake is worth.
const HANDSHAKE_WEIGHT: usize = 128 * 1024;
/// Bytes, 4 KiB, of effort that it is worth to take up a peer that wants much.
const VISIT_WEIGHT: usize = 4 * 1024;
/// How many times cheaper than other bytes those of a file are, which the system
/// sends without a copy.
const FILE_EASE: usize = 16;

/// One connected peer.
#[derive(Debug)]
pub(super) struct Peer {
    transport: Transport,
    pub(super) address: Address,
    /// Its part of what its address may have and ask, where that is limited.
    pub(super) caller: Option<Box<Caller>>,
    pub(super) serial: u64,
    pub(super) connection: Connection,
    ready: Ready,
    pub(super) alarm: Option<Alarm>,
    pub(super) rest: Rest,
    /// It is in the cohort, or in the one to come.
    pub(super) listed: bool,
    /// Its output waits one turn for the answer that is due, to leave with it.
    pub(super) held: bool,
    /// Its streamed answers; few peers have any.
    pub(super) flows: Option<Box<Flows>>,
    /// Its body that is handed out in pieces.
    pub(super) inflow: Option<Arc<Spring>>,
    health: Health,
    watched: Watched,
    /// The system holds what was written last until it hears of the end.
    ending: bool,
}

/// Says whether the reactor tells what the socket would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    Not,
    /// From the next turn on.
    Soon,
    Yes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Well,
    /// The socket has failed.
    Broken,
    /// No TLS could be agreed on, or what came is none.
    Garbled,
    /// A file became shorter while it was sent.
    CutShort,
}

/// The timer that is armed for a peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alarm {
    pub(super) key: TimerKey,
    /// Nanoseconds.
    pub(super) at: u64,
}

/// What a connection that has gone as far as it can is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Bytes to read.
    Bytes,
    /// The answer of a stage.
    Answer,
    /// Its output to be taken.
    Writing,
    /// Its turn: it has done much in this one.
    Turn,
}

impl Peer {
    pub(super) fn new(
        (transport, address): (Transport, Address),
        serial: u64,
        connection: Connection,
    ) -> Self {
        Self {
            transport,
            address,
            caller: None,
            serial,
            connection,
            // Clients seldom connect without saying something at once.
            ready: Ready::default(),
            alarm: None,
            rest: Rest::Bytes,
            listed: false,
            held: false,
            flows: None,
            inflow: None,
            health: Health::Well,
            watched: Watched::Not,
            ending: false,
        }
    }

    /// Tells whether it has just come, and may be through before the reactor
    /// needs to watch it; this is so only once after a turn.
    pub(super) fn may_leave_soon(&mut self) -> bool {
        let waits = matches!(self.rest, Rest::Answer) || self.listed;
        self.watched == Watched::Not && waits && {
            self.watched = Watched::Soon;
            true
        }
    }

    /// Has the reactor watch it, if it does not yet.
    pub(super) fn watch(&mut self, member: &Member, index: usize) -> io::Result<()> {
        if self.watched != Watched::Yes {
            member.register(self.transport.watched(), index)?;
            self.watched = Watched::Yes;
        }
        Ok(())
    }

    /// Tells whether no TLS could be agreed on, or what came was none.
    pub(super) const fn is_garbled(&self) -> bool {
        matches!(self.health, Health::Garbled)
    }

    /// Tells whether an answer broke off, since its file became shorter.
    pub(super) const fn is_cut_short(&self) -> bool {
        matches!(self.health, Health::CutShort)
    }

    /// Says what is to be said before the socket is closed.
    pub(super) fn say_farewell(&mut self) {
        if !self.is_broken() {
            self.transport.say_farewell();
        }
        if mem::take(&mut self.ending) {
            // Before it is closed: if anything unread came, that would be a reset,
            // and take the answer with it.
            drop(self.transport.half_close());
        }
    }

    /// Remembers what the socket has said.
    pub(super) const fn note(&mut self, said: Readiness) {
        self.ready.note(said);
    }

    /// Has the next turn try to read, whatever the socket has said.
    pub(super) const fn try_again(&mut self) {
        self.ready.read = true;
    }

    /// Tells whether a body comes in at that turn, to somebody who wants it.
    pub(super) fn is_inflowing(&self, turn: Turn) -> bool {
        self.inflow.is_some() && self.connection.inflowing() == Some(turn)
    }

    /// Asks for nothing more of the body that comes in. What comes of another
    /// protocol is thrown away, so that its end is seen.
    pub(super) fn leave_inflow(&mut self) {
        if !self.connection.is_upgraded() {
            self.inflow = None;
        }
    }

    pub(super) const fn is_broken(&self) -> bool {
        !matches!(self.health, Health::Well)
    }

    /// Tells whether a read may bring something that there is room for.
    pub(super) fn may_read(&self) -> bool {
        self.ready.read && !self.is_broken() && self.connection.room() > 0
    }

    /// Tells whether a write may take something.
    pub(super) const fn may_write(&self) -> bool {
        self.ready.write && !self.is_broken()
    }

    /// Gives what it costs to take up this peer and write a piece for it, in
    /// bytes of effort; 0 when it wants no more than others.
    pub(super) fn weight(&self, piece: usize) -> usize {
        if self.transport.is_shaking() {
            HANDSHAKE_WEIGHT
        } else if self.may_write() && self.connection.has_much_output() {
            (self.connection.output_len() / self.ease()).min(piece)
        } else if self.connection.sends_much() {
            VISIT_WEIGHT
        } else {
            0
        }
    }

    /// Tells how many bytes of what is sent next are worth one of effort.
    fn ease(&self) -> usize {
        if self.transport.is_plain() && self.connection.output_file().is_some() {
            FILE_EASE
        } else {
            1
        }
    }

    /// Reads once, if there may be something and there is room for it; returns
    /// how many bytes came.
    pub(super) fn read(&mut self, scratch: &mut [u8], now: u64) -> usize {
        if !self.may_read() {
            return 0;
        }
        let room = self.connection.room().min(scratch.len());
        let (space, _) = scratch.split_at_mut(room);
        match self.transport.read(space) {
            Ok(0) => {
                self.ready.read = false;
                self.connection.end_input();
            }
            Ok(count) => {
                let more = self.ready.end || self.transport.has_records();
                self.ready.read = count == room || more;
                let (bytes, _) = space.split_at(count);
                self.connection.feed(bytes, now);
                return count;
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => self.ready.read = false,
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::InvalidData => {
                    tracing::debug!(target: "seda", peer = %self.address, "no TLS: {error}");
                    self.health = Health::Garbled;
                }
                _ => self.health = Health::Broken,
            },
        }
        0
    }

    /// Writes until all is written, the socket takes no more, or a piece worth
    /// so many bytes of effort is, and it is another's turn.
    pub(super) fn write(&mut self, now: u64, piece: usize) {
        let most = piece * self.ease();
        if self.may_write() && self.transport.is_behind() {
            self.catch_up();
        }
        let mut written = 0;
        while written < most && self.may_write() && self.connection.has_output() {
            match self.send(most - written) {
                Ok(count) => {
                    written += count;
                    self.connection.sent(count, now);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => self.ready.write = false,
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::UnexpectedEof => {
                        tracing::warn!(target: "seda", peer = %self.address, "an answer broke off: {error}");
                        self.health = Health::CutShort;
                    }
                    _ => self.health = Health::Broken,
                },
            }
        }
        if written >= most {
            self.rest = Rest::Turn;
        }
    }

    /// Writes once.
    fn send(&mut self, most: usize) -> io::Result<usize> {
        if let Some(block) = self.connection.last_block()
            && block.len() <= most
        {
            self.ending = self.transport.is_plain();
            return self.transport.send_last(block);
        }
        self.transport.send(self.connection.output_buffer(), most)
    }

    /// Writes what is left of a handshake.
    fn catch_up(&mut self) {
        match self.transport.catch_up() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.ready.write = false,
            Err(_) => self.health = Health::Broken,
            Ok(()) if self.connection.has_half_closed() => self.half_close(),
            Ok(()) => {}
        }
    }

    /// Takes an end of what it sends for one only if it says so, where it can.
    pub(super) fn expect_farewell(&mut self) {
        self.transport.expect_farewell();
    }

    /// Tells the peer that nothing more will be written: when all of TLS's
    /// farewell is in the socket, if that is full now.
    pub(super) fn half_close(&mut self) {
        self.ending = false;
        match self.transport.finish() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.ready.write = false,
            Err(_) => self.health = Health::Broken,
            Ok(()) => {}
        }
    }

    /// Breaks the body off that is flowing, in such a way that the peer sees it
    /// even if the socket is closed at once.
    pub(super) fn break_flow(&mut self) {
        self.connection.break_flow();
        if self.connection.is_failing() {
            self.reset_at_end();
        }
    }

    /// Has the socket end with a reset: the peer sees an error instead of an end.
    pub(super) fn reset_at_end(&mut self) {
        self.health = Health::Broken;
        self.transport.reset_at_end();
    }

    /// Tells whether another pass would bring this peer further.
    pub(super) fn goes_on(&self) -> bool {
        match self.rest {
            _ if self.is_broken() => true,
            Rest::Turn => true,
            Rest::Writing => !self.connection.has_output() || self.may_read(),
            Rest::Bytes | Rest::Answer => self.may_read(),
        }
    }
}
