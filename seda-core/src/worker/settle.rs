//! What becomes of a batch after the handler: counts, leftovers, failures, parking.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::batch::Given;
use crate::clock::Tick;
use crate::failure::{Cause, Death, Failure};
use crate::gate;
use crate::handler::Handler;
use crate::here::{Here, Shortage};
use crate::worker::runner::{Outcome, StageRunner};

/// Is how the handler ended.
pub(crate) struct Ended {
    pub(crate) at: Tick,
    pub(crate) given: Given,
    pub(crate) failed: Option<Cause>,
    /// Who refused last for want of room.
    pub(crate) refused: Option<Shortage>,
}

impl<H: Handler> StageRunner<H> {
    /// Accounts for every event of the batch.
    pub(crate) fn settle(&mut self, here: &Here, ended: Ended) -> Outcome {
        let given = ended.given;
        let (handled, lost) = match ended.failed {
            None => (given.taken, 0),
            Some(cause) => self.lose(here, cause, given),
        };
        self.measure(ended.at, handled, lost);
        let expired = if self.batch.has_expired() {
            self.bury_expired()
        } else {
            0
        };
        let finished = handled + lost + expired;
        self.return_leftovers(here, self.size - finished.min(self.size));
        if given.deferred {
            self.count_deferral();
            return Outcome::Parked(ended.refused);
        }
        if finished == 0 {
            return Outcome::Parked(None);
        }
        Outcome::Open
    }

    fn measure(&mut self, end: Tick, handled: usize, lost: usize) {
        let spent = end.nanos_since(self.begun);
        let done = handled + lost;
        if self.observed {
            self.pace.observe(spent, done);
            if self.crew.measured {
                self.sample(spent, done as u64);
            }
        }
        let Some(meter) = self.meter() else { return };
        meter.handled.add(handled);
        meter.batches.add(1);
        meter.end();
        meter.busy.add(usize::try_from(spent).unwrap_or(usize::MAX));
    }

    /// Takes waits, service time and batch size into the histograms.
    fn sample(&mut self, spent: u64, done: u64) {
        let waits = self.batch.take_waits();
        if let Some(meter) = self.meter() {
            meter.spreads(|spreads| {
                for &(since, n) in &waits {
                    let wait = self.begun.nanos_since(since);
                    spreads.wait.record(wait, n as u64);
                    spreads.sojourn.record(wait + spent, n as u64);
                }
                if let Some(each) = spent.checked_div(done) {
                    spreads.service.record(each, done);
                    spreads.batch.record(done, 1);
                }
            });
        }
        self.batch.return_waits(waits);
    }

    fn count_deferral(&self) {
        if let Some(meter) = self.meter() {
            meter.deferrals.add(1);
        }
    }

    /// Puts what the handler left back where it came from, to be next again:
    /// `left` events of the batch, and those that were only lent to it.
    fn return_leftovers(&mut self, here: &Here, left: usize) {
        if left > 0
            && let Some(meter) = self.meter()
        {
            meter.taken.take_off(left);
        }
        let core = &*self.crew.core;
        let Some(place) = core.placement.get() else {
            return;
        };
        if self.from_inbox {
            if left > 0 || self.lane.is_some() {
                core.common.room.force(left);
                let lane = self.lane.take();
                let ready = || place.mark_ready();
                let left = (&mut self.batch.runs, self.order);
                core.inbox.give_back(lane, left, ready);
                place.wake();
            }
        } else if !self.batch.runs.is_empty()
            && let Some(local) = place.local(here.seat())
        {
            let runs = (&mut self.batch.runs, self.order);
            let room = &core.common.room;
            let _ = local.queue.with(runs, |queue, runs| {
                queue.give_back(runs, left, room);
            });
            here.ready.insert(place.bit);
        }
    }

    #[cold]
    fn bury_expired(&mut self) -> usize {
        let expired = self.batch.take_expired();
        let n = expired.len();
        for entry in expired {
            self.crew.core.bury(entry, Death::Expired);
        }
        // Only now, so that a drain sees the letters before these are finished.
        if n > 0
            && let Some(meter) = self.meter()
        {
            meter.expired.add(n);
        }
        n
    }

    /// Loses what the handler failed on, says so, and makes it anew after a
    /// panic; gives how many events were handled before, and how many are lost.
    #[cold]
    fn lose(&mut self, here: &Here, cause: Cause, given: Given) -> (usize, usize) {
        let panicked = matches!(cause, Cause::Panic(_));
        let mut meta = given.last;
        let mut lost = given.pending;
        if given.taken == 0 && !given.deferred && given.left > 0 {
            // It must not get the same batch for ever: one event is taken off.
            if let Some(entry) = self.batch.runs.pop_front() {
                meta = entry.stamp.meta;
                lost = 1;
            }
        }
        self.report(Failure {
            stage: Arc::clone(&self.crew.core.common.name),
            meta,
            cause,
            at: self.begun,
        });
        // Only now, so that a drain sees the failure before its event is finished.
        if let Some(meter) = self.meter() {
            meter.failed.add(lost);
        }
        if panicked {
            self.remake(here);
        }
        (given.taken.saturating_sub(lost), lost)
    }

    fn report(&self, failure: Failure) {
        if let Some(sink) = &self.crew.failures {
            sink.enqueue_lossy(failure);
        } else {
            tracing::warn!(target: "seda", "{failure}");
        }
    }

    fn remake(&mut self, here: &Here) {
        let make = Arc::clone(&self.crew.make);
        let anew = catch_unwind(AssertUnwindSafe(|| (make.lock())()));
        self.handler = anew.ok();
        let exceeded = self.crew.restarts.lock().exceeded(here.now());
        let unfit = exceeded || self.handler.is_none();
        if unfit && self.crew.core.common.gate.set(gate::QUARANTINED) {
            tracing::error!(
                target: "seda",
                stage = &*self.crew.core.common.name,
                "stage quarantined: its handler panicked more often than its restart intensity allows",
            );
        }
    }
}
