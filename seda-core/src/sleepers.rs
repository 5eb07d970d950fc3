//! Which workers of a domain sleep, so that a wake costs nothing when none does.

use crate::sync::{AtomicUsize, Mutex, Ordering};

/// Is the stack of sleeping workers: the one that fell asleep last is woken
/// first, so that few stay warm.
///
/// A worker enters, then looks at the ready sets once more, then sleeps. Who
/// makes work sets the ready bit, then looks here. All four steps are `SeqCst`,
/// so at least one of the two sees the other.
#[derive(Debug)]
pub(crate) struct Sleepers {
    count: AtomicUsize,
    stack: Mutex<Vec<usize>>,
}

impl Sleepers {
    pub(crate) fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
            stack: Mutex::new(Vec::new()),
        }
    }

    /// Says that this worker is about to sleep; it must look for work once more.
    pub(crate) fn enter(&self, worker: usize) {
        let mut stack = self.stack.lock();
        stack.push(worker);
        self.count.store(stack.len(), Ordering::SeqCst);
    }

    /// Says that this worker no longer sleeps, whoever woke it.
    pub(crate) fn leave(&self, worker: usize) {
        self.remove(|stack| stack.iter().position(|sleeper| *sleeper == worker));
    }

    /// Takes a sleeping worker off the stack; the caller must wake it.
    pub(crate) fn pick_any(&self) -> Option<usize> {
        if self.count.load(Ordering::SeqCst) == 0 {
            return None;
        }
        self.remove(|stack| stack.len().checked_sub(1))
    }

    /// Takes this worker off the stack if it sleeps; the caller must then wake it.
    pub(crate) fn pick(&self, worker: usize) -> bool {
        self.count.load(Ordering::SeqCst) != 0
            && self
                .remove(|stack| stack.iter().position(|sleeper| *sleeper == worker))
                .is_some()
    }

    fn remove(&self, find: impl FnOnce(&[usize]) -> Option<usize>) -> Option<usize> {
        let mut stack = self.stack.lock();
        let place = find(&stack)?;
        let worker = stack.remove(place);
        self.count.store(stack.len(), Ordering::SeqCst);
        Some(worker)
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::Sleepers;
    use crate::ready::{Bit, SharedSet};
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicBool, Ordering};
    use loom::thread;

    /// A worker that goes to sleep while work is made is woken, or sees the work.
    #[test]
    fn no_wake_is_lost() {
        loom::model(|| {
            let sleepers = Arc::new(Sleepers::new());
            let ready = Arc::new(SharedSet::default());
            let woken = Arc::new(AtomicBool::new(false));
            let bit = Bit::of_rank(3);
            let maker = {
                let (sleepers, ready, woken) = (
                    Arc::clone(&sleepers),
                    Arc::clone(&ready),
                    Arc::clone(&woken),
                );
                thread::spawn(move || {
                    ready.insert(bit);
                    if sleepers.pick_any().is_some() {
                        woken.store(true, Ordering::SeqCst);
                    }
                })
            };
            sleepers.enter(0);
            let saw = ready.load().contains(bit);
            maker.join().unwrap();
            assert!(
                saw || woken.load(Ordering::SeqCst),
                "asleep with work to do"
            );
        });
    }
}
