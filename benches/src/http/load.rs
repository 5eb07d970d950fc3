//! Load in a closed loop: every connection asks, waits for its answers, and asks again.
//!
//! wrk does that too. This one opens its connections before it counts, which
//! matters with thousands of them, and can have several requests under way on
//! each, or a connection for each request.

use std::io::{self, ErrorKind};
use std::mem;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use crate::http::shape::{Life, Shape};
use crate::http::slot::{Progress, Slot};
use crate::http::tally::Tally;
use crate::http::wire::Door;

/// Bytes of a large body that are thrown away at once; much less is read.
const BUFFER_BYTES: usize = 1024 * 1024;
/// Events that one wait takes.
const EVENTS_MAX: usize = 1_024;
/// Connections that are opened at once: half of what waits at the servers'
/// doors, since one that finds no room there comes back a second later.
const WAVE: usize = 512;
/// How long a wave may take until each of its connections was answered.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait for events before the clock is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// Is load on one server.
#[derive(Debug)]
pub struct Load {
    door: Door,
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

impl Load {
    /// Opens the connections; each asks once and then rests.
    ///
    /// # Errors
    ///
    /// When descriptors or ports lack, or a connection is not answered.
    pub fn open(door: Door, shape: Shape) -> io::Result<Self> {
        let close = match shape.life {
            Life::Kept => "",
            Life::Once => "Connection: close\r\n",
        };
        let (path, host) = (shape.path, door.address);
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{close}\r\n");
        let mut load = Self {
            door,
            shape,
            round: request.repeat(shape.depth as usize).into_bytes(),
            poll: Poll::new()?,
            slots: Vec::with_capacity(shape.connections),
            greeted: 0,
            pace: Pace::Opening,
            buffer: vec![0; BUFFER_BYTES],
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
            let mut slot = Slot::open(&self.door, &self.shape, &self.round)?;
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
            match slot.read(&mut self.buffer, &self.shape, &mut self.tally) {
                Ok(Progress::Over) => {
                    self.tally.failed += u64::from(slot.owed > 0);
                    slot.reopen(&self.door, &self.shape, &self.round)?;
                    slot.register(self.poll.registry(), index)?;
                }
                // Only an end may hide behind a short read, and here none is due.
                Ok(Progress::Emptied) => drained = self.shape.life == Life::Kept,
                Ok(Progress::Some) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
            self.greeted += usize::from(slot.greet(&self.shape));
        }
    }
}
