//! A socket and its connection: bytes in, bytes out, remembered readiness.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};

use mio::net::TcpStream;

use super::connection::Connection;
use crate::reactor::Readiness;
use crate::timer::TimerKey;

/// Bytes, 1 MiB: so much is written to one socket before others have their turn.
const WRITE_MAX: usize = 1024 * 1024;
/// Blocks of output that leave in one system call at most.
const SLICES_MAX: usize = 8;

/// One connected peer.
#[derive(Debug)]
pub(super) struct Peer {
    stream: TcpStream,
    pub(super) address: SocketAddr,
    pub(super) serial: u64,
    pub(super) connection: Connection,
    ready: Ready,
    pub(super) alarm: Option<Alarm>,
    pub(super) rest: Rest,
    /// It is in the cohort, or in the one to come.
    pub(super) listed: bool,
    /// Its output waits one turn for the answer that is due, to leave with it.
    pub(super) held: bool,
    /// The socket has failed.
    broken: bool,
}

/// What the socket would do without blocking, as far as is known: it is asked
/// until it would block, and then tells once when that changes.
#[derive(Debug)]
struct Ready {
    read: bool,
    write: bool,
    /// An end or an error is to be read behind the bytes.
    end: bool,
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
        (stream, address): (TcpStream, SocketAddr),
        serial: u64,
        connection: Connection,
    ) -> Self {
        Self {
            stream,
            address,
            serial,
            connection,
            // Clients seldom connect without saying something at once.
            ready: Ready {
                read: true,
                write: true,
                end: false,
            },
            alarm: None,
            rest: Rest::Bytes,
            listed: false,
            held: false,
            broken: false,
        }
    }

    pub(super) const fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Remembers what the socket has said.
    pub(super) const fn note(&mut self, said: Readiness) {
        self.ready.read |= said.readable;
        self.ready.write |= said.writable;
        self.ready.end |= said.ended;
    }

    /// Has the next turn try to read, whatever the socket has said.
    pub(super) const fn try_again(&mut self) {
        self.ready.read = true;
    }

    pub(super) const fn is_broken(&self) -> bool {
        self.broken
    }

    /// Tells whether a read may bring something that there is room for.
    pub(super) fn may_read(&self) -> bool {
        self.ready.read && !self.broken && self.connection.room() > 0
    }

    /// Tells whether a write may take something.
    pub(super) const fn may_write(&self) -> bool {
        self.ready.write && !self.broken
    }

    /// Reads once, if there may be something and there is room for it.
    pub(super) fn read(&mut self, scratch: &mut [u8], now: u64) {
        if !self.may_read() {
            return;
        }
        let room = self.connection.room().min(scratch.len());
        let (space, _) = scratch.split_at_mut(room);
        match self.stream.read(space) {
            Ok(0) => {
                self.ready.read = false;
                self.connection.end_input();
            }
            Ok(count) => {
                // A short read has emptied the socket, and what comes after it
                // is told anew (epoll(7), question 9).
                self.ready.read = count == room || self.ready.end;
                let (bytes, _) = space.split_at(count);
                self.connection.feed(bytes, now);
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => self.ready.read = false,
                io::ErrorKind::Interrupted => {}
                _ => self.broken = true,
            },
        }
    }

    /// Writes until all is written, the socket takes no more, or it is another's turn.
    pub(super) fn write(&mut self, now: u64) {
        let mut most = WRITE_MAX;
        while most > 0 && self.may_write() && self.connection.has_output() {
            match send(&mut self.stream, &self.connection) {
                Ok(count) => {
                    most = most.saturating_sub(count);
                    self.connection.sent(count, now);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => self.ready.write = false,
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::UnexpectedEof => {
                        tracing::warn!(target: "seda", peer = %self.address, "an answer broke off: {error}");
                        self.broken = true;
                    }
                    _ => self.broken = true,
                },
            }
        }
        if most == 0 {
            self.rest = Rest::Turn;
        }
    }

    /// Tells the peer that nothing more will be written.
    pub(super) fn half_close(&mut self) {
        if self.stream.shutdown(Shutdown::Write).is_err() {
            self.broken = true;
        }
    }

    /// Tells whether another pass would bring this peer further.
    pub(super) fn goes_on(&self) -> bool {
        match self.rest {
            _ if self.broken => true,
            Rest::Turn => true,
            Rest::Writing => !self.connection.has_output() || self.may_read(),
            Rest::Bytes | Rest::Answer => self.may_read(),
        }
    }
}

/// Writes once: a stretch of a file, or all blocks of the output together, as far as they fit.
fn send(stream: &mut TcpStream, connection: &Connection) -> io::Result<usize> {
    if let Some((range, sent)) = connection.output_file() {
        return range.send(&*stream, sent as u64, WRITE_MAX);
    }
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let mut count = 0;
    for (slice, block) in slices.iter_mut().zip(connection.output_blocks()) {
        *slice = IoSlice::new(block);
        count += 1;
    }
    let (blocks, _) = slices.split_at(count);
    match blocks {
        [block] => stream.write(block),
        blocks => stream.write_vectored(blocks),
    }
}
