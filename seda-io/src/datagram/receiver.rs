//! The source on one worker: datagrams in batches, offered at once.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use mio::unix::SourceFd;
use seda_core::{BoxError, Next, Reason, Sink, Source, Tick};

use super::port::Port;
use super::post::{Datagram, Post};
use super::sums::Tally;
use crate::reactor::{Member, Readiness};

/// Batches read in one turn; what is left is read in the next.
const BATCHES_MAX: usize = 4;
/// Errors of reads in one turn; each stands for a datagram that was lost elsewhere.
const FAILURES_MAX: usize = 64;
/// How long refused datagrams wait, when nothing else brings a turn about.
const OFFER_AGAIN: Duration = Duration::from_millis(1);

/// Receives the datagrams of one worker.
#[derive(Debug)]
pub(super) struct Receiver {
    /// None where another worker has the only socket.
    port: Option<Arc<Port>>,
    tally: Arc<Tally>,
    events: Sink<Datagram>,
    member: Member,
    ready: Vec<Readiness>,
    readable: bool,
    /// Received, and not taken by the stage yet.
    kept: VecDeque<Datagram>,
    scratch: Vec<u8>,
    batch_max: usize,
    quiesced: bool,
}

/// Says how a read of a batch has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    /// There may be more.
    Full,
    /// There is nothing more.
    Empty,
}

impl Receiver {
    /// Makes the source of the current worker, for datagrams of at most `bytes_max` bytes.
    pub(super) fn open(
        port: Option<Arc<Port>>,
        events: Sink<Datagram>,
        tally: Arc<Tally>,
        (batch_max, bytes_max): (usize, usize),
    ) -> Result<Self, BoxError> {
        let member = Member::join()?;
        if let Some(port) = &port {
            member.register_reading(&mut SourceFd(&port.as_raw_fd()), 0)?;
        }
        Ok(Self {
            readable: port.is_some(),
            port,
            tally,
            events,
            member,
            ready: Vec::new(),
            kept: VecDeque::new(),
            // One byte more shows a datagram that is too long.
            scratch: vec![0; bytes_max + 1],
            batch_max: batch_max.max(1),
            quiesced: false,
        })
    }

    /// Reads up to a batch of datagrams behind what is kept.
    fn read(&mut self) -> Read {
        let Some(port) = &self.port else {
            return Read::Empty;
        };
        let mut failures = 0;
        while self.kept.len() < self.batch_max && failures < FAILURES_MAX {
            match port.receive(&mut self.scratch) {
                Ok((count, _)) if count == self.scratch.len() => self.tally.too_long.add(1),
                Ok((count, from)) => {
                    let (bytes, _) = self.scratch.split_at(count);
                    self.tally.received.add(1);
                    self.kept.push_back(Datagram {
                        bytes: bytes.to_vec(),
                        from,
                        post: Post::new(Arc::clone(port), Arc::clone(&self.tally)),
                    });
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Read::Empty,
                    ErrorKind::Interrupted => {}
                    _ => {
                        failures += 1;
                        self.tally.failed.add(1);
                    }
                },
            }
        }
        Read::Full
    }

    /// Offers what is kept: all of it at once, or else as much as there is room for.
    fn offer(&mut self) {
        if self.kept.is_empty() {
            return;
        }
        let Err(rejected) = self.events.enqueue_all(self.kept.drain(..).collect()) else {
            return;
        };
        self.kept.extend(rejected.event);
        while let Some(datagram) = self.kept.pop_front() {
            if let Err(rejected) = self.events.enqueue(datagram) {
                let ends = self.quiesced && rejected.reason == Reason::Closed;
                let reliable = self.port.as_ref().is_some_and(|port| port.is_reliable());
                if reliable && !ends {
                    self.tally.postponed.add(1);
                    self.kept.push_front(rejected.event);
                } else {
                    self.tally.dropped.add(1 + self.kept.len());
                    self.kept.clear();
                }
                return;
            }
        }
    }
}

impl Source for Receiver {
    fn poll(&mut self, now: Tick) -> Next {
        self.member.take_ready(&mut self.ready);
        self.readable |= self.ready.drain(..).any(|said| said.readable);
        self.offer();
        for _ in 0..BATCHES_MAX {
            if !self.readable || self.quiesced || !self.kept.is_empty() {
                break;
            }
            self.readable = self.read() == Read::Full;
            self.offer();
        }
        if !self.kept.is_empty() {
            Next::At(now.after(OFFER_AGAIN))
        } else if self.readable && !self.quiesced {
            Next::Again
        } else {
            Next::Idle
        }
    }

    fn quiesce(&mut self) {
        self.quiesced = true;
    }

    fn is_drained(&self) -> bool {
        self.kept.is_empty()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.tally.dropped.add(self.kept.len());
    }
}
