//! The simulator's clients: they act when they are due, and hear after every step.

use crate::clock::Tick;
use crate::meta::Class;
use crate::simulator::call::{Call, Ended};
use crate::simulator::clients::Clients;
use crate::simulator::crowd::Crowd;
use crate::simulator::{Happening, Simulator};
use crate::sink::Sink;

impl Simulator {
    /// Has clients ask; `tell` hears of each request once it is decided what
    /// becomes of it. Each attempt is an event; rejections are in the ledger.
    pub fn clients(
        &mut self,
        sink: Sink<Call>,
        clients: Clients,
        tell: impl FnMut(&Ended) + 'static,
    ) {
        let stage = self.parts.around.roster.get(sink.core().common.at);
        let workers = stage.map_or(0..0, |stage| self.crew.of_site(stage));
        let random = self.random.fork();
        let mut crowd = Crowd::new(clients, (sink, workers), random, Box::new(tell));
        crowd.begin(self.now());
        self.crowds.push(crowd);
        self.enter_crowds();
    }

    /// Lists the requests of which nobody knows yet what becomes of them: when
    /// they were first asked, and their classes.
    pub fn unanswered(&self) -> impl Iterator<Item = (Tick, Class)> {
        self.crowds.iter().flat_map(Crowd::unanswered)
    }

    /// Has those clients ask or give up that are due.
    pub(super) fn act(&mut self, index: usize, now: Tick) {
        let Some(crowd) = self.crowds.get_mut(index) else {
            return;
        };
        if crowd.entered.is_some_and(|at| at <= now) {
            crowd.entered = None;
        }
        while let Some(place) = crowd.next(now) {
            if let Some((worker, cost)) = crowd.cost() {
                self.crew.charge(worker, now, cost);
            }
            let taken = crowd.ask(place, now);
            self.digest
                .take_in(&[now.as_nanos(), u64::from(place), u64::from(taken)]);
        }
    }

    /// Has clients take in what they were told.
    pub(super) fn hear(&mut self, now: Tick) {
        if self.crowds.is_empty() {
            return;
        }
        self.crowds.iter_mut().for_each(|crowd| crowd.hear(now));
        self.enter_crowds();
    }

    /// Enters every crowd that is due before the simulator would look at it.
    fn enter_crowds(&mut self) {
        for index in 0..self.crowds.len() {
            let Some(crowd) = self.crowds.get_mut(index) else {
                continue;
            };
            let Some(due) = crowd.due() else { continue };
            if crowd.entered.is_none_or(|at| due < at) {
                crowd.entered = Some(due);
                self.enter(due.max(self.now()), Happening::Crowd(index));
            }
        }
    }
}
