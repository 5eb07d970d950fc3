//! What a worker sleeps in, and how other threads wake it.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// Is what a worker sleeps in: a parker here, mio's `Poll` in seda-io.
///
/// A driver is made in its worker's thread and stays there.
pub trait Driver {
    /// Waits until it is woken, until something outside happens, or for
    /// `timeout`, whichever comes first; looks without waiting when that is zero.
    ///
    /// A wake that came before the call ends the call at once.
    ///
    /// # Blocking
    ///
    /// Blocks for at most `timeout`; for ever when there is none.
    ///
    /// # Errors
    ///
    /// An error stops the worker's domain.
    fn turn(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Gives what wakes this driver from any thread.
    fn waker(&self) -> Arc<dyn Wake>;
}

/// Wakes a sleeping worker.
pub trait Wake: Send + Sync {
    /// Ends the present or the next [`Driver::turn`]. Several wakes may be one.
    fn wake(&self);
}

/// Is the driver of workers that watch no sockets: a mutex and a condition variable.
#[derive(Debug, Default)]
pub struct Parker(Arc<Permit>);

#[derive(Debug, Default)]
struct Permit {
    given: Mutex<bool>,
    changed: Condvar,
}

impl Driver for Parker {
    fn turn(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if timeout == Some(Duration::ZERO) {
            // A wake that came before is used up by the next sleep.
            return Ok(());
        }
        let until = timeout.and_then(|wait| Instant::now().checked_add(wait));
        let mut given = self.0.given.lock();
        while !*given {
            match until {
                None => self.0.changed.wait(&mut given),
                Some(until) => {
                    if self.0.changed.wait_until(&mut given, until).timed_out() {
                        break;
                    }
                }
            }
        }
        *given = false;
        Ok(())
    }

    fn waker(&self) -> Arc<dyn Wake> {
        Arc::clone(&self.0) as Arc<dyn Wake>
    }
}

impl Wake for Permit {
    fn wake(&self) {
        let mut given = self.given.lock();
        if !*given {
            *given = true;
            self.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Driver, Parker};
    use std::time::Duration;

    #[test]
    fn a_wake_before_the_turn_is_not_lost() {
        let mut parker = Parker::default();
        parker.waker().wake();
        parker.waker().wake();
        parker.turn(None).unwrap();
        parker.turn(Some(Duration::from_nanos(1))).unwrap();
    }

    #[test]
    fn a_wake_from_another_thread_ends_the_turn() {
        let mut parker = Parker::default();
        let waker = parker.waker();
        std::thread::scope(|scope| {
            scope.spawn(move || waker.wake());
            parker.turn(None).unwrap();
        });
    }
}
