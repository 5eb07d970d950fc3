//! Wakes a reactor from any thread, with a system call only when it sleeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use seda_core::Wake;

/// Ends a reactor's sleep.
///
/// Who rings sets `rung`, then looks whether the reactor sleeps; the reactor
/// says that it sleeps, then looks whether somebody rang. All four steps are
/// `SeqCst`, so at least one of the two sees the other.
#[derive(Debug)]
pub(crate) struct Bell {
    rung: AtomicBool,
    asleep: AtomicBool,
    waker: mio::Waker,
}

impl Bell {
    pub(crate) fn new(waker: mio::Waker) -> Arc<Self> {
        Arc::new(Self {
            rung: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            waker,
        })
    }

    /// Ends the present or the next sleep.
    pub(crate) fn ring(&self) {
        let news = !self.rung.swap(true, Ordering::SeqCst);
        if news && self.asleep.load(Ordering::SeqCst) {
            // It fails only when the poll is gone, and then nobody sleeps.
            if let Err(error) = self.waker.wake() {
                tracing::debug!(target: "seda", "a reactor was not woken: {error}");
            }
        }
    }

    /// Says that the reactor is about to sleep; false when it must not.
    pub(super) fn lie_down(&self) -> bool {
        self.asleep.store(true, Ordering::SeqCst);
        !self.rung.load(Ordering::SeqCst)
    }

    /// Says that the reactor is awake and looks at everything from now on.
    pub(super) fn get_up(&self) {
        self.asleep.store(false, Ordering::SeqCst);
        self.rung.swap(false, Ordering::SeqCst);
    }
}

impl Wake for Bell {
    fn wake(&self) {
        self.ring();
    }
}
