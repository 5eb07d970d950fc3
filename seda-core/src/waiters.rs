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

    /// Whoever parks while the room is freed is let go.
    #[test]
    fn no_waiter_is_forgotten() {
        loom::model(|| {
            let bit = Bit::of_rank(0);
            let site = Arc::new(Site::detached(1));
            let room = loom::sync::Arc::new(Room::new(1));
            let waiters = loom::sync::Arc::new(Waiters::new());
            assert!(room.reserve(1));
            let freer = {
                let (room, waiters) = (room.clone(), waiters.clone());
                thread::spawn(move || {
                    room.release(1);
                    waiters.room_freed();
                })
            };
            let waiter = Waiter {
                site: Arc::clone(&site),
                worker: 0,
                bit,
            };
            waiters.wait(waiter, &room, 1);
            freer.join().unwrap();
            assert!(site.take_unparked(0).contains(bit), "parked for ever");
        });
    }
}
