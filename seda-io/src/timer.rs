//! Timers in nanoseconds: a hierarchical wheel that knows no clock.
//!
//! # Sources
//!
//! G. Varghese, T. Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987),
//! scheme 7, with eleven levels of 64 slots, which cover every `u64` tick: no
//! timer is too far away and no level wraps.

use std::array;
use std::error::Error;
use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use slab::Slab;

/// Bits of a tick that one level tells apart.
const LEVEL_BITS: u32 = 6;
/// Slots of one level.
const SLOTS: usize = 1 << LEVEL_BITS;
/// Levels that cover 64 bits.
const LEVELS: usize = 11;

/// Converts a duration to nanoseconds, at most `u64::MAX` (584 years).
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Names one armed timer, to [cancel](Timers::cancel) it by.
///
/// A name is never used twice: cancelling a timer that has fired is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerKey {
    slot: usize,
    serial: u64,
}

/// Says that a set of timers has no room for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimersFull {
    /// How many timers the set holds at most.
    pub capacity: usize,
}

impl fmt::Display for TimersFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.capacity;
        write!(
            f,
            "all {count} timers are armed; cancel one or raise the limit"
        )
    }
}

impl Error for TimersFull {}

/// A bounded set of timers, each with a time and a token of the caller's.
///
/// Times are nanoseconds of the caller's clock. A timer never fires before its
/// time, and when [`pop`](Self::pop) is called often enough it fires less than
/// one resolution after it. Arming and cancelling take constant time; firing
/// moves a timer at most ten times in all.
///
/// # Ordering
///
/// Timers of different ticks fire in order of time. Timers of one tick fire in
/// an order that depends only on the calls made, not on addresses or clocks.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use seda_io::timer::Timers;
///
/// let mut timers = Timers::new(0, Duration::from_millis(1), 1_000);
/// timers.arm(5_000_000, 50)?;
/// let key = timers.arm(3_000_000, 30)?;
/// assert_eq!(timers.pop(2_999_999), None);
/// assert_eq!(timers.cancel(key), Some(30));
/// assert_eq!(timers.pop(5_000_000), Some(50));
/// # Ok::<(), seda_io::timer::TimersFull>(())
/// ```
#[derive(Debug)]
pub struct Timers {
    levels: [Level; LEVELS],
    entries: Slab<Entry>,
    resolution: NonZeroU64,
    /// The tick that has been reached; no armed timer is due before it.
    reached: u64,
    next_serial: u64,
    capacity: usize,
}

impl Timers {
    /// Makes an empty set whose clock stands at `start` nanoseconds.
    ///
    /// `resolution` is the length of a tick; less than a nanosecond counts as one.
    pub fn new(start: u64, resolution: Duration, capacity: usize) -> Self {
        let resolution = NonZeroU64::new(nanoseconds(resolution)).unwrap_or(NonZeroU64::MIN);
        Self {
            levels: array::from_fn(|_| Level::default()),
            entries: Slab::new(),
            resolution,
            reached: start / resolution,
            next_serial: 0,
            capacity,
        }
    }

    /// Returns the number of armed timers.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether no timer is armed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Arms a timer that fires at `at` nanoseconds and hands `token` back.
    ///
    /// A time that has passed fires at the next [`pop`](Self::pop).
    ///
    /// # Errors
    ///
    /// [`TimersFull`] when as many timers are armed as the set may hold.
    pub fn arm(&mut self, at: u64, token: u64) -> Result<TimerKey, TimersFull> {
        if self.entries.len() >= self.capacity {
            let capacity = self.capacity;
            return Err(TimersFull { capacity });
        }
        let serial = self.next_serial;
        self.next_serial += 1;
        let slot = self.entries.insert(Entry {
            token,
            serial,
            tick: at.div_ceil(self.resolution.get()).max(self.reached),
            place: Place::default(),
            before: None,
            after: None,
        });
        self.link(slot);
        Ok(TimerKey { slot, serial })
    }

    /// Disarms a timer and hands its token back; `None` when it has fired or was cancelled.
    pub fn cancel(&mut self, key: TimerKey) -> Option<u64> {
        let armed = self.entries.get(key.slot)?.serial == key.serial;
        armed.then(|| self.remove(key.slot)).flatten()
    }

    /// Returns the token of a timer that is due at `now`, and disarms it.
    ///
    /// Call it until it returns `None`. A `now` earlier than one seen before
    /// counts as that one.
    pub fn pop(&mut self, now: u64) -> Option<u64> {
        let now = (now / self.resolution).max(self.reached);
        while let Some((place, start)) = self.next_slot() {
            if start > now {
                break;
            }
            self.reached = start;
            let first = self.level(place.level)?.first(place.slot)?;
            if place.level == 0 {
                return self.remove(first);
            }
            self.spread(place);
        }
        self.reached = now;
        None
    }

