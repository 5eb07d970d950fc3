//! An admission level over classes and, within a class, over users.

use std::sync::atomic::{AtomicU32, Ordering};

use serde::Serialize;

use crate::meta::{Class, Key};

/// Is up to which priority events enter: all of more urgent classes than
/// `class`, of that class those of the first `users` of
/// [`USERS`](Self::USERS) user levels, and none of less urgent ones.
///
/// The user level of an event with a key follows from the key, so that all
/// events of a user fare alike; events without one take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct AdmissionLevel {
    /// The class of which some enter, as the queue tells classes apart.
    pub class: Class,
    /// How many user levels of it enter, 0 to [`USERS`](Self::USERS).
    pub users: u8,
}

impl AdmissionLevel {
    /// How many user levels a class has.
    pub const USERS: u8 = 128;

    /// Gives the first priority that does not enter.
    fn end(self) -> u32 {
        u32::from(self.class.0) * u32::from(Self::USERS) + u32::from(self.users.min(Self::USERS))
    }
}

/// Says that everything enters.
const EVERYTHING: u32 = u32::MAX;

/// Is the level as it is now, and the turns of events without a key.
#[derive(Debug)]
pub(crate) struct LevelDial {
    end: AtomicU32,
    turns: AtomicU32,
}

impl LevelDial {
    pub(crate) const fn new() -> Self {
        Self {
            end: AtomicU32::new(EVERYTHING),
            turns: AtomicU32::new(0),
        }
    }

    pub(crate) fn set(&self, level: AdmissionLevel) {
        self.end.store(level.end(), Ordering::Relaxed);
    }

    pub(crate) fn admits(&self, class: Class, key: Option<Key>) -> bool {
        let end = self.end.load(Ordering::Relaxed);
        if end == EVERYTHING {
            return true;
        }
        let user = key.map_or_else(|| self.turn(), of_key);
        u32::from(class.0) * u32::from(AdmissionLevel::USERS) + user < end
    }

    /// Gives every user level once in 128 turns, and those that enter spread
    /// evenly over them: the bits of a counter in reverse.
    fn turn(&self) -> u32 {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        turn.reverse_bits() >> (u32::BITS - AdmissionLevel::USERS.trailing_zeros())
    }
}

/// Takes high bits, since the low ones choose the lane.
fn of_key(key: Key) -> u32 {
    let users = u64::from(AdmissionLevel::USERS);
    u32::try_from((key.get() >> 32) % users).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{AdmissionLevel, LevelDial};
    use crate::meta::{Class, Key};

    fn dial(class: u8, users: u8) -> LevelDial {
        let dial = LevelDial::new();
        dial.set(AdmissionLevel {
            class: Class(class),
            users,
        });
        dial
    }

    #[test]
    fn more_urgent_classes_enter_and_less_urgent_ones_do_not() {
        let dial = dial(1, 64);
        let admitted = |class| (0..128).filter(|_| dial.admits(Class(class), None)).count();
        assert_eq!([admitted(0), admitted(1), admitted(2)], [128, 64, 0]);
    }

    #[test]
    fn those_without_a_key_take_turns_evenly() {
        let dial = dial(0, 32);
        let admitted: Vec<bool> = (0..128).map(|_| dial.admits(Class(0), None)).collect();
        let fours = admitted.chunks(4);
        assert!(
            fours
                .into_iter()
                .all(|four| four.iter().filter(|is| **is).count() == 1)
        );
    }

    #[test]
    fn all_events_of_a_key_fare_alike() {
        let dial = dial(0, 64);
        let of = |n: u32| dial.admits(Class(0), Some(Key::of(&n)));
        assert!((0..1_000).all(|n| of(n) == of(n)));
        let share = (0..10_000).filter(|n| of(*n)).count();
        assert!((4_700..5_300).contains(&share), "{share}");
    }

    #[test]
    fn unset_it_admits_everything() {
        assert!(LevelDial::new().admits(Class(7), None));
    }
}
