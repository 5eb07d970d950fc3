//! How a graph ends: drained, or stopped at once.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use crate::gate;
use crate::ledger::Ledger;
use crate::life::Phase;
use crate::running::{Inner, Running};

/// How long a stop waits for handlers that are running.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);

/// Says that a drain ran out of time; the ledger lists what became of the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrainError {
    /// The account of every stage: what was left is dead-lettered, or in the
    /// hand of a handler that has not returned.
    pub ledger: Ledger,
}

impl fmt::Display for DrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the drain ran out of time or was stopped; left over:")?;
        for account in &self.ledger.accounts {
            if account.dead_lettered + account.in_hand > 0 {
                write!(
                    f,
                    " `{}`: {} dead-lettered, {} in hand;",
                    account.stage, account.dead_lettered, account.in_hand
                )?;
            }
        }
        Ok(())
    }
}

impl Error for DrainError {}

impl Running {
    /// Ends the graph in order: sources and inlets close, what is accepted is
    /// finished, sources write their last answers, the threads leave.
    ///
    /// It may be called from any thread, and more than once; every call
    /// returns the final ledger. A [`stop`](Self::stop) cuts it short. Do not
    /// call it in a handler: it would wait for itself.
    ///
    /// # Blocking
    ///
    /// Blocks until all is finished, at most for `within` and then for as long
    /// as a stop.
    ///
    /// # Errors
    ///
    /// When `within` was not enough, or a stop came first, what was left is
    /// dead-lettered, and the error's ledger lists it.
    pub fn drain(&self, within: Duration) -> Result<Ledger, DrainError> {
        let until = Instant::now().checked_add(within);
        self.inner.begin_drain();
        let life = &self.inner.parts.around.life;
        let mut finished = false;
        life.wait_until(until, || {
            finished = self.inner.is_drained();
            finished || life.phase() == Phase::Stopping
        });
        // After a stop everything is finished, but not all of it was handled.
        if life.phase() != Phase::Stopping && finished {
            let _ = self.inner.ended_well.set(true);
        }
        let ledger = self.stop();
        if self.inner.ended_well.get() == Some(&true) {
            Ok(ledger)
        } else {
            Err(DrainError { ledger })
        }
    }

    /// Begins a drain and returns at once; [`drain`](Self::drain) waits for its end.
    pub fn begin_drain(&self) {
        self.inner.begin_drain();
    }

    /// Ends the graph at once: whatever waits is dead-lettered. Handlers that
    /// are running finish their batch.
    ///
    /// It may be called from any thread, and more than once.
    ///
    /// # Blocking
    ///
    /// Waits up to a second for handlers that are running; what they hold
    /// after that is `in_hand` in the ledger.
    pub fn stop(&self) -> Ledger {
        self.inner.stop();
        self.ledger()
    }
}

impl Inner {
    fn begin_drain(&self) {
        let around = &self.parts.around;
        for stage in around.roster.iter() {
            stage.close_inlets();
        }
        if around.life.advance(Phase::Draining) {
            self.wake_all();
        }
    }

    fn is_drained(&self) -> bool {
        let roster = &self.parts.around.roster;
        // The sources in between: their last answers may make events.
        roster.is_settled()
            && self.parts.teams.iter().all(|team| team.is_drained())
            && roster.is_settled()
    }

    fn stop(&self) {
        let _ = self.ended_well.set(false);
        let around = &self.parts.around;
        // Before any worker begins to bury: nothing that it buries may lead to
        // an event in a queue that it has emptied already.
        for stage in around.roster.iter() {
            stage.common().gate.set(gate::CLOSED);
        }
        if around.life.advance(Phase::Stopping) {
            self.wake_all();
        }
        self.bury_all();
        let until = Instant::now().checked_add(LEAVE_WITHIN);
        let all_left = || self.parts.teams.iter().all(|team| team.live() == 0);
        around.life.wait_until(until, all_left);
        self.bury_all();
    }

    /// Closes every stage and buries what its inbox holds.
    ///
    /// Who is second waits for the first: what that one has taken out and not
    /// buried yet is in no queue, but not accounted for either.
    fn bury_all(&self) {
        // Reentrant, since what is buried may be the event that stops the graph.
        let _burying = self.burying.lock();
        for stage in self.parts.around.roster.iter() {
            stage.close();
        }
    }

    fn wake_all(&self) {
        self.parts
            .teams
            .iter()
            .for_each(|team| team.site.wake_all());
        self.parts.around.life.announce();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.conductor.lock().take() {
            let _ = thread.join();
        }
    }
}
