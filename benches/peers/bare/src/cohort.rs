//! One turn over the connections that are ready: read, parse, answer, write.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::ops::Range;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use plain::{Ask, Pages, parse};
use slab::Slab;

/// Bytes that one connection may bring in one turn.
const READ_BYTES: usize = plain::HEAD_BYTES_MAX;
/// Bytes that all connections of a cohort may bring; the rest waits for the next one.
const ARENA_BYTES: usize = 1024 * 1024;

/// A connection: buffers hold memory only while bytes wait in them.
struct Connection {
    stream: TcpStream,
    /// The beginning of a request that is not whole.
    input: Vec<u8>,
    /// What the peer does not take yet.
    output: Vec<u8>,
    closes: bool,
}

/// What one connection has in the arena or among the answers.
struct Piece {
    key: usize,
    bytes: Range<usize>,
    closes: bool,
}

/// Owns the connections, and the lists that one turn fills and the next reuses.
pub(crate) struct Server {
    registry: Registry,
    cohort_max: usize,
    connections: Slab<Connection>,
    pages: Pages,
    arena: Vec<u8>,
    reads: Vec<Piece>,
    asks: Vec<(usize, Ask)>,
    answers: Vec<u8>,
    writes: Vec<Piece>,
    /// Connections with more to read than they may bring in one turn.
    again: Vec<Token>,
}

impl Server {
    pub(crate) fn new(registry: Registry, cohort_max: usize) -> Self {
        Self {
            registry,
            cohort_max,
            connections: Slab::new(),
            pages: Pages::default(),
            arena: vec![0; ARENA_BYTES],
            reads: Vec::new(),
            asks: Vec::new(),
            answers: Vec::new(),
            writes: Vec::new(),
            again: Vec::new(),
        }
    }

    pub(crate) fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let entry = self.connections.vacant_entry();
            let token = Token(entry.key());
            // Nobody waits for room to write until a write falls short.
            let readable = Interest::READABLE;
            self.registry.register(&mut stream, token, readable)?;
            entry.insert(Connection {
                stream,
                input: Vec::new(),
                output: Vec::new(),
                closes: false,
            });
        }
    }

    /// Serves the connections that are ready, until nothing more is known to be.
    pub(crate) fn turn(&mut self, ready: &[Token]) {
        self.pages.tick();
        self.cohorts(ready);
        while !self.again.is_empty() {
            let again = mem::take(&mut self.again);
            self.cohorts(&again);
        }
    }

    fn cohorts(&mut self, mut ready: &[Token]) {
        while !ready.is_empty() {
            let taken = self.read(&ready[..ready.len().min(self.cohort_max)]);
            ready = &ready[taken..];
            self.parse();
            self.answer();
            self.write();
        }
    }

    /// Reads from as many as the arena has room for, at least one, and says how many.
    fn read(&mut self, ready: &[Token]) -> usize {
        let mut filled = 0;
        for (taken, token) in ready.iter().enumerate() {
            if filled + plain::HEAD_BYTES_MAX + READ_BYTES > self.arena.len() {
                return taken;
            }
            let Some(connection) = self.connections.get_mut(token.0) else {
                continue;
            };
            if !connection.flush() {
                continue;
            }
            if connection.closes {
                self.connections.remove(token.0);
                continue;
            }
            let start = filled;
            let waiting = mem::take(&mut connection.input);
            filled += waiting.len();
            self.arena[start..filled].copy_from_slice(&waiting);
            let room = &mut self.arena[filled..filled + READ_BYTES];
            match connection.stream.read(room) {
                Ok(count @ 1..) => {
                    filled += count;
                    if count == READ_BYTES {
                        self.again.push(*token);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => {
                    self.connections.remove(token.0);
                    filled = start;
                    continue;
                }
            }
            self.reads.push(Piece {
                key: token.0,
                bytes: start..filled,
                closes: false,
            });
        }
        ready.len()
    }

    fn parse(&mut self) {
        for Piece { key, mut bytes, .. } in self.reads.drain(..) {
            let mut closes = false;
            while !closes && let Some((len, ask)) = parse(&self.arena[bytes.clone()]) {
                self.asks.push((key, ask));
                bytes.start += len;
                closes = ask.closes;
            }
            if !closes && !bytes.is_empty() {
                self.connections[key].input = self.arena[bytes].to_vec();
            }
        }
    }

    fn answer(&mut self) {
        self.answers.clear();
        for (key, ask) in self.asks.drain(..) {
            let start = self.answers.len();
            self.pages.answer(ask, &mut self.answers);
            let end = self.answers.len();
            match self.writes.last_mut() {
                Some(last) if last.key == key => {
                    last.bytes.end = end;
                    last.closes |= ask.closes;
                }
                _ => self.writes.push(Piece {
                    key,
                    bytes: start..end,
                    closes: ask.closes,
                }),
            }
        }
    }

    fn write(&mut self) {
        for Piece { key, bytes, closes } in self.writes.drain(..) {
            let connection = &mut self.connections[key];
            connection.closes |= closes;
            let bytes = &self.answers[bytes];
            let sent = match connection.stream.write(bytes) {
                Ok(sent) => sent,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(_) => {
                    self.connections.remove(key);
                    continue;
                }
            };
            if sent == bytes.len() {
                if connection.closes {
                    self.connections.remove(key);
                }
                continue;
            }
            connection.output = bytes[sent..].to_vec();
            let both = Interest::READABLE | Interest::WRITABLE;
            let stream = &mut connection.stream;
            if self.registry.reregister(stream, Token(key), both).is_err() {
                self.connections.remove(key);
            }
        }
    }
}

impl Connection {
    /// Writes what waits, and says whether everything is written.
    fn flush(&mut self) -> bool {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(sent) => drop(self.output.drain(..sent)),
                Err(_) => return false,
            }
        }
        self.output = Vec::new();
        true
    }
}
