//! One connection to a server: one request out, one answer in, and again.

use std::io::ErrorKind;

use super::budget::ClientLimits;
use super::call::{CallError, CallTimeout};
use super::coming::Coming;
use super::going::Going;
use super::talk::{Outcome, Talk};
use crate::alarms::Alarm;
use crate::http::answer::AnswerBounds;
use crate::http::message::Request;
use crate::net::attempts::Attempts;
use crate::reactor::{Readiness, Ready};
use crate::timer::nanoseconds;
use crate::transport::Transport;

/// One connection, or one that comes about.
#[derive(Debug)]
pub(super) struct Line {
    /// None while the server's name is looked up, and between its addresses.
    transport: Option<Transport>,
    /// Never reused, other than the place of the line.
    pub(super) serial: u64,
    /// Where its origin stands in the pool.
    pub(super) site: usize,
    /// The request that it is for.
    pub(super) call: Option<usize>,
    /// The addresses that are left to try, once they are known.
    pub(super) attempts: Option<Attempts>,
    pub(super) alarm: Option<Alarm>,
    /// It takes part in this turn, or in the next.
    pub(super) listed: bool,
    state: State,
    ready: Ready,
    /// Requests that it has carried before.
    used: bool,
}

#[derive(Debug)]
enum State {
    /// It comes about; nanoseconds: until when it must have.
    Connecting {
        until: u64,
    },
    Talking(Box<Talk>),
    /// Nanoseconds: since when.
    Idle {
        since: u64,
    },
}

impl Line {
    /// Makes one that must have come about before `until`, for a request.
    pub(super) fn new(site: usize, call: usize, serial: u64, until: u64) -> Self {
        Self {
            transport: None,
            serial,
            site,
            call: Some(call),
            attempts: None,
            alarm: None,
            listed: false,
            state: State::Connecting { until },
            ready: Ready::default(),
            used: false,
        }
    }

    /// Begins to connect to one more address, until then.
    pub(super) fn try_with(&mut self, transport: Transport, until: u64) {
        self.transport = Some(transport);
        self.state = State::Connecting { until };
        self.ready = Ready::default();
    }

    /// Remembers what the socket has said.
    pub(super) const fn note(&mut self, said: Readiness) {
        self.ready.note(said);
    }

    pub(super) const fn is_connecting(&self) -> bool {
        matches!(self.state, State::Connecting { .. })
    }

    pub(super) const fn is_used(&self) -> bool {
        self.used
    }

    /// Tells whether the server may have closed the connection before it has
    /// seen the request: others went well before, and nothing has come back.
    pub(super) fn is_stale(&self, error: &CallError) -> bool {
        let silent = match &self.state {
            State::Talking(talk) => !talk.has_begun(),
            State::Connecting { .. } | State::Idle { .. } => false,
        };
        self.used && silent && matches!(error, CallError::Broken(_))
    }

    /// Sends a request, whose head is written already.
    pub(super) fn begin(
        &mut self,
        (call, request): (usize, &Request),
        head: Vec<u8>,
        bounds: AnswerBounds,
        now: u64,
    ) {
        self.call = Some(call);
        self.state = State::Talking(Box::new(Talk::new(request, head, bounds, now)));
    }

    /// Returns the request and the answer that it carries.
    pub(super) fn talk(&mut self) -> Option<&mut Talk> {
        match &mut self.state {
            State::Talking(talk) => Some(talk),
            State::Connecting { .. } | State::Idle { .. } => None,
        }
    }

    /// Returns the request that it sends as it is made.
    pub(super) fn going(&mut self) -> Option<&mut Going> {
        self.talk()?.going()
    }

    /// Returns the body that it hands out as it comes.
    pub(super) fn incoming(&mut self) -> Option<&mut Coming> {
        self.talk()?.incoming()
    }

    /// Has the connection wait for the next request.
    pub(super) fn rest(&mut self, now: u64) {
        self.used = true;
        self.state = State::Idle { since: now };
    }

    /// Takes the connection as far as it goes: writes, then reads.
    pub(super) fn advance(
        &mut self,
        request: Option<&Request>,
        scratch: &mut [u8],
        limits: &ClientLimits,
        now: u64,
    ) -> Outcome {
        let Some(transport) = &mut self.transport else {
            return Outcome::Rests;
        };
        match &mut self.state {
            State::Connecting { .. } => match transport.progress() {
                Ok(true) => Outcome::Connected,
                Ok(false) => Outcome::Rests,
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    Outcome::Failed(CallError::Unsecured(error.to_string().into()))
                }
                Err(error) => Outcome::Failed(CallError::Unreachable(error.kind())),
            },
            State::Idle { .. } => self.look(scratch),
            State::Talking(talk) => {
                let ready = &mut self.ready;
                match request {
                    Some(request) => talk.write(transport, ready, request.body(), (limits, now)),
                    None => talk.write_rest(transport, ready, (limits, now)),
                }
                talk.read(transport, ready, scratch, (limits, now))
            }
        }
    }

    /// Finds out whether an idle connection lasts. Nobody has asked for anything,
    /// so whatever comes is wrong.
    fn look(&mut self, scratch: &mut [u8]) -> Outcome {
        let Some(transport) = self.transport.as_mut().filter(|_| self.ready.read) else {
            return Outcome::Rests;
        };
        match transport.read(scratch) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.ready.read = false;
                Outcome::Rests
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Outcome::Again,
            _ => Outcome::Gone,
        }
    }

    /// Says what is to be said before the socket is closed.
    pub(super) fn say_farewell(&mut self) {
        if let Some(transport) = &mut self.transport {
            transport.say_farewell();
        }
    }

    /// Returns by when something must have happened, in nanoseconds, and what
    /// is over then; nothing in particular for an idle one.
    pub(super) fn deadline(&self, limits: &ClientLimits) -> (u64, Option<CallTimeout>) {
        let timeouts = &limits.timeouts;
        let (since, lasts, what) = match &self.state {
            State::Connecting { until } => return (*until, Some(CallTimeout::Connect)),
            State::Idle { since } => (*since, timeouts.idle, None),
            State::Talking(talk) => {
                let last = (talk.until(), Some(CallTimeout::Whole));
                let Some((since, what)) = talk.waits() else {
                    return last;
                };
                let lasts = match what {
                    CallTimeout::Write => timeouts.write,
                    CallTimeout::Head => timeouts.head,
                    _ => timeouts.body,
                };
                let next = since.saturating_add(nanoseconds(lasts));
                return if last.0 < next {
                    last
                } else {
                    (next, Some(what))
                };
            }
        };
        (since.saturating_add(nanoseconds(lasts)), what)
    }
}
