//! Accepting connections: as many as there may be; who comes while descriptors lack is told so.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;

use super::address::Address;
use super::crowd::Crowd;
use super::quota::Quota;
use super::reserve::Reserve;
use super::socket::{Listening, Socket};
use crate::count::Count;
use crate::reactor::{Member, Watch};
use crate::timer::nanoseconds;

/// What the listener is registered as; connections come behind it.
pub(crate) const LISTENER: usize = 0;
/// How long a worker does not try to accept, when it cannot see that it could.
const PAUSE: Duration = Duration::from_millis(50);
/// From one line in the log about connections that are closed to the next.
const SILENCE: Duration = Duration::from_secs(1);

/// Counts what happens at an entrance.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) accepted: Count,
    pub(crate) pauses: Count,
    pub(crate) exhausted: Count,
    /// Connections that were closed at once, since no descriptor was left for them.
    pub(crate) turned_away: Count,
}

/// Is where connections come in, on one worker.
#[derive(Debug)]
pub(crate) struct Entrance {
    /// None where nobody comes in, and once it is shut for good.
    listening: Option<Listening>,
    member: Member,
    quota: Arc<Quota>,
    crowd: Crowd,
    /// The reactor's looks at the turn that has begun.
    looks: u64,
    reserve: Reserve,
    /// Nanoseconds: when the log may say again that connections are closed.
    silent_until: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The reactor tells at each turn whether somebody waits.
    Open,
    /// The limit was reached; some connections must end first.
    Full,
    /// Descriptors or memory lack; nanoseconds: when to try again.
    Exhausted { until: u64 },
}

impl State {
    fn exhausted(now: u64) -> Self {
        Self::Exhausted {
            until: now.saturating_add(nanoseconds(PAUSE)),
        }
    }
}

impl Entrance {
    /// Opens an entrance on the current worker.
    pub(crate) fn open(
        listening: Option<Listening>,
        quota: Arc<Quota>,
        member: Member,
    ) -> io::Result<Self> {
        if let Some(listening) = &listening {
            member.watch(listening, LISTENER)?;
        }
        let reserve = listening.as_ref().map(|_| Reserve::open());
        Ok(Self {
            listening,
            member,
            quota,
            crowd: Crowd::new(),
            looks: 0,
            reserve: reserve.unwrap_or_default(),
            silent_until: 0,
            state: State::Open,
        })
    }

    /// Says that somebody is at the entrance.
    pub(crate) const fn knock(&mut self) {
        self.crowd.knock();
    }

    /// Begins a turn at `now` nanoseconds: lifts the bar when its time is over.
    pub(crate) fn begin(&mut self, now: u64, entries: &Entries) {
        let looks = self.member.looks();
        if looks == self.looks {
            self.crowd.rest();
        } else {
            self.looks = looks;
            self.crowd.begin();
        }
        let over = match self.state {
            State::Open => false,
            State::Full => self.quota.is_low(),
            State::Exhausted { until } => until <= now,
        };
        if over {
            self.reopen(now, entries);
        }
    }

    /// Lets connections in again, if there is a descriptor to turn them away with.
    fn reopen(&mut self, now: u64, entries: &Entries) {
        match self.reserve.restore() {
            Err(error) if is_shortage(&error) => {
                entries.exhausted.add(1);
                // The listener is not looked at, and that stays so.
                self.state = State::exhausted(now);
            }
            // What else is wrong with the reserve is no reason to let nobody in.
            Ok(()) | Err(_) => self.attend(State::Open),
        }
    }

    /// Has everybody be let in who waits, as far as there is room.
    pub(crate) const fn expect_all(&mut self) {
        self.crowd.expect_all();
    }

    /// Lets one connection in, if one is expected and there is room for it. It
    /// takes a place of the quota with it.
    pub(crate) fn accept(&mut self, now: u64, entries: &Entries) -> Option<(Socket, Address)> {
        if self.state != State::Open || !self.crowd.is_expected() {
            return None;
        }
        let listening = self.listening.as_ref()?;
        if !self.quota.take() {
            let why = if self.quota.is_closed() {
                "too pressed"
            } else {
                "enough of them"
            };
            tracing::warn!(target: "seda", connections = self.quota.max(), "no more connections are accepted: {why}");
            entries.pauses.add(1);
            self.attend(State::Full);
            return None;
        }
        match listening.accept() {
            Ok(accepted) => {
                self.crowd.came();
                entries.accepted.add(1);
                Some(accepted)
            }
            Err(error) => {
                self.quota.give();
                self.failed(&error, now, entries);
                None
            }
        }
    }

    fn failed(&mut self, error: &io::Error, now: u64, entries: &Entries) {
        if is_full_table(error) && self.has_turned_away(now, entries) {
            return;
        }
        if is_shortage(error) {
            tracing::warn!(target: "seda", "a connection waits: {error}");
            entries.exhausted.add(1);
            self.attend(State::exhausted(now));
        } else if error.kind() == io::ErrorKind::WouldBlock {
            self.crowd.nobody();
        }
        // Everything else is the peer's trouble: the next one may be well (accept(2)).
    }

    /// Closes the connection that there is no descriptor for, by means of the
    /// reserve; tells whether that can be done again.
    fn has_turned_away(&mut self, now: u64, entries: &Entries) -> bool {
        let Some(listening) = &self.listening else {
            return false;
        };
        match self.reserve.spend(|| listening.accept().map(drop)) {
            Some(Ok(())) => {
                entries.turned_away.add(1);
                self.warn(now);
            }
            // The descriptor is asked for before it is known whether somebody waits.
            Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => self.crowd.nobody(),
            Some(Err(_)) | None => return false,
        }
        self.reserve.is_there()
    }

    /// Says that connections are closed, but not of each.
    fn warn(&mut self, now: u64) {
        if self.silent_until <= now {
            self.silent_until = now.saturating_add(nanoseconds(SILENCE));
            tracing::warn!(target: "seda", "connections are closed at once: no descriptor is left, raise `ulimit -n`");
        }
    }

    /// Has the reactor tell who waits, or not: it would tell at every turn.
    fn attend(&mut self, state: State) {
        self.state = state;
        let watch = if state == State::Open {
            Watch::On
        } else {
            Watch::Off
        };
        if let Some(listening) = &self.listening
            && let Err(error) = self.member.set_watch(listening, LISTENER, watch)
        {
            tracing::error!(target: "seda", "a listener is not watched any more: {error}");
        }
    }

    /// Returns when to try again, in nanoseconds, if nobody will say so.
    pub(crate) fn next_at(&self, now: u64) -> Option<u64> {
        self.listening.as_ref()?;
        match self.state {
            State::Open => None,
            // Other workers end connections too, and do not tell.
            State::Full => Some(now.saturating_add(nanoseconds(PAUSE))),
            State::Exhausted { until } => Some(until),
        }
    }

    /// Lets nobody in any more.
    pub(crate) fn shut(&mut self) {
        self.listening = None;
        self.reserve = Reserve::default();
    }
}

/// Tells whether descriptors lack, of the process or of the system.
fn is_full_table(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::MFILE | Errno::NFILE))
}

/// Tells whether descriptors or memory lack.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}
