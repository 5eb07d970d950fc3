//! No class goes unserved for long: a guard by time, beside whatever else decides.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, Tick, nanos};
use crate::meta::Class;
use crate::queue::runs::Stamp;

/// What a class may go unserved for when nobody says otherwise.
pub(crate) const UNSERVED_MAX: Duration = Duration::from_secs(1);

/// While a class is overdue, another of its events is let in only after this
/// part of the time that it may go unserved: the one before may have failed to
/// enter, or have expired behind a long batch.
const AGAIN: u64 = 8;

/// Remembers when each class of a stage was served last, over all its queues.
///
/// Strict priorities, weights and predictions each leave a class with so little
/// that it gets nothing, if only enough is asked for above it; what is reckoned
/// to be left may be less than one event. Here it counts by time alone: a class
/// that is overdue is let in with one event, whoever refused it, and served first.
#[derive(Debug)]
pub(crate) struct Guard {
    clock: Clock,
    /// Nanoseconds that a class may go unserved.
    unserved_max: AtomicU64,
    turns: [Turn; Class::COUNT_MAX],
}

#[derive(Debug)]
struct Turn {
    /// When a handler had an event of the class last.
    served: AtomicU64,
    /// When one was let in last that had been refused.
    tried: AtomicU64,
    /// How long an event of the class may wait, in nanoseconds.
    wait_max: AtomicU64,
    let_in: AtomicU64,
    first: AtomicU64,
    expired: AtomicU64,
}

/// Is what the guard did for a class since the start, and what expired of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guarded {
    pub(crate) let_in: u64,
    pub(crate) first: u64,
    pub(crate) expired: u64,
}

impl Guard {
    pub(crate) fn new(clock: Clock) -> Self {
        let now = clock.now().as_nanos();
        let turn = |_| Turn {
            served: AtomicU64::new(now),
            tried: AtomicU64::new(0),
            wait_max: AtomicU64::new(u64::MAX),
            let_in: AtomicU64::new(0),
            first: AtomicU64::new(0),
            expired: AtomicU64::new(0),
        };
        Self {
            clock,
            unserved_max: AtomicU64::new(nanos(UNSERVED_MAX)),
            turns: std::array::from_fn(turn),
        }
    }

    pub(crate) fn now(&self) -> Tick {
        self.clock.now()
    }

    pub(crate) fn set_unserved_max(&self, longest: Duration) {
        self.unserved_max.store(nanos(longest), Ordering::Relaxed);
    }

    /// Tells whether no event of the class was served for too long.
    pub(crate) fn is_overdue(&self, class: usize, now: Tick) -> bool {
        let Some(turn) = self.turns.get(class) else {
            return false;
        };
        let served = Tick::from_nanos(turn.served.load(Ordering::Relaxed));
        now.nanos_since(served) >= self.unserved_max.load(Ordering::Relaxed)
    }

