//! Time as a plain number that tests and the simulator can move.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fastant::{Anchor, Instant};
use serde::Serialize;

/// Is a moment: nanoseconds since the clock's origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Tick(u64);

impl Tick {
    /// The clock's origin.
    pub const ZERO: Self = Self(0);
    /// A moment that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// Makes a moment from nanoseconds since the clock's origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Gives the nanoseconds since the clock's origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Gives the moment `wait` later; stops at [`Tick::NEVER`].
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(nanos(wait)))
    }

    /// Gives the moment `ago` earlier; stops at [`Tick::ZERO`].
    #[must_use]
    pub fn before(self, ago: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(ago)))
    }

    /// Gives the time since `earlier`, or zero when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(earlier))
    }

    /// As [`since`](Self::since), in nanoseconds: once per batch, the divisions
    /// of a [`Duration`] would show.
    pub(crate) const fn nanos_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// As [`after`](Self::after), in nanoseconds.
    #[must_use]
    pub(crate) const fn after_nanos(self, wait: u64) -> Self {
        Self(self.0.saturating_add(wait))
    }
}

/// Gives a duration in whole nanoseconds; 584 years and more are one value.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Is the only place that time comes from (contract 8).
///
/// ```
/// use seda_core::Clock;
/// use std::time::Duration;
///
/// let clock = Clock::manual();
/// let start = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().since(start), Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Real(RealClock),
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// Makes a clock that follows the machine's monotonic one (it never steps).
    /// All real clocks of a process tell the same time.
    pub fn real() -> Self {
        Self(Kind::Real(RealClock::of_process()))
    }

    /// Makes a clock that stands still until [`advance`](Self::advance) moves it.
    /// Its clones are one clock.
    pub fn manual() -> Self {
        Self(Kind::Manual(Arc::default()))
    }

    /// Tells the time.
    #[inline]
    pub fn now(&self) -> Tick {
        match &self.0 {
            Kind::Real(clock) => clock.now(),
            Kind::Manual(now) => Tick(now.load(Ordering::Acquire)),
        }
    }

    /// Moves a manual clock forward; does nothing to a real one.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(now) = &self.0 {
            now.fetch_add(nanos(by), Ordering::AcqRel);
        }
    }

    pub(crate) const fn is_manual(&self) -> bool {
        matches!(self.0, Kind::Manual(_))
    }

    /// Moves a manual clock to a moment that is not in its past.
    pub(crate) fn advance_to(&self, to: Tick) {
        if let Kind::Manual(now) = &self.0 {
            now.fetch_max(to.0, Ordering::AcqRel);
        }
    }
}

/// Reads the machine's monotonic clock.
///
/// It is read once per batch, so its cost is part of every hop: where the CPU's
/// time stamp counter is steady, `fastant` reads that, in a third of the time of
/// the system's call; elsewhere it makes that call.
#[derive(Clone, Copy)]
struct RealClock {
    anchor: Anchor,
    origin: u64,
}

impl RealClock {
    /// Gives the clock of this process: all have one origin.
    fn of_process() -> Self {
        static CLOCK: OnceLock<RealClock> = OnceLock::new();
        *CLOCK.get_or_init(|| {
            let anchor = Anchor::new();
            Self {
                anchor,
                origin: Instant::now().as_unix_nanos(&anchor),
            }
        })
    }

    #[inline]
    fn now(&self) -> Tick {
        let now = Instant::now().as_unix_nanos(&self.anchor);
        Tick(now.saturating_sub(self.origin))
    }
}

impl fmt::Debug for RealClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RealClock").field(&self.now()).finish()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::real()
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Tick};
    use std::time::Duration;

    #[test]
    fn ticks_saturate_at_both_ends() {
        assert_eq!(Tick::NEVER.after(Duration::from_secs(1)), Tick::NEVER);
        assert_eq!(Tick::ZERO.before(Duration::from_secs(1)), Tick::ZERO);
        assert_eq!(Tick::ZERO.since(Tick::from_nanos(5)), Duration::ZERO);
        assert_eq!(Tick::ZERO.after(Duration::MAX), Tick::NEVER);
    }

    #[test]
    fn a_manual_clock_is_shared_by_its_clones_and_never_goes_back() {
        let clock = Clock::manual();
        let twin = clock.clone();
        clock.advance_to(Tick::from_nanos(10));
        clock.advance_to(Tick::from_nanos(3));
        assert_eq!(twin.now(), Tick::from_nanos(10));
    }
}
