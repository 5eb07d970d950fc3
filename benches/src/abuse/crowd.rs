//! All abusers, on one thread that gives way to everybody else.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use mio::event::Event;
use mio::{Events, Poll};

use crate::abuse::abuser::{Abuser, Next};
use crate::abuse::tricks::{self, Entry};
use crate::http::wire::Door;

/// How much the thread of abusers gives way to that of guests.
const NICE: i32 = 19;
/// Events that one wait takes.
const EVENTS_MAX: usize = 1_024;
/// Bytes that are read at once.
const READ_BYTES: usize = 64 * 1024;
/// How long to wait for events before the clock is looked at.
const GLANCE: Duration = Duration::from_millis(10);
/// How long an abuser is away between two connections, at most.
const AWAY: Duration = Duration::from_secs(1);
/// Addresses that abusers come from, beside that of the guests.
const SOURCES: u8 = 8;

/// Says who abuses, and whom.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Connections that do hardly anything.
    pub idle: usize,
    /// Connections that do something all the time.
    pub active: usize,
    /// The plain server.
    pub plain: Door,
    /// The server under TLS.
    pub secured: Door,
    /// Decides what they do.
    pub seed: u64,
    /// In which time all of them come.
    pub ramp: Duration,
}

/// Is what the crowd does, to be seen from other threads.
#[derive(Debug, Default)]
pub struct Doings {
    /// Connections that there are.
    pub connected: AtomicUsize,
    /// Connections that there were.
    pub connections: AtomicU64,
    /// Connections that did not come about.
    pub refused: AtomicU64,
    /// It is time to go.
    pub over: AtomicBool,
}

/// Is all abusers.
#[derive(Debug)]
pub struct Crowd {
    cast: Cast,
    doings: Arc<Doings>,
    poll: Poll,
    rng: Rng,
    seats: Vec<Seat>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Seat {
    abuser: Option<Abuser>,
    /// When it goes on, or the next one comes.
    next: Next,
}

impl Crowd {
    /// Has everybody come within the time of the ramp.
    ///
    /// # Errors
    ///
    /// When there is no poll.
    pub fn new(cast: Cast, doings: Arc<Doings>) -> io::Result<Self> {
        let mut rng = Rng::with_seed(cast.seed);
        let now = Instant::now();
        let seats = (0..cast.idle + cast.active).map(|_| Seat {
            abuser: None,
            next: Next::OnlyAt(now + cast.ramp.mul_f64(rng.f64())),
        });
        let seats: Vec<Seat> = seats.collect();
        let due = seats.iter().enumerate();
        let due = due.filter_map(|(index, seat)| Some(Reverse((seat.next.at()?, index))));
        let due = due.collect();
        Ok(Self {
            cast,
            doings,
            poll: Poll::new()?,
            rng,
            seats,
            due,
            buffer: vec![0; READ_BYTES],
        })
    }

    /// Abuses until it is over.
    ///
    /// # Errors
    ///
    /// When the poll fails.
    pub fn run(mut self) -> io::Result<()> {
        rustix::process::nice(NICE)?;
        let mut events = Events::with_capacity(EVENTS_MAX);
        while !self.doings.over.load(Ordering::Relaxed) {
            let now = Instant::now();
            let next = self.due.peek().map_or(GLANCE, |Reverse((at, _))| {
                at.saturating_duration_since(now).min(GLANCE)
            });
            self.poll.poll(&mut events, Some(next))?;
            let now = Instant::now();
            for event in &events {
                self.heed(event, now);
            }
            while let Some(Reverse((at, index))) = self.due.peek().copied() {
                if at > now {
                    break;
                }
                self.due.pop();
                // A time that was brought forward or put off is not the last one.
                if self
                    .seats
                    .get(index)
                    .is_some_and(|seat| seat.next.at() == Some(at))
                {
                    self.act(index, now);
                }
            }
        }
        Ok(())
    }

    /// Has an abuser go on who waits for what has happened.
    fn heed(&mut self, event: &Event, now: Instant) {
        let index = event.token().0;
        let Some(seat) = self.seats.get(index) else {
            return;
        };
        let ended = event.is_read_closed() || event.is_error();
        match (&seat.abuser, seat.next) {
            // Nobody rests on a connection that is no more.
            (Some(abuser), Next::At(_)) if abuser.is_resting() && ended => self.leave(index, now),
            (Some(abuser), Next::At(_)) if !abuser.is_resting() => self.act(index, now),
            _ => {}
        }
    }

    fn act(&mut self, index: usize, now: Instant) {
        if self
            .seats
            .get(index)
            .is_some_and(|seat| seat.abuser.is_none())
            && !self.come(index, now)
        {
            return;
        }
        let Some(seat) = self.seats.get_mut(index) else {
            return;
        };
        let Some(abuser) = &mut seat.abuser else {
            return;
        };
        match abuser.act(now, &mut self.buffer) {
            Next::Over => self.leave(index, now),
            next => self.put_off(index, next),
        }
    }

    /// Has somebody come to a seat that is free; tells whether that went well.
    fn come(&mut self, index: usize, now: Instant) -> bool {
        let abuser = self.arrive(index);
        let came = abuser.is_ok();
        if let Some(seat) = self.seats.get_mut(index) {
            seat.abuser = abuser.ok();
        }
        if came {
            self.doings.connections.fetch_add(1, Ordering::Relaxed);
            self.doings.connected.fetch_add(1, Ordering::Relaxed);
        } else {
            self.doings.refused.fetch_add(1, Ordering::Relaxed);
            let at = now + self.away();
            self.put_off(index, Next::OnlyAt(at));
        }
        came
    }

    fn arrive(&mut self, index: usize) -> io::Result<Abuser> {
        let tls = self.cast.secured.tls.as_ref();
        let tls = tls.ok_or_else(|| io::Error::other("a secured door without TLS"))?;
        let script = if index < self.cast.idle {
            tricks::idle(&mut self.rng)
        } else {
            tricks::abuse(&mut self.rng, tls)?
        };
        let from = Some([127, 0, 0, 2 + self.rng.u8(..SOURCES)].into());
        let (plain, secured) = (&self.cast.plain, &self.cast.secured);
        let door = match script.0 {
            Entry::Plain => Door {
                from,
                ..plain.clone()
            },
            Entry::Secured => Door {
                from,
                ..secured.clone()
            },
            Entry::Bare => Door {
                from,
                ..Door::plain(secured.address)
            },
        };
        let mut abuser = Abuser::begin(&door, script)?;
        abuser.register(self.poll.registry(), index)?;
        Ok(abuser)
    }

    fn leave(&mut self, index: usize, now: Instant) {
        let at = now + self.away();
        if let Some(seat) = self.seats.get_mut(index)
            && seat.abuser.take().is_some()
        {
            self.doings.connected.fetch_sub(1, Ordering::Relaxed);
        }
        self.put_off(index, Next::OnlyAt(at));
    }

    fn away(&mut self) -> Duration {
        AWAY.mul_f64(self.rng.f64())
    }

    fn put_off(&mut self, index: usize, next: Next) {
        let Some(seat) = self.seats.get_mut(index) else {
            return;
        };
        if let Some(at) = next.at()
            && seat.next.at() != Some(at)
        {
            self.due.push(Reverse((at, index)));
        }
        seat.next = next;
    }
}
