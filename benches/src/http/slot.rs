//! One connection of a load: a round of requests after the other, and their answers.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::time::Instant;

use mio::Registry;

use crate::http::answer::Answer;
use crate::http::shape::Shape;
use crate::http::tally::Tally;
use crate::http::wire::{Door, Wire};

/// Bytes that one read may bring; larger bodies are thrown away.
const READ_BYTES: usize = 64 * 1024;

/// Is one connection.
#[derive(Debug)]
pub(crate) struct Slot {
    wire: Wire,
    began: Instant,
    /// Bytes of the round that are not sent yet.
    unsent: usize,
    /// Answers of the round that have not come yet.
    pub(crate) owed: u32,
    /// The beginning of an answer whose head is not whole.
    input: Vec<u8>,
    /// The answer whose body is on its way.
    answer: Option<Arriving>,
    /// Whether there was an answer, on this connection or one before it.
    greeted: bool,
}

/// Is an answer whose head is there.
#[derive(Clone, Copy, Debug)]
struct Arriving {
    /// Bytes of its body that have not come yet.
    left: usize,
    /// Whether it is the right one.
    right: bool,
}

/// Says what a read has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Bytes, and there may be more.
    Some,
    /// Bytes, and there were no more.
    Emptied,
    /// The end.
    Over,
}

impl Slot {
    pub(crate) fn open(door: &Door, shape: &Shape, round: &[u8]) -> io::Result<Self> {
        Ok(Self {
            wire: Wire::open(door)?,
            began: Instant::now(),
            unsent: round.len(),
            owed: shape.depth,
            input: Vec::new(),
            answer: None,
            greeted: false,
        })
    }

    /// Begins anew with another connection.
    pub(crate) fn reopen(&mut self, door: &Door, shape: &Shape, round: &[u8]) -> io::Result<()> {
        let greeted = self.greeted;
        *self = Self::open(door, shape, round)?;
        self.greeted = greeted;
        Ok(())
    }

    pub(crate) fn register(&mut self, registry: &Registry, index: usize) -> io::Result<()> {
        self.wire.register(registry, index)
    }

    /// Begins the next round.
    pub(crate) fn begin(&mut self, shape: &Shape, round: &[u8]) {
        self.began = Instant::now();
        self.unsent = round.len();
        self.owed = shape.depth;
    }

    /// Sends what is unsent of the round; says whether all of it went.
    pub(crate) fn send(&mut self, round: &[u8]) -> io::Result<bool> {
        while self.unsent > 0 {
            let rest = round.get(round.len() - self.unsent..).unwrap_or_default();
            match self.wire.write(rest) {
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

    /// Reads once, and takes the answers that are whole.
    pub(crate) fn read(
        &mut self,
        buffer: &mut [u8],
        shape: &Shape,
        tally: &mut Tally,
    ) -> io::Result<Progress> {
        let left = self.answer.map_or(0, |answer| answer.left);
        let discards = left > READ_BYTES;
        let wanted = if discards { left } else { READ_BYTES };
        let (space, _) = buffer.split_at_mut(wanted.min(buffer.len()));
        let read = if discards {
            self.wire.discard(space)
        } else {
            self.wire.read(space)
        };
        let count = match read {
            Ok(0) => return Ok(Progress::Over),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(Progress::Over),
            read => read?,
        };
        let emptied = count < space.len() && !self.wire.has_records();
        if discards {
            self.answer = self.answer.map(|answer| answer.after(count));
            self.finish(tally);
        } else {
            let (bytes, _) = space.split_at(count);
            self.take(bytes, shape, tally)?;
        }
        Ok(if emptied {
            Progress::Emptied
        } else {
            Progress::Some
        })
    }

    /// Tells, once, that there was an answer.
    pub(crate) const fn greet(&mut self, shape: &Shape) -> bool {
        let first = !self.greeted && self.owed < shape.depth;
        self.greeted |= first;
        first
    }

    /// Takes the bytes of answers, and keeps the beginning of a head.
    fn take(&mut self, bytes: &[u8], shape: &Shape, tally: &mut Tally) -> io::Result<()> {
        if !self.input.is_empty() {
            self.input.extend_from_slice(bytes);
            let input = mem::take(&mut self.input);
            return self.take(&input, shape, tally);
        }
        let mut rest = bytes;
        loop {
            if let Some(answer) = self.answer {
                let taken = answer.left.min(rest.len());
                self.answer = Some(answer.after(taken));
                rest = rest.get(taken..).unwrap_or_default();
                if !self.finish(tally) {
                    return Ok(());
                }
            }
            let Some(answer) = Answer::read(rest).map_err(io::Error::other)? else {
                break;
            };
            rest = rest.get(answer.head..).unwrap_or_default();
            self.answer = Some(Arriving {
                left: answer.body,
                right: answer.status == shape.status && answer.body == shape.body_bytes,
            });
        }
        self.input = rest.to_vec();
        Ok(())
    }

    /// Counts the present answer if all of it has come; tells whether it has.
    fn finish(&mut self, tally: &mut Tally) -> bool {
        let Some(Arriving { left: 0, right }) = self.answer else {
            return false;
        };
        self.answer = None;
        self.owed = self.owed.saturating_sub(1);
        if right {
            let latency = u64::try_from(self.began.elapsed().as_nanos());
            tally.latency.saturating_record(latency.unwrap_or(u64::MAX));
            tally.answered += 1;
        } else {
            tally.failed += 1;
        }
        true
    }
}

impl Arriving {
    /// Gives what it is when some more of its body has come.
    const fn after(self, bytes: usize) -> Self {
        Self {
            left: self.left - bytes,
            right: self.right,
        }
    }
}
