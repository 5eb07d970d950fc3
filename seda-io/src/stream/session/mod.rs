//! One connection as a state machine, without a socket and without a clock.
//!
//! It is told what was read and written and gives, in order, what the stage
//! should hear and what the socket should do.

use std::io;
use std::mem;
use std::sync::Arc;

use super::bounds::Limits;
use super::end::End;
use super::outflow::{Outflow, Wish};
use crate::buffer::WriteBuffer;
use crate::timer::nanoseconds;

/// Is what a stage should hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    Opened,
    Data(Vec<u8>),
    Drained,
    PeerDone,
    Closed(End),
}

/// Is what a socket should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing, until more is known.
    Rest,
    /// Tell the peer that nothing more comes.
    HalfClose,
    /// End without good order.
    Reset,
}

/// Says what is to be done with bytes that a peer may have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appetite {
    /// They stay where they are.
    None,
    /// They become an event.
    Keep,
    /// Nobody wants them, but behind them comes the end.
    Discard,
}

/// Is the state of one connection.
#[derive(Debug)]
pub(super) struct Session {
    limits: Arc<Limits>,
    phase: Phase,
    /// What is being written.
    outgoing: WriteBuffer,
    /// Bytes written since the wait for the peer began, and when that was.
    progress: (usize, u64),
    /// Nanoseconds: when a byte has moved last, in either direction.
    stirred: u64,
    opened: Telling,
    data: Option<Vec<u8>>,
    drained: bool,
    /// The peer has said that it sends no more.
    peer_done: Telling,
    closed: Option<End>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It comes about; nanoseconds: until when it must have.
    Connecting { until: u64 },
    /// It has come in, and the handshake goes on; nanoseconds: until when.
    Shaking { until: u64 },
    /// Both sides may send.
    Open,
    /// This side has sent its last byte.
    HalfClosed,
    /// So it has, and only waits for the peer's end; nanoseconds: until when.
    Lingering { until: u64 },
    /// It has ended.
    Over,
}

/// Says whether something has happened, and whether the stage knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telling {
    NotYet,
    Due,
    Told,
}

impl Session {
    /// Begins with a connection that has come in.
    pub(super) fn accepted(limits: Arc<Limits>, now: u64) -> Self {
        let mut session = Self::dialled(limits, now);
        session.connected(now);
        session
    }

    /// Begins with a connection that must come about before `until`.
    pub(super) fn dialled(limits: Arc<Limits>, until: u64) -> Self {
        Self {
            outgoing: WriteBuffer::new(limits.high_mark_bytes),
            limits,
            phase: Phase::Connecting { until },
            progress: (0, 0),
            stirred: 0,
            opened: Telling::NotYet,
            data: None,
            drained: false,
            peer_done: Telling::NotYet,
            closed: None,
        }
    }

    /// Begins with a connection that has come in, and on which TLS must have
    /// been agreed on before `until`.
    pub(super) fn shaking(limits: Arc<Limits>, until: u64) -> Self {
        let mut session = Self::dialled(limits, until);
        session.phase = Phase::Shaking { until };
        session
    }

    pub(super) fn is_connecting(&self) -> bool {
        matches!(self.phase, Phase::Connecting { .. } | Phase::Shaking { .. })
    }

    /// Has a connection that comes about do so before `until`, at another address.
    pub(super) fn try_until(&mut self, until: u64) {
        if let Phase::Connecting { .. } = self.phase {
            self.phase = Phase::Connecting { until };
        }
    }

    /// Tells whether this side has sent its last byte, and lasts.
    pub(super) fn has_finished(&self) -> bool {
        matches!(self.phase, Phase::HalfClosed | Phase::Lingering { .. })
    }

    /// Says that the connection has come about.
    pub(super) fn connected(&mut self, now: u64) {
        self.phase = Phase::Open;
        self.opened = Telling::Due;
        self.stirred = now;
    }

