//! One abuser: a connection, and how far it is in what it does with it.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::Registry;

use crate::abuse::tricks::{Script, Step};
use crate::http::wire::{Door, Wire};

/// Bytes that a sip takes.
const SIP_BYTES: usize = 512;
/// How long a step that cannot go on waits for an event, before the next one begins.
const PATIENCE: Duration = Duration::from_secs(10);

/// Is one abuser.
#[derive(Debug)]
pub(crate) struct Abuser {
    wire: Wire,
    steps: VecDeque<Step>,
    /// Bytes of the present step that were sent.
    sent: usize,
    /// Until when the present step lasts, once it has begun to wait.
    until: Option<Instant>,
}

/// Says what an abuser does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It goes on at this time, or when something happens on its connection.
    At(Instant),
    /// It goes on at this time, whatever happens.
    OnlyAt(Instant),
    /// It has let go of its connection, or was let go.
    Over,
}

impl Next {
    /// Gives when it goes on.
    pub(crate) const fn at(self) -> Option<Instant> {
        match self {
            Self::At(at) | Self::OnlyAt(at) => Some(at),
            Self::Over => None,
        }
    }
}

impl Abuser {
    /// Connects, and will do what the script says.
    pub(crate) fn begin(door: &Door, (_, steps): Script) -> io::Result<Self> {
        Ok(Self {
            wire: Wire::open(door)?,
            steps,
            sent: 0,
            until: None,
        })
    }

    pub(crate) fn register(&mut self, registry: &Registry, index: usize) -> io::Result<()> {
        self.wire.register(registry, index)
    }

    /// Does what can be done now.
    pub(crate) fn act(&mut self, now: Instant, buffer: &mut [u8]) -> Next {
        // Every pass ends a step or leaves.
        while let Some(step) = self.steps.front_mut() {
            let wire = &mut self.wire;
            let done = match step {
                Step::Send(bytes) => send(wire, bytes, &mut self.sent, usize::MAX),
                Step::Drip { bytes, piece, .. } => send(wire, bytes, &mut self.sent, *piece),
                Step::Sip { times, .. } => sip(wire, times, buffer),
                Step::Read(_) => drain(wire, buffer),
                Step::Rest(_) => Ok(Done::Waits),
                Step::HalfClose => wire.half_close().map(|()| Done::Whole),
                Step::Reset => {
                    let _ = wire.reset_at_end();
                    return Next::Over;
                }
            };
            let waits = match done {
                Ok(Done::Whole) => None,
                Ok(Done::Part) => {
                    self.until = None;
                    Some(Next::OnlyAt(now + step.pause()))
                }
                Ok(Done::Waits) => self.wait(now),
                Err(error) if is_later(&error) => self.wait(now),
                Err(_) => return Next::Over,
            };
            match waits {
                Some(next) => return next,
                None => self.go_on(),
            }
        }
        Next::Over
    }

    /// Tells whether it does nothing.
    pub(crate) fn is_resting(&self) -> bool {
        matches!(self.steps.front(), Some(Step::Rest(_)))
    }

    fn wait(&mut self, now: Instant) -> Option<Next> {
        let lasts = self.steps.front().map_or(PATIENCE, Step::lasts);
        let until = *self.until.get_or_insert(now + lasts);
        (until > now).then_some(Next::At(until))
    }

    fn go_on(&mut self) {
        self.steps.pop_front();
        self.sent = 0;
        self.until = None;
    }
}

impl Step {
    fn pause(&self) -> Duration {
        match self {
            Self::Drip { pause, .. } | Self::Sip { pause, .. } => *pause,
            _ => Duration::ZERO,
        }
    }

    fn lasts(&self) -> Duration {
        match self {
            Self::Read(time) | Self::Rest(time) => *time,
            _ => PATIENCE,
        }
    }
}

/// Says how far a step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Whole,
    /// A piece, and the next one comes after a pause.
    Part,
    /// All that can be done until something happens.
    Waits,
}

fn is_later(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::NotConnected | ErrorKind::Interrupted
    )
}

/// Sends a piece of bytes.
fn send(wire: &mut Wire, bytes: &[u8], sent: &mut usize, piece: usize) -> io::Result<Done> {
    let end = sent.saturating_add(piece).min(bytes.len());
    while let Some(rest) = bytes.get(*sent..end).filter(|rest| !rest.is_empty()) {
        *sent += wire.write(rest)?;
    }
    Ok(if end < bytes.len() {
        Done::Part
    } else {
        Done::Whole
    })
}

fn sip(wire: &mut Wire, times: &mut u32, buffer: &mut [u8]) -> io::Result<Done> {
    let (space, _) = buffer.split_at_mut(SIP_BYTES.min(buffer.len()));
    if *times == 0 {
        return Ok(Done::Whole);
    }
    *times -= 1;
    match wire.read(space) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Err(error) if !is_later(&error) => Err(error),
        _ => Ok(Done::Part),
    }
}

/// Reads until there is nothing more.
fn drain(wire: &mut Wire, buffer: &mut [u8]) -> io::Result<Done> {
    loop {
        if wire.read(buffer)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}
