//! What becomes of a batch after the handler: counts, leftovers, failures, parking.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::clock::{Tick, nanos};
use crate::failure::{Cause, Death, Failure};
use crate::gate;
use crate::handler::Handler;
use crate::here::{Here, StageRef};
use crate::worker::runner::{Outcome, StageRunner};

impl<H: Handler> StageRunner<H> {
    /// Accounts for every event of the batch that ended at `end`.
    pub(crate) fn settle(
        &mut self,
        here: &Here,
        end: Tick,
        failed: Option<Cause>,
        refused: Option<StageRef>,
    ) -> Outcome {
        let lost = match failed {
            None => 0,
            Some(cause) => self.lose(here, cause),
        };
        self.measure(end, lost);
        let idle_hands = self.batch.taken + lost + self.batch.expired.len() == 0;
        let parked = self.batch.deferred || idle_hands;
        self.return_leftovers(here);
        self.bury_expired();
        if parked {
            Outcome::Parked(refused.filter(|_| self.batch.deferred))
        } else {
            Outcome::Open
        }
    }

    fn measure(&mut self, end: Tick, lost: usize) {
        let elapsed = end.since(self.begun);
        let done = self.batch.taken.max(lost);
        self.pace.observe(elapsed, done);
        let Some(meter) = self.meter() else { return };
        meter.handled.add(done - lost);
        meter.batches.add(1);
        meter.end();
        if self.crew.measured {
            let spent = nanos(elapsed);
            meter.busy.add(usize::try_from(spent).unwrap_or(usize::MAX));
            if self.sampled && done > 0 {
                let each = spent / done as u64;
                meter.spreads(|spreads| spreads.service.record(each, done as u64));
            }
        }
    }

    /// Puts what the handler left back in front of the queue it came from.
    fn return_leftovers(&mut self, here: &Here) {
        let finished = self.batch.taken + self.batch.expired.len() + self.untaken_lost();
        let left = self.size - finished.min(self.size);
        let core = &*self.crew.core;
        if left > 0
            && let Some(meter) = self.meter()
        {
            meter.taken.take_off(left);
            if self.batch.deferred {
                meter.deferrals.add(1);
            }
        }
        let Some(place) = core.placement.get() else {
            return;
        };
        if self.from_inbox {
            if left > 0 || self.lane.is_some() {
                core.common.room.force(left);
                let lane = self.lane.take();
                let ready = || place.mark_ready();
                core.inbox.give_back(lane, &mut self.batch.entries, ready);
                place.wake();
            }
        } else if !self.batch.entries.is_empty()
            && let Some(local) = place.local(here)
        {
            let entries = &mut self.batch.entries;
            let room = &core.common.room;
            let _ = local.queue.with(here, entries, |queue, entries| {
                queue.give_back(entries, left, room);
            });
            here.ready.insert(place.bit);
        }
    }

    /// One event was taken off for a handler that failed before it took any.
    fn untaken_lost(&self) -> usize {
        usize::from(self.batch.taken == 0 && self.batch.pending == 1)
    }

    fn bury_expired(&mut self) {
        let n = self.batch.expired.len();
        if n == 0 {
            return;
        }
        if let Some(meter) = self.meter() {
            meter.expired.add(n);
        }
        for entry in std::mem::take(&mut self.batch.expired) {
            self.crew.core.bury(entry, Death::Expired);
        }
    }

    /// Loses what the handler failed on, says so, and makes it anew after a
    /// panic; gives how many events are lost.
    #[cold]
    fn lose(&mut self, here: &Here, cause: Cause) -> usize {
        let panicked = matches!(cause, Cause::Panic(_));
        let meta = self.batch.last_meta();
        if self.batch.taken == 0 && !self.batch.deferred {
            // It must not get the same batch for ever.
            self.batch.entries.pop_front();
            self.batch.pending = 1;
        }
        let lost = self.batch.pending;
        if let Some(meter) = self.meter() {
            meter.failed.add(lost);
        }
        self.report(Failure {
            stage: Arc::clone(&self.crew.core.common.name),
            meta,
            cause,
            at: self.begun,
        });
        if panicked {
            self.remake(here);
        }
        lost
    }

    fn report(&self, failure: Failure) {
        match &self.crew.failures {
            Some(sink) => {
                sink.enqueue_lossy(failure);
            }
            None => tracing::warn!(target: "seda", "{failure}"),
        }
    }

    fn remake(&mut self, here: &Here) {
        let make = Arc::clone(&self.crew.make);
        let made = catch_unwind(AssertUnwindSafe(|| (make.lock())()));
        self.handler = made.ok();
        let exceeded = self.crew.restarts.lock().exceeded(here.now.get());
        if (exceeded || self.handler.is_none())
            && self.crew.core.common.gate.set(gate::QUARANTINED)
        {
            tracing::error!(
                target: "seda",
                stage = &*self.crew.core.common.name,
                "stage quarantined: its handler panicked more often than its restart intensity allows",
            );
        }
    }
}
