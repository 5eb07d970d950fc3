//! What travels with an event without the handler's doing.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU64;

use serde::Serialize;

use crate::clock::Tick;

/// Is an event's priority; a smaller number is more urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Class(pub u8);

impl Class {
    /// How many classes a queue can tell apart; higher numbers share the last.
    pub const COUNT_MAX: usize = 8;
    /// Before everything else.
    pub const HIGH: Self = Self(0);
    /// What an event has when nobody says otherwise.
    pub const NORMAL: Self = Self(1);
    /// After everything else that is in a three-class queue.
    pub const LOW: Self = Self(2);
}

impl Default for Class {
    fn default() -> Self {
        Self::NORMAL
    }
}

/// Names what must be handled in order: events of one key are handled one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Key(NonZeroU64);

impl Key {
    /// Makes a key of any value that can be hashed; equal values make equal keys.
    pub fn of(value: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        Self(NonZeroU64::new(hasher.finish()).unwrap_or(NonZeroU64::MIN))
    }

    /// Gives the number behind the key.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

/// Names one event's way through the graph, for tracing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct TraceId(NonZeroU64);

impl TraceId {
    /// Makes a trace id; zero means "not traced" and gives none.
    pub fn new(id: u64) -> Option<Self> {
        NonZeroU64::new(id).map(Self)
    }

    /// Gives the number behind the id.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

/// Is what travels with an event: deadline, class, key and trace id.
///
/// An event that is enqueued while another is handled inherits that one's meta;
/// [`Sink::with`](crate::Sink::with) says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Meta {
    deadline: Tick,
    key: Option<Key>,
    trace: Option<TraceId>,
    class: Class,
}

impl Meta {
    /// Is the meta of an event about which nothing is said.
    pub const NONE: Self = Self {
        deadline: Tick::NEVER,
        key: None,
        trace: None,
        class: Class::NORMAL,
    };

    /// Sets the moment after which the event is worth nothing.
    #[must_use]
    pub const fn with_deadline(self, deadline: Tick) -> Self {
        Self { deadline, ..self }
    }

    /// Sets the priority.
    #[must_use]
    pub const fn with_class(self, class: Class) -> Self {
        Self { class, ..self }
    }

    /// Sets what must be handled in order.
    #[must_use]
    pub const fn with_key(self, key: Key) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }

    /// Has the event's way recorded under this id.
    #[must_use]
    pub const fn with_trace(self, trace: TraceId) -> Self {
        Self {
            trace: Some(trace),
            ..self
        }
    }

    /// Gives the moment after which the event is worth nothing; [`Tick::NEVER`] by default.
    #[inline]
    pub const fn deadline(&self) -> Tick {
        self.deadline
    }

    /// Gives the priority.
    pub const fn class(&self) -> Class {
        self.class
    }

    /// Gives what must be handled in order, if anything.
    pub const fn key(&self) -> Option<Key> {
        self.key
    }

    /// Gives the id under which the event's way is recorded, if it is.
    #[inline]
    pub const fn trace(&self) -> Option<TraceId> {
        self.trace
    }

    /// Tells whether a queue has to look at anything but the class.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.key.is_none() && self.deadline == Tick::NEVER
    }
}

impl Default for Meta {
    fn default() -> Self {
        Self::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Meta, TraceId};

    #[test]
    fn equal_values_make_equal_keys() {
        assert_eq!(Key::of(&"job 7"), Key::of(&"job 7"));
        assert_ne!(Key::of(&"job 7"), Key::of(&"job 8"));
    }

    #[test]
    fn meta_stays_small_since_every_queued_event_carries_one() {
        assert!(size_of::<Meta>() <= 32);
        assert!(Meta::NONE.is_plain());
        assert_eq!(TraceId::new(0), None);
    }
}