    /// Says that the operating system has reported an error.
    pub(super) fn failed(&mut self, error: io::ErrorKind) {
        self.end(if self.is_connecting() {
            End::Unconnected(error)
        } else {
            End::Broken(error)
        });
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Tells whether the peer has said that it sends no more.
    pub(super) fn is_peer_done(&self) -> bool {
        self.peer_done != Telling::NotYet
    }

    /// Says what is to be done with what the peer may have sent.
    pub(super) fn appetite(&self, outflow: &Outflow) -> Appetite {
        if self.is_over() || self.is_connecting() || self.is_peer_done() {
            Appetite::None
        } else if outflow.wished() >= Wish::Close {
            Appetite::Discard
        } else if self.data.is_none() && outflow.is_low() {
            Appetite::Keep
        } else {
            Appetite::None
        }
    }

    /// Takes bytes that were read, when there was an appetite for them.
    pub(super) fn received(&mut self, bytes: impl Into<Vec<u8>>, outflow: &Outflow, now: u64) {
        self.stirred = now;
        if self.appetite(outflow) == Appetite::Keep {
            self.data = Some(bytes.into());
        }
    }

    /// Says that the peer sends no more.
    pub(super) fn input_ended(&mut self, now: u64) {
        self.stirred = now;
        self.peer_done = Telling::Due;
    }

    /// Takes what was accepted to be written.
    pub(super) fn take(&mut self, outflow: &mut Outflow, now: u64) {
        if !self.is_over() && !self.is_connecting() {
            if self.outgoing.is_empty() {
                self.progress = (0, now);
            }
            outflow.take_into(&mut self.outgoing);
        }
    }

    /// Returns what is to be written.
    pub(super) const fn outgoing(&self) -> &WriteBuffer {
        &self.outgoing
    }

    /// Says that bytes were written.
    pub(super) fn wrote(&mut self, bytes: usize, outflow: &mut Outflow, now: u64) {
        self.stirred = now;
        self.outgoing.advance(bytes);
        self.drained |= outflow.sent(bytes);
        self.progress.0 += bytes;
        if self.progress.0 >= self.limits.progress_bytes_min {
            self.progress = (0, now);
        }
    }

    /// Returns what the socket should do next; call it until it rests.
    pub(super) fn step(&mut self, outflow: &Outflow, now: u64) -> Step {
        let wish = outflow.wished();
        match self.phase {
            Phase::Over => return Step::Rest,
            _ if wish == Wish::Abort => {
                self.end(End::Aborted);
                return Step::Reset;
            }
            Phase::Open if wish >= Wish::Finish && outflow.unsent() == 0 => {
                self.phase = Phase::HalfClosed;
                return Step::HalfClose;
            }
            Phase::HalfClosed | Phase::Lingering { .. } if self.is_peer_done() => {
                self.end(if wish == Wish::Close {
                    End::Closed
                } else {
                    End::Finished
                });
            }
            Phase::HalfClosed if wish == Wish::Close => {
                let linger = nanoseconds(self.limits.timeouts.linger);
                let until = now.saturating_add(linger);
                self.phase = Phase::Lingering { until };
            }
            _ => {}
        }
        Step::Rest
    }

    /// Returns what the stage should hear next.
    pub(super) fn next_news(&mut self, wish: Wish) -> Option<News> {
        if self.opened == Telling::Due {
            self.opened = Telling::Told;
            return Some(News::Opened);
        }
        if wish >= Wish::Close {
            // The stage has said that it wants to hear nothing but the end.
            self.data = None;
            self.drained = false;
            if self.is_peer_done() {
                self.peer_done = Telling::Told;
            }
        } else {
            if let Some(data) = self.data.take() {
                return Some(News::Data(data));
            }
            if self.peer_done == Telling::Due {
                self.peer_done = Telling::Told;
                return Some(News::PeerDone);
            }
            if mem::take(&mut self.drained) && !self.is_over() {
                return Some(News::Drained);
            }
        }
        self.closed.take().map(News::Closed)
    }

    /// Returns by when something must have happened, in nanoseconds.
    pub(super) fn deadline(&self) -> Option<u64> {
        let timeouts = &self.limits.timeouts;
        let (since, lasts) = match self.phase {
            Phase::Over => return None,
            Phase::Connecting { until } | Phase::Shaking { until } | Phase::Lingering { until } => {
                return Some(until);
            }
            Phase::Open | Phase::HalfClosed if self.outgoing.is_empty() => {
                (self.stirred, timeouts.idle)
            }
            Phase::Open | Phase::HalfClosed => (self.progress.1, timeouts.write),
        };
        Some(since.saturating_add(nanoseconds(lasts)))
    }

    /// Says that it is not the peer that is idle.
    pub(super) fn stir(&mut self, now: u64) {
        self.stirred = now;
    }

    /// Tells whether the deadline is over.
    pub(super) fn is_late(&self, now: u64) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    /// Ends the connection if its deadline is over.
    pub(super) fn expire(&mut self, now: u64) {
        if !self.is_late(now) {
            return;
        }
        self.end(match self.phase {
            Phase::Connecting { .. } | Phase::Shaking { .. } => {
                End::Unconnected(io::ErrorKind::TimedOut)
            }
            Phase::Lingering { .. } | Phase::Over => End::Closed,
            Phase::Open | Phase::HalfClosed if self.outgoing.is_empty() => End::Idle,
            Phase::Open | Phase::HalfClosed => End::Stalled,
        });
    }

    /// Tells whether nothing is left to be written, done or told.
    pub(super) fn is_at_rest(&self, outflow: &Outflow) -> bool {
        let settled = match self.phase {
            Phase::Connecting { .. } | Phase::Lingering { .. } => false,
            Phase::Open => outflow.wished() == Wish::Flow,
            // Who has not even introduced itself does not hold up a drain.
            Phase::Shaking { .. } | Phase::HalfClosed | Phase::Over => true,
        };
        let told = self.opened != Telling::Due && self.peer_done != Telling::Due;
        let told = told && self.data.is_none() && !self.drained && self.closed.is_none();
        settled && told && outflow.unsent() == 0
    }

    fn end(&mut self, why: End) {
        if self.is_over() {
            return;
        }
        self.phase = Phase::Over;
        self.closed = Some(why);
        self.outgoing.advance(usize::MAX);
    }
}

#[cfg(test)]
mod tests;
