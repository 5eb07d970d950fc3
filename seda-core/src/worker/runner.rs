//! One stage on one worker: takes a batch, runs the handler, accounts for every event.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::batch::Batch;
use crate::clock::{Clock, Tick};
use crate::dials::Order;
use crate::error::panic_message;
use crate::failure::{Cause, Death, Failure};
use crate::gate;
use crate::handler::Handler;
use crate::here::{Here, SeatId, Shortage};
use crate::meta::Meta;
use crate::queue::lanes::LaneId;
use crate::queue::terms::ByClass;
use crate::sink::Sink;
use crate::stage::core::StageCore;
use crate::stats::meter::Meter;
use crate::trace::{Tracer, Traces};
use crate::worker::pace::Pace;
use crate::worker::restarts::Restarts;
use crate::worker::settle::Ended;

/// Is one stage on one worker, whatever its events are.
pub(crate) trait Runner {
    /// Takes a batch; gives its size.
    fn begin(&mut self, here: &Here, inbox: Inbox) -> usize;

    /// Tells how many events of the batch that was begun have not expired.
    fn fresh(&self) -> usize;

    /// Runs the handler on the batch and accounts for every event of it.
    fn finish(&mut self, here: &Here) -> Outcome;

    /// Gives room that is held ready back, before the worker sleeps.
    fn rest(&mut self, here: &Here);

    /// Buries what the worker's own queue and the inbox hold; tells how much.
    fn abandon(&mut self, here: &Here, death: Death) -> usize;
}

/// Says whether to look into a stage's inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inbox {
    /// It may have events for this worker.
    MayHaveEvents,
    /// It has none.
    Empty,
}

/// Says how a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The stage may run again when it has events.
    Open,
    /// It must wait until there is room again, or, where none is known, for a while.
    Parked(Option<Shortage>),
}

/// Makes handlers: one for each worker, and a new one after a panic.
pub(crate) type Maker<H> = Arc<Mutex<Box<dyn FnMut() -> H + Send>>>;

/// Is what the runners of one stage share.
pub(crate) struct Crew<H: Handler> {
    pub(crate) core: Arc<StageCore<H::Event>>,
    pub(crate) make: Maker<H>,
    pub(crate) restarts: Arc<Mutex<Restarts>>,
    pub(crate) failures: Option<Sink<Failure>>,
    pub(crate) traces: Arc<Traces>,
    pub(crate) clock: Clock,
    /// Whether waits, service times and batch sizes are recorded.
    pub(crate) measured: bool,
}

impl<H: Handler> Clone for Crew<H> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
            make: Arc::clone(&self.make),
            restarts: Arc::clone(&self.restarts),
            failures: self.failures.clone(),
            traces: Arc::clone(&self.traces),
            clock: self.clock.clone(),
            measured: self.measured,
        }
    }
}

/// Is one stage on one worker.
pub(crate) struct StageRunner<H: Handler> {
    pub(crate) crew: Crew<H>,
    pub(crate) handler: Option<H>,
    pub(crate) batch: Batch<H::Event>,
    pub(crate) pace: Pace,
    pub(crate) seat: SeatId,
    /// The lane of keyed events that the batch holds.
    pub(crate) lane: Option<LaneId>,
    /// The batch came out of the inbox, and not from this worker's own queue.
    pub(crate) from_inbox: bool,
    /// The order in which the batch was taken.
    pub(crate) order: Order,
    /// Events in the batch.
    pub(crate) size: usize,
    /// With them, what waited is all taken.
    pub(crate) emptied: bool,
    pub(crate) begun: Tick,
    /// This batch tells how long events wait and take.
    pub(crate) observed: bool,
}

impl<H: Handler> StageRunner<H> {
    pub(crate) fn new(crew: Crew<H>, seat: SeatId) -> Self {
        let name = Arc::clone(&crew.core.common.name);
        let tracer = Tracer::new(name, Arc::clone(&crew.traces));
        let handler = (crew.make.lock())();
        let common = &crew.core.common;
        let classes = common.class_count.get().map(|count| ByClass {
            census: Arc::clone(&common.census),
            last: count.saturating_sub(1),
        });
        Self {
            handler: Some(handler),
            batch: Batch::new(Some(Box::new(tracer))).by_class(classes),
            crew,
            pace: Pace::new(),
            seat,
            lane: None,
            from_inbox: false,
            order: Order::OldestFirst,
            size: 0,
            emptied: false,
            begun: Tick::ZERO,
            observed: false,
        }
    }

    pub(crate) fn meter(&self) -> Option<&Meter> {
        self.crew.core.common.meter(self.seat)
    }

    fn fill(&mut self, here: &Here, inbox: Inbox) -> usize {
        let core = &*self.crew.core;
        let limit = self.limit();
        self.order = core.common.dials.serving.order();
        self.emptied = false;
        // Serve the inbox and the worker's own queue in turn.
        let inbox = inbox == Inbox::MayHaveEvents;
        let inbox_first = inbox && !self.from_inbox;
        if !inbox_first {
            let n = self.fill_locally(here, limit);
            if n > 0 {
                self.from_inbox = false;
                return n;
            }
        }
        let n = if inbox {
            self.fill_from_inbox(limit)
        } else {
            0
        };
        self.from_inbox = n > 0;
        if n == 0 && inbox_first {
            return self.fill_locally(here, limit);
        }
        n
    }

