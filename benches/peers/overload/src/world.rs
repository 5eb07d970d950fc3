//! What can happen to a machine: it becomes slower, or stands still.
//!
//! All handlers of a server ask here, so that every server meets the same fate.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Is how fast work gets done, and until when none does.
#[derive(Debug)]
pub struct World {
    since: Instant,
    /// Bits of an `f64`: how much longer than usual all work takes.
    factor: AtomicU64,
    /// Nanoseconds since `since` until which nobody works; 0 when everybody may.
    resumes: AtomicU64,
}

impl World {
    /// Makes a world at its usual pace.
    pub fn new() -> Self {
        Self {
            since: Instant::now(),
            factor: AtomicU64::new(1f64.to_bits()),
            resumes: AtomicU64::new(0),
        }
    }

    /// Tells how much longer than usual work takes.
    pub fn factor(&self) -> f64 {
        f64::from_bits(self.factor.load(Ordering::Relaxed))
    }

    /// Has all work that begins from now on take `factor` times as long as usual.
    pub fn slow(&self, factor: f64) {
        self.factor.store(factor.to_bits(), Ordering::Relaxed);
    }

    /// Has nobody work for a time, from now on.
    pub fn pause(&self, time: Duration) {
        let until = nanoseconds(self.since.elapsed().saturating_add(time));
        self.resumes.store(until, Ordering::Relaxed);
    }

    /// Waits until work may go on.
    ///
    /// # Blocking
    ///
    /// Sleeps as long as the pause lasts, whatever thread this is.
    pub fn wait(&self) {
        loop {
            let resumes = self.resumes.load(Ordering::Relaxed);
            if resumes == 0 {
                return;
            }
            let left = Duration::from_nanos(resumes).saturating_sub(self.since.elapsed());
            if left.is_zero() {
                // Another pause may have begun meanwhile: then it stays.
                let (set, unset) = (Ordering::Relaxed, Ordering::Relaxed);
                let _ = self.resumes.compare_exchange(resumes, 0, set, unset);
            } else {
                thread::sleep(left);
            }
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
