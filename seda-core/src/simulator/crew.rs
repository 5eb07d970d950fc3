//! The simulator's workers: real shifts on real seats, but no threads.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Tick;
use crate::domain::Site;
use crate::failure::Death;
use crate::here::{Here, Seat};
use crate::overload::pressure::Pressure;
use crate::plan::DomainKind;
use crate::ready::Set;
use crate::running::parts::Parts;
use crate::source::{Next, Source};
use crate::stage::core::StageControl;
use crate::worker::shift::Shift;
use crate::worker::team::Team;

/// How long a worker's turn takes at least, in virtual time.
const TURN: Duration = Duration::from_micros(1);

/// Is all virtual workers, those of all domains in one row.
pub(crate) struct Crew {
    workers: Vec<Worker>,
    /// The stages' places in the roster by rank.
    stage_of_rank: Vec<usize>,
}

/// Is one virtual worker.
struct Worker {
    team: usize,
    site: Arc<Site>,
    number: usize,
    seat: Seat,
    shift: Shift,
    sources: Vec<Box<dyn Source>>,
    /// What the thread-local set of ready stages was when it last worked.
    ready: Set,
    busy: Option<Busy>,
    next_poll: Option<Tick>,
    /// Work that came in beside the batch in hand and makes it longer.
    owed: Duration,
    /// When an idle worker is done with such work.
    occupied_until: Tick,
    pressure: Pressure,
}

/// Is the batch that a worker has in hand.
#[derive(Clone, Copy)]
struct Busy {
    rank: usize,
    size: usize,
}

/// Gives how many threads a domain begins with.
pub(crate) const fn smallest(team: &Team) -> usize {
    match team.kind {
        DomainKind::Cores { workers } => workers,
        DomainKind::Blocking { min, .. } => min,
    }
}

impl Crew {
    pub(crate) fn of(parts: &Parts) -> Result<Self, String> {
        let mut workers = Vec::new();
        for (index, team) in parts.teams.iter().enumerate() {
            let seats: Vec<Seat> = team
                .seats
                .lock()
                .iter_mut()
                .filter_map(Option::take)
                .collect();
            for (number, seat) in seats.into_iter().enumerate() {
                workers.push(Worker::new((index, number), team, seat)?);
            }
        }
        Ok(Self {
            workers,
            stage_of_rank: parts.stage_of_rank.clone(),
        })
    }

    pub(crate) const fn len(&self) -> usize {
        self.workers.len()
    }

    /// Lists workers without a batch, as far as their domain has threads.
    pub(crate) fn idle(&self, threads_of: impl Fn(usize) -> usize) -> Vec<usize> {
        let workers = self.workers.iter().enumerate();
        let idle = workers
            .filter(|(_, worker)| worker.busy.is_none() && worker.number < threads_of(worker.team));
        idle.map(|(index, _)| index).collect()
    }

    /// Takes a batch, if the worker finds one; gives its stage, and how many of
    /// its events have not expired.
    pub(crate) fn begin(&mut self, worker: usize, now: Tick) -> Option<(usize, usize)> {
        let worker = self.workers.get_mut(worker)?;
        let (rank, size) = worker.work(now, Shift::begin)?;
        worker.busy = Some(Busy { rank, size });
        let fresh = worker.shift.fresh(rank);
        Some((self.stage_of_rank.get(rank).copied()?, fresh))
    }

    /// Runs the handler on the worker's batch; gives the batch's size.
    pub(crate) fn finish(&mut self, worker: usize, now: Tick) -> usize {
        let Some(worker) = self.workers.get_mut(worker) else {
            return 0;
        };
        let Some(Busy { rank, size }) = worker.busy.take() else {
            return 0;
        };
        worker.work(now, |shift, here| {
            shift.finish(here, rank);
            shift.rest(here);
        });
        worker.poll(now);
        size
    }

    /// Lists the workers of the domain that a stage runs in.
    pub(crate) fn of_site(&self, stage: &dyn StageControl) -> Range<usize> {
        let runs = |worker: &Worker| stage.runs_at(&worker.site);
        let from = self.workers.iter().position(runs).unwrap_or(0);
        let n = self.workers.iter().filter(|worker| runs(worker)).count();
        from..from + n
    }

