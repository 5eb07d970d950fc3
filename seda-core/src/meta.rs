//! What travels with an event without the handler's doing.

use std::fmt;
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
    /// How many bits an id has.
    pub const BITS: u32 = u64::BITS - CLASS_BITS;

    /// Makes a trace id of the low [`BITS`](Self::BITS) bits; zero means "not
    /// traced" and gives none.
    pub fn new(id: u64) -> Option<Self> {
        NonZeroU64::new(id & (u64::MAX >> CLASS_BITS)).map(Self)
    }

    /// Gives the number behind the id.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

/// The class shares a word with the trace id.
const CLASS_BITS: u32 = u8::BITS;
const NO_KEY: u64 = 0;

/// Is what travels with an event: deadline, class, key and trace id.
///
/// An event that is enqueued while another is handled inherits that one's meta;
/// [`Sink::with`](crate::Sink::with) says otherwise.
// Three whole words: every queued event carries one, and it is copied at every hop.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    deadline: Tick,
    key: u64,
    trace_and_class: u64,
}

impl Meta {
    /// Is the meta of an event about which nothing is said.
    pub const NONE: Self = Self {
        deadline: Tick::NEVER,
        key: NO_KEY,
        trace_and_class: Class::NORMAL.0 as u64,
    };

    /// Sets the moment after which the event is worth nothing.
    #[must_use]
    pub const fn with_deadline(self, deadline: Tick) -> Self {
        Self { deadline, ..self }
    }

    /// Sets the priority.
    #[must_use]
    pub const fn with_class(self, class: Class) -> Self {
        let trace = self.trace_and_class >> CLASS_BITS << CLASS_BITS;
        Self {
            trace_and_class: trace | class.0 as u64,
            ..self
        }
    }

    /// Sets what must be handled in order.
    #[must_use]
    pub const fn with_key(self, key: Key) -> Self {
        Self {
            key: key.get(),
            ..self
        }
    }

    /// Has the event's way recorded under this id.
    #[must_use]
    pub const fn with_trace(self, trace: TraceId) -> Self {
        Self {
            trace_and_class: trace.get() << CLASS_BITS | self.class().0 as u64,
            ..self
        }
    }

    /// Gives the moment after which the event is worth nothing; [`Tick::NEVER`] by default.
    #[inline]
    pub const fn deadline(&self) -> Tick {
        self.deadline
    }

    /// Gives the priority.
    #[inline]
    pub const fn class(&self) -> Class {
        Class(self.trace_and_class.to_le_bytes()[0])
    }

    /// Gives what must be handled in order, if anything.
    pub fn key(&self) -> Option<Key> {
        NonZeroU64::new(self.key).map(Key)
    }

    /// Gives the id under which the event's way is recorded, if it is.
    pub fn trace(&self) -> Option<TraceId> {
        TraceId::new(self.trace_and_class >> CLASS_BITS)
    }

    /// Tells whether the event's way is recorded.
    #[inline]
    pub(crate) const fn is_traced(&self) -> bool {
        self.trace_and_class >> CLASS_BITS != 0
    }

    /// Tells whether a queue has to look at nothing but the class.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.key == NO_KEY && self.deadline == Tick::NEVER
    }
}

impl Default for Meta {
    fn default() -> Self {
        Self::NONE
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meta")
            .field("deadline", &self.deadline)
            .field("class", &self.class())
            .field("key", &self.key())
            .field("trace", &self.trace())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Key, Meta, TraceId};
    use crate::clock::Tick;

    #[test]
    fn equal_values_make_equal_keys() {
        assert_eq!(Key::of(&"job 7"), Key::of(&"job 7"));
        assert_ne!(Key::of(&"job 7"), Key::of(&"job 8"));
    }

    #[test]
    fn every_part_of_a_meta_is_kept_beside_the_others() {
        let (key, trace) = (Key::of(&7), TraceId::new(99).unwrap());
        let meta = Meta::NONE
            .with_trace(trace)
            .with_class(Class(5))
            .with_key(key)
            .with_deadline(Tick::from_nanos(3));
        assert_eq!((meta.class(), meta.trace()), (Class(5), Some(trace)));
        assert_eq!((meta.key(), meta.deadline().as_nanos()), (Some(key), 3));
        assert!(!meta.is_plain() && Meta::NONE.is_plain());
        assert_eq!(
            (Meta::NONE.class(), Meta::NONE.trace()),
            (Class::NORMAL, None)
        );
    }

    #[test]
    fn meta_stays_small_since_every_queued_event_carries_one() {
        assert_eq!(size_of::<Meta>(), 24);
        assert_eq!(TraceId::new(0), None);
    }
}
