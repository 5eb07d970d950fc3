//! The levels of priority of a window, with how much arrived at each.

use crate::dials::level::AdmissionLevel;
use crate::law::{float, whole};
use crate::meta::Class;

/// How many user levels a class has.
const USERS: usize = AdmissionLevel::USERS as usize;

/// Is the arrivals of a window by level, the most urgent first: those of a
/// class are spread evenly over its user levels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ladder {
    arrivals: [u64; Class::COUNT_MAX],
    classes: usize,
}

impl Ladder {
    pub(super) const fn new(arrivals: [u64; Class::COUNT_MAX], classes: usize) -> Self {
        Self { arrivals, classes }
    }

    /// Gives how many levels there are.
    pub(super) const fn top(&self) -> usize {
        self.classes * USERS
    }

    pub(super) fn total(&self) -> u64 {
        self.arrivals.iter().sum()
    }

    /// Gives how many arrived at the first `levels` levels.
    pub(super) fn below(&self, levels: usize) -> f64 {
        let mut left = levels;
        let mut sum = 0.0;
        for arrivals in self.arrivals.iter().take(self.classes) {
            let users = left.min(USERS);
            sum += float(*arrivals) * float(users as u64) / float(USERS as u64);
            left -= users;
        }
        sum
    }

    /// Gives the most levels at which no more than `wanted` arrived.
    pub(super) fn level_of(&self, wanted: f64) -> usize {
        let mut left = wanted;
        let mut levels = 0;
        for arrivals in self.arrivals.iter().take(self.classes) {
            let arrivals = float(*arrivals);
            if arrivals > left {
                let users = left.max(0.0) / arrivals * float(USERS as u64);
                return levels + whole(users.floor(), 0).min(USERS);
            }
            left -= arrivals;
            levels += USERS;
        }
        levels
    }

    /// Names the level up to which the first `levels` enter.
    pub(super) fn named(levels: usize) -> AdmissionLevel {
        let (class, users) = match (levels / USERS, levels % USERS) {
            (classes, 0) if classes > 0 => (classes - 1, USERS),
            whole => whole,
        };
        AdmissionLevel {
            class: Class(u8::try_from(class).unwrap_or(u8::MAX)),
            users: u8::try_from(users).unwrap_or(AdmissionLevel::USERS),
        }
    }
}