    /// Tells whether events that are refused enter all the same: their class is
    /// overdue, and nobody else of it was let in just now.
    pub(crate) fn lets_in(&self, class: usize, now: Tick) -> bool {
        let Some(turn) = self
            .turns
            .get(class)
            .filter(|_| self.is_overdue(class, now))
        else {
            return false;
        };
        let tried = turn.tried.load(Ordering::Relaxed);
        let again = self.unserved_max.load(Ordering::Relaxed) / AGAIN;
        if tried != 0 && now.nanos_since(Tick::from_nanos(tried)) < again {
            return false;
        }
        let (order, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        let mine = turn
            .tried
            .compare_exchange(tried, now.as_nanos(), order, failure);
        let lets_in = mine.is_ok();
        turn.let_in.fetch_add(u64::from(lets_in), Ordering::Relaxed);
        lets_in
    }

    /// Notes that an event of an overdue class is served before all others.
    pub(crate) fn count_first(&self, class: usize) {
        if let Some(turn) = self.turns.get(class) {
            turn.first.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that a handler gets events of this class.
    pub(crate) fn serve(&self, class: usize, now: Tick) {
        if let Some(turn) = self.turns.get(class)
            && turn.served.load(Ordering::Relaxed) < now.as_nanos()
        {
            turn.served.store(now.as_nanos(), Ordering::Relaxed);
        }
    }

    /// Notes that events of this class have expired.
    pub(crate) fn expire(&self, class: usize, n: usize) {
        if let Some(turn) = self.turns.get(class) {
            turn.expired.fetch_add(n as u64, Ordering::Relaxed);
        }
    }

    /// Says how long an event of the class may wait; none is as long as it likes.
    pub(crate) fn set_wait_max(&self, class: usize, longest: Option<Duration>) {
        let longest = longest.map_or(u64::MAX, nanos);
        if let Some(turn) = self.turns.get(class)
            && turn.wait_max.load(Ordering::Relaxed) != longest
        {
            turn.wait_max.store(longest, Ordering::Relaxed);
        }
    }

    /// Tells whether an event of the class has not waited for too long.
    pub(crate) fn is_fresh(&self, class: usize, stamp: &Stamp, now: Tick) -> bool {
        let turn = self.turns.get(class);
        let longest = turn.map_or(u64::MAX, |turn| turn.wait_max.load(Ordering::Relaxed));
        now.nanos_since(stamp.enqueued) <= longest
    }

    pub(crate) fn guarded(&self, class: usize) -> Guarded {
        let turn = self.turns.get(class);
        turn.map_or_else(Guarded::default, |turn| Guarded {
            let_in: turn.let_in.load(Ordering::Relaxed),
            first: turn.first.load(Ordering::Relaxed),
            expired: turn.expired.load(Ordering::Relaxed),
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Guard, UNSERVED_MAX};
    use crate::clock::Clock;
    use crate::meta::Meta;
    use crate::queue::runs::Stamp;
    use std::time::Duration;

    #[test]
    fn a_class_is_overdue_after_its_time_and_no_more_once_served() {
        let clock = Clock::manual();
        let guard = Guard::new(clock.clone());
        clock.advance(UNSERVED_MAX.saturating_sub(Duration::from_nanos(1)));
        assert!(!guard.is_overdue(2, clock.now()) && !guard.lets_in(2, clock.now()));
        clock.advance(Duration::from_nanos(1));
        assert!(guard.is_overdue(2, clock.now()));
        guard.serve(2, clock.now());
        assert!(!guard.is_overdue(2, clock.now()) && guard.is_overdue(1, clock.now()));
    }

    #[test]
    fn one_is_let_in_and_the_next_when_that_one_was_not_served_for_an_eighth() {
        let clock = Clock::manual();
        let guard = Guard::new(clock.clone());
        clock.advance(UNSERVED_MAX);
        let lets_in = || (0..10).filter(|_| guard.lets_in(1, clock.now())).count();
        assert_eq!([lets_in(), lets_in()], [1, 0]);
        clock.advance(UNSERVED_MAX / 8);
        assert_eq!(lets_in(), 1);
        guard.serve(1, clock.now());
        clock.advance(UNSERVED_MAX / 2);
        assert_eq!(lets_in(), 0);
        assert_eq!((guard.guarded(1).let_in, guard.guarded(0).let_in), (2, 0));
    }

    #[test]
    fn each_class_has_its_own_longest_wait() {
        let clock = Clock::manual();
        let guard = Guard::new(clock.clone());
        let stamp = Stamp {
            meta: Meta::NONE,
            enqueued: clock.now(),
        };
        let ms = Duration::from_millis;
        guard.set_wait_max(0, Some(ms(10)));
        clock.advance(ms(10));
        assert!(guard.is_fresh(0, &stamp, clock.now()));
        clock.advance(ms(1));
        assert!(!guard.is_fresh(0, &stamp, clock.now()) && guard.is_fresh(1, &stamp, clock.now()));
        guard.set_wait_max(0, None);
        assert!(guard.is_fresh(0, &stamp, clock.now()));
    }
}