    fn fill_locally(&mut self, here: &Here, limit: usize) -> usize {
        let core = &*self.crew.core;
        let Some(place) = core.placement.get() else {
            return 0;
        };
        let Some(local) = place.local(here.seat()) else {
            return 0;
        };
        let room = &core.common.room;
        let keep = if core.common.waiters.any() {
            0
        } else {
            room.pocket_kept()
        };
        here.ready.remove(place.bit);
        let wanted = self.order;
        let runs = &mut self.batch.runs;
        let lent = local.queue.with(runs, |queue, runs| {
            let lent = queue.lend_into(runs, (limit, wanted), (room, keep));
            if queue.has_events() {
                here.ready.insert(place.bit);
            }
            lent
        });
        core.common.waiters.room_freed();
        let (n, order) = lent.unwrap_or((0, wanted));
        if n > 0 {
            self.order = order;
        }
        // More may be lent than the batch takes; what is over comes back.
        self.emptied =
            n > 0 && self.batch.runs.len() == n && !here.ready.load().contains(place.bit);
        n
    }

    fn fill_from_inbox(&mut self, limit: usize) -> usize {
        let core = &*self.crew.core;
        let Some(place) = core.placement.get() else {
            return 0;
        };
        let idle = || place.mark_idle();
        let wanted = (limit, self.order);
        let taken = core.inbox.take_into(&mut self.batch.runs, wanted, idle);
        self.lane = taken.lane;
        if taken.more {
            place.wake();
        }
        let n = self.batch.runs.len();
        self.emptied = n > 0 && !taken.more;
        if n > 0 {
            self.order = taken.order;
            core.common.room.release(n);
            core.common.waiters.room_freed();
        }
        n
    }

    /// Gives the most events of the next batch.
    fn limit(&self) -> usize {
        let serving = &self.crew.core.common.dials.serving;
        let most = serving.batch_max();
        if serving.is_batch_decided() {
            most
        } else {
            self.pace.cut(most)
        }
    }

    /// Runs the handler; gives why it failed, if it did.
    fn run_handler(&mut self) -> Option<Cause> {
        let Some(handler) = &mut self.handler else {
            return Some(Cause::Panic("the handler could not be made anew".into()));
        };
        let batch = &mut self.batch;
        let ran = catch_unwind(AssertUnwindSafe(|| handler.handle(batch)));
        match ran {
            Ok(Ok(())) => None,
            Ok(Err(error)) if batch.is_untouched() => Some(Cause::Untaken(error)),
            Ok(Err(error)) => Some(Cause::Error(error)),
            Err(panic) => {
                self.handler = None;
                Some(Cause::Panic(panic_message(&*panic)))
            }
        }
    }

    fn is_quarantined(&self) -> bool {
        self.crew.core.common.gate.has(gate::QUARANTINED)
    }
}

impl<H: Handler> Runner for StageRunner<H> {
    fn begin(&mut self, here: &Here, inbox: Inbox) -> usize {
        if !self.crew.core.common.gate.is_plain() && self.is_quarantined() {
            self.abandon(here, Death::Quarantined);
            return 0;
        }
        self.size = self.fill(here, inbox);
        if self.size == 0 {
            return 0;
        }
        let now = here.now();
        self.begun = now;
        self.observed = self.pace.observes(now);
        if let Some(meter) = self.meter() {
            meter.taken.add(self.size);
            meter.begin(now);
            if self.emptied {
                meter.saw_empty(now);
            }
        }
        self.size
    }

    fn fresh(&self) -> usize {
        let terms = self.terms(self.begun);
        let mut left = self.size;
        let mut fresh = 0;
        for (stamp, len) in self.batch.runs.stamps() {
            let n = len.min(left);
            fresh += if self.batch.allows(&terms, &stamp) {
                n
            } else {
                0
            };
            left -= n;
        }
        fresh
    }

    fn finish(&mut self, here: &Here) -> Outcome {
        if self.pace.is_slow() {
            here.stamp_each();
        } else {
            here.stamp_batches();
        }
        here.refused.set(None);
        self.batch.begin(self.size, self.terms(self.begun));
        if self.observed && self.crew.measured {
            self.batch.record_waits();
        }
        let failed = self.run_handler();
        let given = self.batch.end();
        let at = self.crew.clock.now();
        here.set_now(at);
        let ended = Ended {
            at,
            given,
            failed,
            refused: here.refused.get(),
        };
        self.settle(here, ended)
    }

    fn rest(&mut self, here: &Here) {
        let core = &*self.crew.core;
        if core.empty_pocket(here) {
            core.common.waiters.room_freed();
        }
    }

    fn abandon(&mut self, here: &Here, death: Death) -> usize {
        // A batch that was begun and not finished (only the simulator has one)
        // is taken already, less what is only lent to it.
        let begun = if self.batch.runs.is_empty() {
            0
        } else {
            self.size
        };
        if let Some(meter) = self.meter() {
            meter.taken.take_off(begun);
        }
        let mut buried = 0;
        loop {
            self.fill_locally(here, usize::MAX);
            let n = self.batch.runs.len();
            if n == 0 {
                break;
            }
            if let Some(meter) = self.meter() {
                meter.taken.add(n);
            }
            for entry in self.batch.runs.by_ref() {
                self.crew.core.bury(entry, death);
            }
            if let Some(meter) = self.meter() {
                meter.dead.add(n);
            }
            buried += n;
        }
        buried += self.crew.core.bury_inbox(death);
        here.set_meta(&Meta::NONE);
        buried
    }
}
