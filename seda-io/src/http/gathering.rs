//! What the bodies that arrive at one worker hold all together, and which is the first to be given up.

use std::collections::{BTreeMap, HashMap};

use super::limits::Limits;
use crate::timer::nanoseconds;

/// Knows the bodies that are gathered before their requests are handed out.
///
/// Each is bounded by itself, but ten thousand of them are not: who sends slowly
/// enough has the server hold all of it for as long as that takes. When all
/// together hold too much, those that have been arriving for longer than the
/// timeout of a body are given up, the oldest first, and not those that come: so
/// who sends as fast as others is served however many do not.
#[derive(Debug)]
pub(super) struct Gathering {
    bytes: usize,
    bytes_max: usize,
    /// Nanoseconds: who is younger is not slow.
    patience: u64,
    /// By peer.
    held: HashMap<usize, Held>,
    /// Peers in the order in which their bodies began to arrive, and when that was.
    order: BTreeMap<u64, (usize, u64)>,
    /// The next key of `order`.
    begun: u64,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    part: Gathered,
    /// The key in `order`.
    place: u64,
}

/// A body of which some has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gathered {
    /// Which of the connection's requests it belongs to.
    pub(super) request: u32,
    /// Of memory, which is up to twice as much as has come.
    pub(super) bytes: usize,
}

impl Gathering {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            bytes: 0,
            bytes_max: limits.bodies_bytes_max,
            patience: nanoseconds(limits.timeouts.body),
            held: HashMap::new(),
            order: BTreeMap::new(),
            begun: 0,
        }
    }

    /// Tells whether no body is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Notes what a peer's body holds at `now`; nothing when it is whole, given
    /// up, or there was none.
    pub(super) fn note(&mut self, index: usize, part: Option<Gathered>, now: u64) {
        if let Some(held) = self.held.get_mut(&index)
            && let Some(part) = part
            && held.part.request == part.request
        {
            self.bytes = self.bytes - held.part.bytes + part.bytes;
            held.part = part;
            return;
        }
        self.forget(index);
        if let Some(part) = part {
            self.bytes += part.bytes;
            let place = self.begun;
            self.begun += 1;
            self.order.insert(place, (index, now));
            self.held.insert(index, Held { part, place });
        }
    }

    /// Names the peer whose body is to be given up at `now`, and forgets it. One
    /// that is alone is not: it has a bound of its own.
    ///
    /// Nobody need ask at a certain time: a slow body either goes on, which is
    /// told, or comes under its own timeout.
    pub(super) fn take_excess(&mut self, now: u64) -> Option<usize> {
        if self.bytes <= self.bytes_max || self.held.len() < 2 {
            return None;
        }
        let (index, since) = *self.order.first_key_value()?.1;
        if now < since.saturating_add(self.patience) {
            return None;
        }
        self.forget(index);
        Some(index)
    }

    fn forget(&mut self, index: usize) {
        if let Some(held) = self.held.remove(&index) {
            self.bytes -= held.part.bytes;
            self.order.remove(&held.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Gathered, Gathering};
    use crate::http::limits::{Limits, Timeouts};

    /// At most 100 bytes, and 1,000 ns of patience.
    fn gathering() -> Gathering {
        let timeouts = Timeouts {
            body: Duration::from_micros(1),
            ..Timeouts::default()
        };
        Gathering::new(&Limits {
            bodies_bytes_max: 100,
            timeouts,
            ..Limits::default()
        })
    }

    /// Has a peer's body hold so much.
    fn hold(gathering: &mut Gathering, index: usize, (request, bytes): (u32, usize), now: u64) {
        gathering.note(index, Some(Gathered { request, bytes }), now);
    }

    #[test]
    fn the_body_that_has_been_arriving_for_the_longest_is_given_up_first() {
        let mut gathering = gathering();
        for (index, bytes) in [(7, 40), (3, 10), (5, 40)] {
            hold(&mut gathering, index, (0, bytes), 0);
        }
        assert_eq!(gathering.take_excess(5_000), None);
        hold(&mut gathering, 3, (0, 80), 5_000);
        assert_eq!(gathering.take_excess(5_000), Some(7));
        assert_eq!(gathering.take_excess(5_000), Some(3));
        assert_eq!((gathering.take_excess(5_000), gathering.bytes), (None, 40));
    }

    #[test]
    fn who_is_not_slow_may_have_more() {
        let mut gathering = gathering();
        hold(&mut gathering, 1, (0, 90), 500);
        hold(&mut gathering, 2, (0, 90), 600);
        assert_eq!(gathering.take_excess(1_499), None);
        assert_eq!(gathering.take_excess(1_500), Some(1));
    }

    #[test]
    fn a_body_alone_may_be_as_large_as_any() {
        let mut gathering = gathering();
        hold(&mut gathering, 1, (0, 1_000), 0);
        assert_eq!(gathering.take_excess(u64::MAX), None);
    }

    #[test]
    fn a_body_that_is_whole_holds_nothing_and_the_next_one_is_younger() {
        let mut gathering = gathering();
        hold(&mut gathering, 1, (0, 60), 0);
        hold(&mut gathering, 2, (0, 20), 0);
        hold(&mut gathering, 1, (1, 30), 10);
        assert_eq!(gathering.bytes, 50);
        hold(&mut gathering, 3, (0, 90), 20);
        assert_eq!(gathering.take_excess(5_000), Some(2));
        gathering.note(3, None, 30);
        gathering.note(1, None, 30);
        gathering.note(1, None, 30);
        assert!(gathering.is_empty() && gathering.bytes == 0 && gathering.order.is_empty());
    }
}
