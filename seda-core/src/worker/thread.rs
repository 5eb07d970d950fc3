//! A worker's thread: run what is ready, poll the sources, sleep in the driver.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::{Clock, Tick};
use crate::domain::Site;
use crate::driver::Driver;
use crate::error::panic_message;
use crate::failure::Death;
use crate::here::Here;
use crate::life::{Life, Phase};
use crate::overload::pressure::Pressure;
use crate::source::{Next, Source};
use crate::worker::shift::Shift;

/// How many batches a worker runs before it looks at its driver and sources again.
const BATCHES_PER_TURN: usize = 64;
/// How long at most, in ns, where events take long: what waits outside, in the
/// sockets, is seen by no queue, and so refused by none.
const TURN_TIME: u64 = 500_000;

/// Is what a worker's thread owns.
pub(crate) struct WorkerLoop {
    pub(crate) worker: usize,
    pub(crate) site: Arc<Site>,
    pub(crate) shift: Shift,
    pub(crate) sources: Vec<Box<dyn Source>>,
    pub(crate) driver: Box<dyn Driver>,
    pub(crate) life: Arc<Life>,
    pub(crate) clock: Clock,
    /// Read once a turn, and kept where handlers look.
    pub(crate) pressure: Pressure,
    /// Set once this worker's sources have written everything.
    pub(crate) drained: Arc<AtomicBool>,
    /// How long it may be idle before it leaves; none for one that stays.
    pub(crate) leaves_after: Option<Duration>,
    pub(crate) quiesced: bool,
}

impl WorkerLoop {
    /// Works until the graph stops, or until idle for too long.
    ///
    /// # Errors
    ///
    /// Gives the driver's error; the worker can then do nothing more.
    pub(crate) fn live(&mut self, here: &Here) -> io::Result<()> {
        // A batch leaves the time at its end; after anything else it is stale.
        let mut stale = true;
        let mut looked = None;
        loop {
            if stale {
                here.set_now(self.clock.now());
            }
            let now = here.now();
            here.pressure.set(self.pressure.level());
            match self.life.phase() {
                Phase::Running => {}
                Phase::Draining => self.quiesce(),
                Phase::Stopping => break,
            }
            let next = self.bring(here, looked.unwrap_or(now));
            let ran = self.work(here);
            stale = !ran;
            let again = ran || next == Next::Again;
            self.report_progress();
            looked = again.then_some(now);
            if again {
                self.driver.turn(Some(Duration::ZERO))?;
            } else if !self.sleep(here, next)? {
                return Ok(());
            }
        }
        self.quiesce();
        self.shift.abandon(here, Death::Stopped);
        self.shift.rest(here);
        self.drained.store(true, Ordering::Release);
        self.life.announce();
        Ok(())
    }

    /// Polls the sources. What they bring may have come at any time since the
    /// driver looked before, while batches ran, and its wait counts from then on:
    /// else the time in a socket's buffer would be in no budget.
    fn bring(&mut self, here: &Here, since: Tick) -> Next {
        let now = here.now();
        if self.sources.is_empty() {
            return Next::Ended;
        }
        here.stamp_batches();
        here.set_now(since);
        let next = self.poll_sources(now);
        // What the sources took is not the next batch's.
        here.set_now(self.clock.now());
        next
    }

    /// Runs batches; tells whether there were any.
    fn work(&mut self, here: &Here) -> bool {
        let began = here.now();
        for done in 0..BATCHES_PER_TURN {
            let Some((rank, _)) = self.shift.begin(here) else {
                return done > 0;
            };
            self.shift.finish(here, rank);
            if here.now().nanos_since(began) >= TURN_TIME {
                break;
            }
        }
        true
    }

    /// Sleeps until there is work; false when it is time to leave.
    fn sleep(&mut self, here: &Here, next: Next) -> io::Result<bool> {
        self.shift.rest(here);
        let before = self.life.phase();
        self.site.sleepers().enter(self.worker);
        let awake = !self.shift.ready(here).is_empty()
            || self.site.has_unparked(self.worker)
            || self.life.phase() != before;
        let timeout = self.timeout(next);
        let slept = if awake {
            Ok(())
        } else {
            self.driver.turn(timeout)
        };
        self.site.sleepers().leave(self.worker);
        slept?;
        Ok(awake || !self.may_leave(here, timeout))
    }

    /// Tells whether it slept its whole idle time for nothing.
    fn may_leave(&self, here: &Here, timeout: Option<Duration>) -> bool {
        let idle = self.clock.now().since(here.now());
        self.leaves_after.is_some_and(|wait| idle >= wait)
            && timeout == self.leaves_after
            && !self.shift.has_parked()
            && self.shift.ready(here).is_empty()
            && self.life.phase() == Phase::Running
    }

    fn timeout(&self, next: Next) -> Option<Duration> {
        let source = match next {
            Next::At(tick) => Some(tick),
            Next::Again => Some(Tick::ZERO),
            Next::Idle | Next::Ended => None,
        };
        let due = [source, self.shift.next_unpark()]
            .into_iter()
            .flatten()
            .min();
        let due = due.filter(|tick| *tick != Tick::NEVER);
        let wait = due.map(|tick| tick.since(self.clock.now()));
        [wait, self.leaves_after].into_iter().flatten().min()
    }

    fn poll_sources(&mut self, now: Tick) -> Next {
        let mut next = Next::Ended;
        self.sources
            .retain_mut(|source| match guarded(|| source.poll(now)) {
                Some(wish) => {
                    next = sooner(next, wish);
                    true
                }
                None => false,
            });
        next
    }

    fn quiesce(&mut self) {
        if !self.quiesced {
            self.quiesced = true;
            self.sources
                .retain_mut(|source| guarded(|| source.quiesce()).is_some());
        }
    }

    /// While a drain waits for it, says how far this worker is.
    fn report_progress(&self) {
        if self.quiesced {
            let drained = self.sources.iter().all(|source| source.is_drained());
            self.drained.store(drained, Ordering::Release);
            self.life.announce();
        }
    }
}

/// Calls a source; one that panics says so and is never called again, since
/// what it was in the middle of is not known.
fn guarded<R>(call: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => Some(result),
        Err(panic) => {
            let message = panic_message(&*panic);
            tracing::error!(target: "seda", "a source panicked and has ended: {message}");
            None
        }
    }
}

/// Gives the earlier of two wishes to be polled.
fn sooner(a: Next, b: Next) -> Next {
    match (a, b) {
        (Next::Again, _) | (_, Next::Again) => Next::Again,
        (Next::At(a), Next::At(b)) => Next::At(a.min(b)),
        (Next::At(tick), _) | (_, Next::At(tick)) => Next::At(tick),
        (Next::Idle, _) | (_, Next::Idle) => Next::Idle,
        (Next::Ended, Next::Ended) => Next::Ended,
    }
}
