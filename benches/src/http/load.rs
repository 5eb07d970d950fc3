//! Load in a closed loop: every connection asks, waits for its answers, and asks again.
//!
//! wrk does that too. This one opens its connections before it counts, which
//! matters with thousands of them, and can have several requests under way on
//! each, or a connection for each request.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Registry, Token};

use crate::http::answer::Answer;

/// Bytes that one read may bring.
const READ_BYTES: usize = 64 * 1024;
/// Events that one wait takes.
const EVENTS_MAX: usize = 1_024;
/// Nanoseconds, a minute: what took longer is counted as that.
const LATENCY_MAX_NS: u64 = 60_000_000_000;
/// Connections that are opened at once: half of what waits at the servers'
/// doors, since one that finds no room there comes back a second later.
const WAVE: usize = 512;
/// How long a wave may take until each of its connections was answered.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait for events before the clock is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// Says how the load behaves.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Connections that are open at the same time.
    pub connections: usize,
    /// Requests that each sends at once.
    pub depth: u32,
    /// Whether a connection lasts.
    pub life: Life,
}

/// Says how long a connection lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Until the load ends.
    Kept,
    /// For one round of requests; the server closes it.
    Once,
}

/// Is what came of the requests of one run.
#[derive(Debug)]
pub struct Tally {
    /// Answers of status 200.
    pub answered: u64,
    /// Other answers, and connections that ended early.
    pub failed: u64,
    /// How long it took.
    pub wall: Duration,
    /// Nanoseconds from the round's beginning, which may be its connection's,
    /// to the answer.
    pub latency: Histogram<u64>,
}

/// Is load on one server.
#[derive(Debug)]
pub struct Load {
    address: SocketAddr,
    shape: Shape,
    round: Vec<u8>,
    poll: Poll,
    slots: Vec<Slot>,
    /// How many of the slots were answered at least once.
    greeted: usize,
    pace: Pace,
    buffer: Vec<u8>,
    tally: Tally,
}

/// Says what a connection does when it has its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// It rests: a server that is busy with those it has lets nobody in.
    Opening,
    /// It asks again.
    Asking,
}

#[derive(Debug)]
struct Slot {
    stream: TcpStream,
    began: Instant,
    /// Bytes of the round that are not sent yet.
    unsent: usize,
    /// Answers of the round that have not come yet.
    owed: u32,
    /// The beginning of an answer that is not whole.
    input: Vec<u8>,
    /// Whether there was an answer, on this connection or one before it.
    greeted: bool,
}

impl Tally {
    fn new() -> Self {
        Self {
            answered: 0,
            failed: 0,
            wall: Duration::ZERO,
            latency: Histogram::new_with_max(LATENCY_MAX_NS, 3).expect("three digits are allowed"),
        }
    }
}

impl Load {
    /// Opens the connections; each asks once and then rests.
    ///
    /// # Errors
    ///
    /// When descriptors or ports lack, or a connection is not answered.
    pub fn open(address: SocketAddr, shape: Shape) -> io::Result<Self> {
        let close = match shape.life {
            Life::Kept => "",
            Life::Once => "Connection: close\r\n",
        };
        let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\n{close}\r\n");
        let mut load = Self {
            address,
            shape,
            round: request.repeat(shape.depth as usize).into_bytes(),
            poll: Poll::new()?,
            slots: Vec::with_capacity(shape.connections),
            greeted: 0,
            pace: Pace::Opening,
            buffer: vec![0; READ_BYTES],
            tally: Tally::new(),
        };
        while load.slots.len() < shape.connections {
            load.open_wave()?;
        }
        Ok(load)
    }

    fn open_wave(&mut self) -> io::Result<()> {
        let wanted = self.shape.connections.min(self.slots.len() + WAVE);
        for index in self.slots.len()..wanted {
            let mut slot = Slot::open(self.address, &self.shape, &self.round)?;
            slot.register(self.poll.registry(), index)?;
            self.slots.push(slot);
        }
        let mut events = Events::with_capacity(EVENTS_MAX);
        let began = Instant::now();
        while self.greeted < wanted {
            self.turn(&mut events)?;
            if began.elapsed() > PATIENCE {
                let silent = wanted - self.greeted;
                return Err(io::Error::other(format!(
                    "{silent} connections had no answer"
                )));
            }
        }
        Ok(())
    }

