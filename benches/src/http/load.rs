//! Load in a closed loop: every connection asks, waits for its answers, and asks again.
//!
//! wrk does that too. This one opens its connections before it counts, which
//! matters with thousands of them, and can have several requests under way on
//! each, or a connection for each request.

use std::io::{self, ErrorKind, Read, Write};
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
    buffer: Vec<u8>,
    tally: Tally,
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
    /// Begins to open the connections.
    ///
    /// # Errors
    ///
    /// When descriptors or ports lack.
    pub fn open(address: SocketAddr, shape: Shape) -> io::Result<Self> {
        let poll = Poll::new()?;
        let close = match shape.life {
            Life::Kept => "",
            Life::Once => "Connection: close\r\n",
        };
        let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\n{close}\r\n");
        let round = request.repeat(shape.depth as usize).into_bytes();
        let mut slots = Vec::with_capacity(shape.connections);
        for index in 0..shape.connections {
            slots.push(Slot::open(poll.registry(), index, address, &shape, &round)?);
        }
        Ok(Self {
            address,
            shape,
            round,
            poll,
            slots,
            buffer: vec![0; READ_BYTES],
            tally: Tally::new(),
        })
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
        while began.elapsed() < time {
            self.poll.poll(&mut events, Some(GLANCE))?;
            for event in &events {
                self.serve(event.token().0)?;
            }
        }
        self.tally.wall = began.elapsed();
        Ok(std::mem::replace(&mut self.tally, Tally::new()))
    }

    /// Moves one connection on as far as it goes.
    fn serve(&mut self, index: usize) -> io::Result<()> {
        let Some(slot) = self.slots.get_mut(index) else {
            return Ok(());
        };
        loop {
            if !slot.send(&self.round)? {
                return Ok(());
            }
            let over = match slot.stream.read(&mut self.buffer) {
                Ok(0) => true,
                Ok(count) => {
                    let bytes = self.buffer.get(..count).unwrap_or_default();
                    slot.take(bytes, &mut self.tally)?;
                    false
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => true,
                Err(error) => return Err(error),
            };
            if over {
                self.tally.failed += u64::from(slot.owed > 0);
                let registry = self.poll.registry();
                *slot = Slot::open(registry, index, self.address, &self.shape, &self.round)?;
            } else if slot.owed == 0 && self.shape.life == Life::Kept {
                slot.begin(&self.shape, &self.round);
            }
        }
    }
}

impl Slot {
    fn open(
        registry: &Registry,
        index: usize,
        address: SocketAddr,
        shape: &Shape,
        round: &[u8],
    ) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut stream, Token(index), both)?;
        Ok(Self {
            stream,
            began: Instant::now(),
            unsent: round.len(),
            owed: shape.depth,
            input: Vec::new(),
        })
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
            let input = std::mem::take(&mut self.input);
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
