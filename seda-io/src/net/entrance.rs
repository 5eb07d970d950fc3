//! Accepting connections: as many as there may be, and none while descriptors lack.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;

use super::address::Address;
use super::quota::Quota;
use super::socket::{Listening, Socket};
use crate::count::Count;
use crate::timer::nanoseconds;

/// How long a worker does not try to accept, when it cannot see that it could.
const PAUSE: Duration = Duration::from_millis(50);

/// Counts what happens at an entrance.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) accepted: Count,
    pub(crate) pauses: Count,
    pub(crate) exhausted: Count,
}

/// Is where connections come in, on one worker.
#[derive(Debug)]
pub(crate) struct Entrance {
    /// None where nobody comes in, and once it is shut for good.
    listening: Option<Listening>,
    quota: Arc<Quota>,
    /// The operating system may hold connections; it will not say so again.
    pending: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The limit was reached; some connections must end first.
    Full,
    /// Descriptors or memory lack; nanoseconds: when to try again.
    Exhausted {
        until: u64,
    },
}

impl Entrance {
    pub(crate) const fn new(listening: Option<Listening>, quota: Arc<Quota>) -> Self {
        Self {
            listening,
            quota,
            pending: true,
            state: State::Open,
        }
    }

    pub(crate) const fn listening(&mut self) -> Option<&mut Listening> {
        self.listening.as_mut()
    }

    /// Says that somebody is at the entrance.
    pub(crate) const fn knock(&mut self) {
        self.pending = true;
    }

    /// Lets one connection in, if there is one and there is room for it. It
    /// takes a place of the quota with it.
    pub(crate) fn accept(&mut self, now: u64, entries: &Entries) -> Option<(Socket, Address)> {
        let listening = self.listening.as_ref()?;
        if !self.pending || is_barred(&mut self.state, &self.quota, now) {
            return None;
        }
        if !self.quota.take() {
            tracing::warn!(target: "seda", connections = self.quota.max(), "no more connections are accepted");
            entries.pauses.add(1);
            self.state = State::Full;
            return None;
        }
        match listening.accept() {
            Ok(accepted) => {
                entries.accepted.add(1);
                Some(accepted)
            }
            Err(error) => {
                self.quota.give();
                self.refused(&error, now, entries);
                None
            }
        }
    }

    fn refused(&mut self, error: &io::Error, now: u64, entries: &Entries) {
        if is_shortage(error) {
            tracing::warn!(target: "seda", "a connection waits: {error}");
            entries.exhausted.add(1);
            let until = now.saturating_add(nanoseconds(PAUSE));
            self.state = State::Exhausted { until };
        } else {
            // Everything else is the peer's trouble: the next one may be well (accept(2)).
            self.pending = error.kind() != io::ErrorKind::WouldBlock;
        }
    }

    /// Returns when to try again, in nanoseconds, if nobody will say so.
    pub(crate) fn next_at(&mut self, now: u64) -> Option<u64> {
        if !self.pending || self.listening.is_none() {
            return None;
        }
        if !is_barred(&mut self.state, &self.quota, now) {
            return Some(now);
        }
        // Other workers end connections too, and do not tell.
        Some(now.saturating_add(nanoseconds(PAUSE)))
    }

    /// Lets nobody in any more.
    pub(crate) fn shut(&mut self) {
        self.listening = None;
    }
}

/// Tells whether descriptors or memory lack.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}

/// Tells whether nothing is accepted just now; takes the bar away when its time is over.
fn is_barred(state: &mut State, quota: &Quota, now: u64) -> bool {
    let over = match *state {
        State::Open => true,
        State::Full => quota.is_low(),
        State::Exhausted { until } => until <= now,
    };
    if over {
        *state = State::Open;
    }
    !over
}