    /// Asks for a while, and tells what came back in that time.
    ///
    /// # Errors
    ///
    /// When no connection can be opened any more, or what came is no answer.
    pub fn run(&mut self, time: Duration) -> io::Result<Tally> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let began = Instant::now();
        self.tally = Tally::new();
        if self.pace == Pace::Opening {
            self.pace = Pace::Asking;
            (0..self.slots.len()).try_for_each(|index| self.serve(index))?;
        }
        while began.elapsed() < time {
            self.turn(&mut events)?;
        }
        self.tally.wall = began.elapsed();
        Ok(mem::replace(&mut self.tally, Tally::new()))
    }

    fn turn(&mut self, events: &mut Events) -> io::Result<()> {
        self.poll.poll(events, Some(GLANCE))?;
        for event in &*events {
            self.serve(event.token().0)?;
        }
        Ok(())
    }

    /// Moves one connection on as far as it goes.
    fn serve(&mut self, index: usize) -> io::Result<()> {
        let Some(slot) = self.slots.get_mut(index) else {
            return Ok(());
        };
        let mut drained = false;
        loop {
            if slot.owed == 0 && self.shape.life == Life::Kept && self.pace == Pace::Asking {
                slot.begin(&self.shape, &self.round);
            }
            if !slot.send(&self.round)? || drained {
                return Ok(());
            }
            let over = match slot.stream.read(&mut self.buffer) {
                Ok(0) => true,
                Ok(count) => {
                    let bytes = self.buffer.get(..count).unwrap_or_default();
                    slot.take(bytes, &mut self.tally)?;
                    let first = !slot.greeted && slot.owed < self.shape.depth;
                    slot.greeted |= first;
                    self.greeted += usize::from(first);
                    // Only an end may hide behind a short read, and here none is due.
                    drained = count < READ_BYTES && self.shape.life == Life::Kept;
                    false
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => true,
                Err(error) => return Err(error),
            };
            if over {
                self.tally.failed += u64::from(slot.owed > 0);
                let greeted = slot.greeted;
                *slot = Slot::open(self.address, &self.shape, &self.round)?;
                slot.greeted = greeted;
                slot.register(self.poll.registry(), index)?;
            }
        }
    }
}

impl Slot {
    fn open(address: SocketAddr, shape: &Shape, round: &[u8]) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            began: Instant::now(),
            unsent: round.len(),
            owed: shape.depth,
            input: Vec::new(),
            greeted: false,
        })
    }

    fn register(&mut self, registry: &Registry, index: usize) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut self.stream, Token(index), both)
    }

    fn begin(&mut self, shape: &Shape, round: &[u8]) {
        self.began = Instant::now();
        self.unsent = round.len();
        self.owed = shape.depth;
    }

    /// Sends what is unsent of the round; says whether all of it went.
    fn send(&mut self, round: &[u8]) -> io::Result<bool> {
        while self.unsent > 0 {
            let rest = round.get(round.len() - self.unsent..).unwrap_or_default();
            match self.stream.write(rest) {
                Ok(sent) => self.unsent -= sent,
                // Not yet connected, or no room: an event will say so.
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::NotConnected => return Ok(false),
                    _ => return Err(error),
                },
            }
        }
        Ok(true)
    }

    /// Takes the answers that are whole.
    fn take(&mut self, bytes: &[u8], tally: &mut Tally) -> io::Result<()> {
        if !self.input.is_empty() {
            self.input.extend_from_slice(bytes);
            let input = mem::take(&mut self.input);
            return self.take(&input, tally);
        }
        let mut rest = bytes;
        while let Some(answer) = Answer::find(rest).map_err(io::Error::other)? {
            rest = rest.get(answer.len..).unwrap_or_default();
            self.owed = self.owed.saturating_sub(1);
            if answer.ok {
                let latency = u64::try_from(self.began.elapsed().as_nanos());
                tally.latency.saturating_record(latency.unwrap_or(u64::MAX));
                tally.answered += 1;
            } else {
                tally.failed += 1;
            }
        }
        self.input = rest.to_vec();
        Ok(())
    }
}
