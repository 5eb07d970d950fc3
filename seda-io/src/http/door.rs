//! Accepting connections: as many as there may be, and none while descriptors lack.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use rustix::io::Errno;

use super::tally::Tally;
use crate::net::quota::Quota;
use crate::timer::nanoseconds;

/// How long a worker does not try to accept, when it cannot see that it could.
const PAUSE: Duration = Duration::from_millis(50);

/// Is where connections come in, on one worker.
#[derive(Debug)]
pub(super) struct Door {
    /// None once it is shut for good.
    listener: Option<TcpListener>,
    quota: Arc<Quota>,
    tally: Arc<Tally>,
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

impl Door {
    pub(super) const fn new(listener: TcpListener, quota: Arc<Quota>, tally: Arc<Tally>) -> Self {
        Self {
            listener: Some(listener),
            quota,
            tally,
            pending: true,
            state: State::Open,
        }
    }

    pub(super) const fn listener(&mut self) -> Option<&mut TcpListener> {
        self.listener.as_mut()
    }

    /// Says that somebody is at the door.
    pub(super) const fn knock(&mut self) {
        self.pending = true;
    }

    /// Lets one connection in, if there is one and there is room for it.
    pub(super) fn accept(&mut self, now: u64) -> Option<(TcpStream, SocketAddr)> {
        if !self.pending || self.is_barred(now) {
            return None;
        }
        let listener = self.listener.as_ref()?;
        if !self.quota.take() {
            tracing::warn!(target: "seda", connections = self.quota.max(), "no more connections are accepted");
            self.tally.pauses.add(1);
            self.state = State::Full;
            return None;
        }
        match listener.accept() {
            Ok(accepted) => {
                self.tally.opened.add(1);
                Some(accepted)
            }
            Err(error) => {
                self.quota.give();
                self.refused(&error, now);
                None
            }
        }
    }

    /// Tells whether nothing is accepted just now; takes the bar away when its time is over.
    fn is_barred(&mut self, now: u64) -> bool {
        let over = match self.state {
            State::Open => true,
            State::Full => self.quota.is_low(),
            State::Exhausted { until } => until <= now,
        };
        if over {
            self.state = State::Open;
        }
        !over
    }

    fn refused(&mut self, error: &io::Error, now: u64) {
        match Errno::from_io_error(error) {
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                tracing::warn!(target: "seda", "a connection waits: {error}");
                self.tally.exhausted.add(1);
                let until = now.saturating_add(nanoseconds(PAUSE));
                self.state = State::Exhausted { until };
            }
            // Everything else is the peer's trouble: the next one may be well (accept(2)).
            _ => self.pending = error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    /// Says that a connection has ended.
    pub(super) fn left(&self) {
        self.tally.closed.add(1);
        self.quota.give();
    }

    /// Returns when to try again, in nanoseconds, if nobody will say so.
    pub(super) fn next_at(&mut self, now: u64) -> Option<u64> {
        if !self.pending || self.listener.is_none() {
            return None;
        }
        if !self.is_barred(now) {
            return Some(now);
        }
        // Other workers end connections too, and do not tell.
        Some(now.saturating_add(nanoseconds(PAUSE)))
    }

    /// Lets nobody in any more.
    pub(super) fn shut(&mut self) {
        self.listener = None;
    }
}
