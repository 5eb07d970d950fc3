//! Stages that wait for another stage's room (back-pressure without blocking).

use std::sync::Arc;

use crate::domain::Site;
use crate::ready::Bit;
use crate::room::Room;
use crate::sync::{AtomicUsize, Mutex, Ordering};

/// Names a stage on a worker that is not run until it is let go.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) site: Arc<Site>,
    pub(crate) worker: usize,
    pub(crate) bit: Bit,
}

/// Is who waits for room in one stage's queue.
///
/// A waiter enters, then looks at the room once more; who frees room frees it,
/// then looks here. All four steps are `SeqCst`, so no waiter is forgotten.
#[derive(Debug)]
pub(crate) struct Waiters {
    count: AtomicUsize,
    list: Mutex<Vec<Waiter>>,
}

impl Waiters {
    pub(crate) fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
            list: Mutex::new(Vec::new()),
        }
    }

    /// Tells whether anybody waits.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.count.load(Ordering::SeqCst) != 0
    }

    /// Has `waiter` wait until room is freed; lets it go at once if there is
    /// room for as many as it wants.
    pub(crate) fn wait(&self, waiter: Waiter, room: &Room, wanted: usize) {
        {
            let mut list = self.list.lock();
            list.push(waiter);
            self.count.store(list.len(), Ordering::SeqCst);
        }
        if room.is_open(wanted) {
            self.let_go();
        }
    }

    /// Looks at everybody who waits.
    pub(crate) fn look(&self, look: impl FnMut(&Waiter)) {
        self.list.lock().iter().for_each(look);
    }

    /// Lets everybody go, since there is room; costs one load when nobody waits.
    #[inline]
    pub(crate) fn room_freed(&self) {
        if self.any() {
            self.let_go();
        }
    }

    fn let_go(&self) {
        let waiters = {
            let mut list = self.list.lock();
            self.count.store(0, Ordering::SeqCst);
            std::mem::take(&mut *list)
        };
        for waiter in waiters {
            waiter.site.unpark(waiter.worker, waiter.bit);
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::{Waiter, Waiters};
    use crate::domain::Site;
    use crate::ready::Bit;
    use crate::room::Room;
    use loom::thread;
    use std::sync::Arc;

    fn waiter(site: &Arc<Site>, rank: usize) -> Waiter {
        Waiter {
            site: Arc::clone(site),
            worker: 0,
            bit: Bit::of_rank(rank),
        }
    }

    /// Whoever parks while the room is freed is let go.
    #[test]
    fn no_waiter_is_forgotten() {
        loom::model(|| {
            let site = Arc::new(Site::detached(1));
            let room = Arc::new(Room::new(1));
            let waiters = Arc::new(Waiters::new());
            assert!(room.reserve(1));
            let freer = {
                let (room, waiters) = (Arc::clone(&room), Arc::clone(&waiters));
                thread::spawn(move || {
                    room.release(1);
                    waiters.room_freed();
                })
            };
            waiters.wait(waiter(&site, 0), &room, 1);
            freer.join().unwrap();
            let unparked = site.take_unparked(0);
            assert!(unparked.contains(Bit::of_rank(0)), "parked for ever");
        });
    }

    /// Two stages want the one place: who finds none parks, and who found it
    /// gives it back. At the end there is room, so nobody is parked.
    #[test]
    fn whoever_finds_no_room_is_let_go_when_another_gives_it_back() {
        loom::model(|| {
            let site = Arc::new(Site::detached(1));
            let room = Arc::new(Room::new(1));
            let waiters = Arc::new(Waiters::new());
            let want = |site: &Arc<Site>, room: &Room, waiters: &Waiters, rank| {
                let found = room.reserve(1);
                if found {
                    room.release(1);
                    waiters.room_freed();
                } else {
                    waiters.wait(waiter(site, rank), room, 1);
                }
                found
            };
            let other = {
                let (site, room, waiters) =
                    (Arc::clone(&site), Arc::clone(&room), Arc::clone(&waiters));
                thread::spawn(move || want(&site, &room, &waiters, 1))
            };
            let found = [want(&site, &room, &waiters, 0), other.join().unwrap()];
            let unparked = site.take_unparked(0);
            for (rank, found) in found.into_iter().enumerate() {
                let free = found || unparked.contains(Bit::of_rank(rank));
                assert!(free, "stage {rank} is parked beside free room");
            }
            assert_eq!((room.used(), waiters.any()), (0, false));
        });
    }

    /// Room comes from a wider bound as well as from events that leave.
    #[test]
    fn no_waiter_is_forgotten_when_the_bound_widens() {
        loom::model(|| {
            let site = Arc::new(Site::detached(1));
            let room = Arc::new(Room::new(2));
            let waiters = Arc::new(Waiters::new());
            room.set_limit(1);
            assert!(room.reserve(1));
            let resizer = {
                let (room, waiters) = (Arc::clone(&room), Arc::clone(&waiters));
                thread::spawn(move || {
                    room.set_limit(2);
                    waiters.room_freed();
                })
            };
            waiters.wait(waiter(&site, 0), &room, 1);
            resizer.join().unwrap();
            let unparked = site.take_unparked(0);
            assert!(unparked.contains(Bit::of_rank(0)), "parked for ever");
        });
    }
}