    /// Gives a worker something to do beside its stages.
    pub(crate) fn charge(&mut self, worker: usize, now: Tick, cost: Duration) {
        let Some(worker) = self.workers.get_mut(worker) else {
            return;
        };
        if worker.busy.is_some() {
            worker.owed += cost;
        } else {
            worker.occupied_until = worker.occupied_until.max(now).after(cost);
        }
    }

    /// Gives the time that a worker has yet to spend on such things, once.
    pub(crate) fn settle(&mut self, worker: usize, now: Tick) -> Duration {
        let Some(worker) = self.workers.get_mut(worker) else {
            return Duration::ZERO;
        };
        let occupied = worker.occupied_until.since(now);
        worker.occupied_until = now;
        occupied + std::mem::take(&mut worker.owed)
    }

    /// Polls a worker's sources; its parked stages are looked at as it begins.
    pub(crate) fn poll(&mut self, worker: usize, now: Tick) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.poll(now);
        }
    }

    /// Tells when an idle worker must look again by itself.
    pub(crate) fn next_look(&mut self, worker: usize) -> Option<Tick> {
        let worker = self.workers.get_mut(worker)?;
        let unpark = worker.shift.next_unpark().filter(|at| *at != Tick::NEVER);
        let poll = worker.next_poll.take();
        [unpark, poll].into_iter().flatten().min()
    }

    pub(crate) fn quiesce(&mut self) {
        for worker in &mut self.workers {
            worker
                .sources
                .iter_mut()
                .for_each(|source| source.quiesce());
        }
    }

    pub(crate) fn is_drained(&self) -> bool {
        let mut sources = self.workers.iter().flat_map(|worker| &worker.sources);
        sources.all(|source| source.is_drained())
    }

    /// Buries what waits in the workers' own queues.
    pub(crate) fn abandon(&mut self) {
        for worker in &mut self.workers {
            worker.work(Tick::ZERO, |shift, here| {
                shift.abandon(here, Death::Stopped);
            });
        }
    }
}

impl Worker {
    fn new((team, number): (usize, usize), of: &Arc<Team>, mut seat: Seat) -> Result<Self, String> {
        let id = seat.id();
        let made = seat.sit(|_| Ok((of.shift(id), of.make_sources(number)?)));
        let (shift, sources) = made.map_err(|error: crate::error::BoxError| error.to_string())?;
        Ok(Self {
            team,
            site: Arc::clone(&of.site),
            number,
            seat,
            shift,
            sources,
            ready: Set::EMPTY,
            busy: None,
            next_poll: None,
            owed: Duration::ZERO,
            occupied_until: Tick::ZERO,
            pressure: of.around.pressure.clone(),
        })
    }

    /// Is this worker for a moment: the thread's state is its own, and is put
    /// back as it was.
    fn work<R>(&mut self, now: Tick, work: impl FnOnce(&mut Shift, &Here) -> R) -> R {
        let (shift, ready) = (&mut self.shift, &mut self.ready);
        let level = self.pressure.level();
        self.seat.sit(|here| {
            here.ready.store(*ready);
            here.set_now(now);
            here.pressure.set(level);
            let result = work(shift, here);
            *ready = here.ready.load();
            here.ready.store(Set::EMPTY);
            here.stamp_each();
            here.pressure.set(0);
            result
        })
    }

    fn poll(&mut self, now: Tick) {
        if self.sources.is_empty() {
            return;
        }
        let mut sources = std::mem::take(&mut self.sources);
        let next = self.work(now, |_, _| {
            let polled = sources.iter_mut().map(|source| source.poll(now));
            let ticks = polled.filter_map(|next| match next {
                // No time passes in a poll, so "again" must be a little later.
                Next::Again => Some(now.after(TURN)),
                Next::At(tick) => Some(tick),
                Next::Idle | Next::Ended => None,
            });
            ticks.min()
        });
        self.sources = sources;
        self.next_poll = next;
    }
}