    /// Returns the time to call [`pop`](Self::pop) next, `None` when no timer is armed.
    ///
    /// It is never later than the first timer, rounded up to a tick; for a
    /// timer more than 64 ticks away it may be earlier.
    pub fn next_at(&self) -> Option<u64> {
        let (_, start) = self.next_slot()?;
        Some(start.saturating_mul(self.resolution.get()))
    }

    /// Returns the earliest slot that holds timers, and the tick it begins at.
    ///
    /// A timer shares with `reached` all digits above those of its level, so
    /// the lowest level that holds any holds the earliest.
    fn next_slot(&self) -> Option<(Place, u64)> {
        let (level, found) = (0_u32..)
            .zip(&self.levels)
            .find(|(_, level)| level.occupied != 0)?;
        let slot = found.occupied.trailing_zeros();
        let shift = level * LEVEL_BITS;
        let above = self.reached.checked_shr(shift + LEVEL_BITS).unwrap_or(0);
        let prefix = above.checked_shl(shift + LEVEL_BITS).unwrap_or(0);
        Some((Place { level, slot }, prefix | (u64::from(slot) << shift)))
    }

    /// Moves the timers of a slot that has been reached to lower levels.
    fn spread(&mut self, place: Place) {
        while let Some(first) = self.level(place.level).and_then(|l| l.first(place.slot)) {
            self.unlink(first);
            self.link(first);
        }
    }

    fn remove(&mut self, slot: usize) -> Option<u64> {
        self.unlink(slot);
        self.entries.try_remove(slot).map(|entry| entry.token)
    }

    /// Puts an entry first into the list of the slot that its tick asks for.
    fn link(&mut self, index: usize) {
        let reached = self.reached;
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        entry.place = Place::of(entry.tick, reached);
        let place = entry.place;
        let Some(level) = self.levels.get_mut(place.level as usize) else {
            return;
        };
        let first = level.replace_first(place.slot, Some(index));
        entry.before = None;
        entry.after = first;
        if let Some(second) = first.and_then(|first| self.entries.get_mut(first)) {
            second.before = Some(index);
        }
    }

    /// Takes an entry out of the list it is in.
    fn unlink(&mut self, index: usize) {
        let Some(&Entry {
            place,
            before,
            after,
            ..
        }) = self.entries.get(index)
        else {
            return;
        };
        if let Some(next) = after.and_then(|after| self.entries.get_mut(after)) {
            next.before = before;
        }
        if let Some(previous) = before.and_then(|before| self.entries.get_mut(before)) {
            previous.after = after;
        } else if let Some(level) = self.levels.get_mut(place.level as usize) {
            level.replace_first(place.slot, after);
        }
    }

    fn level(&self, level: u32) -> Option<&Level> {
        self.levels.get(level as usize)
    }
}

/// One armed timer, linked to its neighbours in the slot's list.
#[derive(Debug)]
struct Entry {
    token: u64,
    serial: u64,
    tick: u64,
    place: Place,
    before: Option<usize>,
    after: Option<usize>,
}

/// Where a timer waits.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    level: u32,
    slot: u32,
}

impl Place {
    /// The level of the highest digit in which `tick` differs from `reached`.
    fn of(tick: u64, reached: u64) -> Self {
        let differing = (tick ^ reached).checked_ilog2().unwrap_or(0);
        let level = differing / LEVEL_BITS;
        let digit = (tick >> (level * LEVEL_BITS)) % SLOTS as u64;
        Self {
            level,
            slot: u32::try_from(digit).unwrap_or(0),
        }
    }
}

/// Sixty-four lists of timers, and one bit for each that is not empty.
#[derive(Debug)]
struct Level {
    occupied: u64,
    first: [Option<usize>; SLOTS],
}

impl Default for Level {
    fn default() -> Self {
        Self {
            occupied: 0,
            first: [None; SLOTS],
        }
    }
}

impl Level {
    fn first(&self, slot: u32) -> Option<usize> {
        self.first.get(slot as usize).copied().flatten()
    }

    fn replace_first(&mut self, slot: u32, index: Option<usize>) -> Option<usize> {
        let first = self.first.get_mut(slot as usize)?;
        let bit = 1 << slot;
        match index {
            Some(_) => self.occupied |= bit,
            None => self.occupied &= !bit,
        }
        std::mem::replace(first, index)
    }
}
