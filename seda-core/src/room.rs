//! How much a stage's queues may hold together, and how much of it is spoken for.

use crate::sync::{AtomicUsize, Ordering};

/// How much room a worker may take for itself ahead of need, at most.
const POCKET_MAX: usize = 256;
/// The part of the bound that one worker may so keep from others.
const POCKET_SHARE: usize = 8;

/// Counts the room of a stage: events queued, slots reserved, pockets held.
///
/// An event holds room while it waits; a batch gives the room back when it takes it.
#[derive(Debug)]
pub(crate) struct Room {
    used: AtomicUsize,
    limit: AtomicUsize,
    capacity: AtomicUsize,
}

impl Room {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            used: AtomicUsize::new(0),
            limit: AtomicUsize::new(capacity),
            capacity: AtomicUsize::new(capacity),
        }
    }

    /// Takes room for exactly `n` events, or none.
    pub(crate) fn reserve(&self, n: usize) -> bool {
        let limit = self.limit();
        let mut used = self.used.load(Ordering::Relaxed);
        loop {
            match used.checked_add(n) {
                Some(after) if after <= limit => match self.try_move(used, after) {
                    Ok(()) => return true,
                    Err(now) => used = now,
                },
                _ => return false,
            }
        }
    }

    /// Takes room for as many as there is, up to `most`.
    pub(crate) fn reserve_up_to(&self, most: usize) -> usize {
        let limit = self.limit();
        let mut used = self.used.load(Ordering::Relaxed);
        loop {
            let granted = limit.saturating_sub(used).min(most);
            if granted == 0 {
                return 0;
            }
            match self.try_move(used, used + granted) {
                Ok(()) => return granted,
                Err(now) => used = now,
            }
        }
    }

    fn try_move(&self, from: usize, to: usize) -> Result<(), usize> {
        self.used
            .compare_exchange_weak(from, to, Ordering::AcqRel, Ordering::Relaxed)
            .map(drop)
    }

    /// Gives room for `n` events back.
    pub(crate) fn release(&self, n: usize) {
        self.used.fetch_sub(n, Ordering::SeqCst);
    }

    /// Takes room for `n` events whether there is or not: they come back from
    /// a batch that did not take them, so the bound may be passed by one batch
    /// of each worker while their stage is parked.
    pub(crate) fn force(&self, n: usize) {
        if n > 0 {
            self.used.fetch_add(n, Ordering::SeqCst);
        }
    }

    /// Tells whether `n` events would find room.
    pub(crate) fn is_open(&self, n: usize) -> bool {
        let used = self.used.load(Ordering::SeqCst);
        used.saturating_add(n) <= self.limit.load(Ordering::SeqCst)
    }

    /// Gives the most events that may be queued just now.
    pub(crate) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Gives the bound that the graph was built with.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity.load(Ordering::Relaxed)
    }

    /// Changes the bound; what is queued beyond a smaller one stays.
    pub(crate) fn set_capacity(&self, capacity: usize) {
        self.capacity.store(capacity, Ordering::Relaxed);
        self.limit.store(capacity, Ordering::SeqCst);
    }

    /// Narrows the bound to `limit` events (at least 1), never beyond capacity.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.limit
            .store(limit.clamp(1, self.capacity()), Ordering::SeqCst);
    }

    /// Gives the room that a worker may take ahead of need in one step.
    pub(crate) fn pocket(&self) -> usize {
        (self.limit() / POCKET_SHARE).clamp(1, POCKET_MAX)
    }

    /// Gives the room that a worker may hold ready without an event for it.
    ///
    /// So a full queue may refuse up to this much early for each other worker
    /// that is busy; it is 0, and so exact, for bounds below 16.
    pub(crate) fn pocket_kept(&self) -> usize {
        match self.pocket() {
            1 => 0,
            pocket => pocket,
        }
    }

    /// Gives the room that is spoken for.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Room;

    #[test]
    fn room_is_all_or_none_and_comes_back() {
        let room = Room::new(10);
        assert!(room.reserve(7));
        assert!(!room.reserve(4));
        assert!(room.reserve(3));
        assert!(!room.is_open(1));
        room.release(10);
        assert!(!room.reserve(usize::MAX));
        assert_eq!(room.reserve_up_to(99), 10);
        assert_eq!(room.used(), 10);
    }

    #[test]
    fn the_limit_stays_between_one_and_the_capacity() {
        let room = Room::new(10);
        room.set_limit(0);
        assert_eq!(room.limit(), 1);
        room.set_limit(1_000);
        assert_eq!(room.limit(), 10);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::Room;
    use loom::sync::Arc;
    use loom::thread;

    #[test]
    fn two_threads_never_exceed_the_bound() {
        loom::model(|| {
            let room = Arc::new(Room::new(3));
            let other = Arc::clone(&room);
            let thread = thread::spawn(move || {
                let got = other.reserve(2);
                assert!(other.used() <= 3);
                if got {
                    other.release(2);
                }
                got
            });
            let mine = room.reserve_up_to(2);
            assert!(room.used() <= 3);
            let theirs = thread.join().unwrap();
            assert!(theirs || mine > 1, "one of the two must get its room");
            assert_eq!(room.used(), mine);
        });
    }
}
