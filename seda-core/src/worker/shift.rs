//! One worker's stages: which are ready, which are parked, running one batch.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Tick;
use crate::domain::Site;
use crate::failure::Death;
use crate::here::{Here, Shortage};
use crate::ready::{Bit, Set};
use crate::roster::Roster;
use crate::waiters::Waiter;
use crate::worker::runner::{Inbox, Outcome, Runner};
use crate::worker::schedule::Schedule;

/// How long a stage is parked when nobody says when there is room.
const PARK_FOR: Duration = Duration::from_millis(1);

/// Is one worker's stages. The simulator and the threads drive the same one.
pub(crate) struct Shift {
    worker: usize,
    site: Arc<Site>,
    roster: Arc<Roster>,
    runners: Vec<Option<Box<dyn Runner>>>,
    schedule: Schedule,
    /// When the batch in hand was taken.
    begun: Tick,
    mine: Set,
    parked: Set,
    parked_until: Vec<(Tick, Bit)>,
}

impl Shift {
    /// Makes a shift of runners, by rank.
    pub(crate) fn new(
        worker: usize,
        site: Arc<Site>,
        roster: Arc<Roster>,
        runners: Vec<Option<Box<dyn Runner>>>,
        shares: &[u32],
    ) -> Self {
        let ranks = runners.iter().enumerate();
        let mine = ranks
            .filter(|(_, runner)| runner.is_some())
            .fold(Set::EMPTY, |set, (rank, _)| set.with(Bit::of_rank(rank)));
        Self {
            worker,
            site,
            roster,
            runners,
            schedule: Schedule::new(shares),
            begun: Tick::ZERO,
            mine,
            parked: Set::EMPTY,
            parked_until: Vec::new(),
        }
    }

    /// Gives the stages that have events and are not parked.
    pub(crate) fn ready(&self, here: &Here) -> Set {
        let inboxes = self.site.ready_for(self.worker);
        self.runnable(here, inboxes)
    }

    fn runnable(&self, here: &Here, inboxes: Set) -> Set {
        let ready = here.ready.load().or(inboxes);
        ready.and(self.mine).and_not(self.parked)
    }

    pub(crate) const fn has_parked(&self) -> bool {
        !self.parked_until.is_empty()
    }

    /// Lets parked stages run again that were let go, or whose time is over.
    pub(crate) fn unpark(&mut self, now: Tick) {
        if self.parked.is_empty() {
            return;
        }
        let mut free = self.site.take_unparked(self.worker);
        self.parked_until.retain(|(until, bit)| {
            let over = *until <= now || free.contains(*bit);
            if over {
                free = free.with(*bit);
            }
            !over
        });
        self.parked = self.parked.and_not(free);
    }

    /// Tells when the next parked stage runs again by itself.
    pub(crate) fn next_unpark(&self) -> Option<Tick> {
        self.parked_until.iter().map(|(until, _)| *until).min()
    }

    /// Takes a batch of the stage that is next; gives its rank and size.
    pub(crate) fn begin(&mut self, here: &Here) -> Option<(usize, usize)> {
        self.unpark(here.now());
        loop {
            let inboxes = self.site.ready_for(self.worker);
            let rank = self.schedule.pick(self.runnable(here, inboxes))?;
            let inbox = if inboxes.contains(Bit::of_rank(rank)) {
                Inbox::MayHaveEvents
            } else {
                Inbox::Empty
            };
            let runner = self.runners.get_mut(rank)?.as_mut()?;
            let size = runner.begin(here, inbox);
            if size > 0 {
                self.begun = here.now();
                return Some((rank, size));
            }
        }
    }

    /// Tells how many events of the batch that was begun have not expired.
    pub(crate) fn fresh(&self, rank: usize) -> usize {
        let runner = self.runners.get(rank).and_then(Option::as_ref);
        runner.map_or(0, |runner| runner.fresh())
    }

    /// Runs the handler of the batch that was begun.
    pub(crate) fn finish(&mut self, here: &Here, rank: usize) {
        let Some(Some(runner)) = self.runners.get_mut(rank) else {
            return;
        };
        let outcome = runner.finish(here);
        let now = here.now();
        self.schedule.charge(rank, now.nanos_since(self.begun));
        if let Outcome::Parked(refused) = outcome {
            self.park(Bit::of_rank(rank), refused, now);
        }
    }

    /// Gives back what is held ready, before sleep.
    pub(crate) fn rest(&mut self, here: &Here) {
        self.runners
            .iter_mut()
            .flatten()
            .for_each(|runner| runner.rest(here));
    }

    /// Buries all that waits here, and the letters that this makes.
    pub(crate) fn abandon(&mut self, here: &Here, death: Death) {
        let mut bury = || {
            let runners = self.runners.iter_mut().flatten();
            runners
                .map(|runner| runner.abandon(here, death))
                .sum::<usize>()
        };
        while bury() > 0 {}
    }

    /// Does not run a stage until the one that refused has as much room as was
    /// wanted; or for a while, when that is not known, lies in another graph,
    /// can never be, or is its own.
    fn park(&mut self, bit: Bit, refused: Option<Shortage>, now: Tick) {
        self.parked = self.parked.with(bit);
        let short = refused.and_then(|short| {
            let stage = self.roster.get(short.stage)?;
            // A stage that waits for its own room could wait for ever.
            if stage.runs_as(&self.site, bit) {
                return None;
            }
            let common = stage.common();
            (short.wanted <= common.room.limit()).then_some((common, short.wanted))
        });
        let Some((common, wanted)) = short else {
            self.parked_until.push((now.after(PARK_FOR), bit));
            return;
        };
        self.parked_until.push((Tick::NEVER, bit));
        let waiter = Waiter {
            site: Arc::clone(&self.site),
            worker: self.worker,
            bit,
        };
        common.waiters.wait(waiter, &common.room, wanted);
    }
}
