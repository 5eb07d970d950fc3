//! One run: a variant at a load with a seed.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use seda_core::simulator::{Clients, Retries, Simulator};
use seda_core::{BoxError, Sample, Stage, Tick};

use crate::fairness::Shares;
use crate::quantiles;
use crate::record::Run;
use crate::scenario::{Joined, Load, Scenario, Variant};
use crate::simulation::expected;
use crate::simulation::journal::Journal;
use crate::simulation::settling;
use crate::simulation::stand::{self, STAGE};
use crate::simulation::timeline::STEP;

/// After the time that counts it goes on for so many targets, so that what was
/// asked last can be answered too.
const AFTER: u32 = 4;

/// Is one run that is to be made.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) variant: Variant,
    /// Which of the scenario's loads it is.
    pub(super) step: usize,
    pub(super) seed: u64,
}

/// Is a run while it is made.
struct Flight<'s> {
    scenario: &'s Scenario,
    simulator: Simulator,
    journal: Rc<RefCell<Journal>>,
}

impl Point {
    pub(super) fn run(&self, scenario: &Scenario) -> Result<Run, BoxError> {
        let (simulator, serve) = stand::simulator(scenario, &self.variant, self.seed)?;
        let mut flight = Flight {
            scenario,
            simulator,
            journal: Rc::new(RefCell::new(self.journal(scenario)?)),
        };
        for (crowd, offset) in self.crowds(scenario)? {
            flight.enter(&serve, crowd, offset);
        }
        let capacity = flight.fly(self.patience(scenario));
        let Flight {
            simulator, journal, ..
        } = flight;
        drop(simulator); // It tells the journal, and so holds it.
        let journal = Rc::into_inner(journal).ok_or("the journal is still written")?;
        Ok(self.sum_up(scenario, journal.into_inner(), capacity))
    }

    fn journal(&self, scenario: &Scenario) -> Result<Journal, BoxError> {
        let times = &scenario.times;
        let from = Tick::ZERO.after(times.warm_up.0);
        let window = (from, from.after(times.measured.0));
        let shares = match &scenario.load {
            Load::Open { .. } => None,
            // Who comes and goes has less, which says nothing of fairness.
            Load::Closed { joined, .. } if !joined.is_empty() => None,
            Load::Closed { .. } => Some(Shares::of(usize::try_from(self.clients(scenario))?)),
        };
        Ok(Journal::new(&scenario.targets(), window, shares)?)
    }

    /// Lists who asks, each with the number of its first client.
    fn crowds(&self, scenario: &Scenario) -> Result<Vec<(Clients, usize)>, BoxError> {
        let cost = scenario.server.arrival_cost.0;
        match &scenario.load {
            Load::Open {
                arrivals,
                changes,
                classes,
                ..
            } => {
                let load = self.load(scenario).unwrap_or(1.0);
                let rate = load * expected::capacity(&scenario.server);
                let spacing = (arrivals, changes.as_slice());
                let arrivals = expected::arrivals(spacing, load, rate, &scenario.times)?;
                let mut clients = Clients::open(arrivals).costing(cost);
                if let Some(retries) = self.retries(scenario) {
                    clients = clients.timeout(retries.timeout.0).retries(Retries {
                        times: retries.times,
                        backoff: retries.backoff.0,
                        budget: retries.budget,
                    });
                }
                if !classes.is_empty() {
                    clients = clients.classes(classes.iter().copied());
                }
                Ok(vec![(clients, 0)])
            }
            Load::Closed { client, joined, .. } => {
                let crowd = |count: u64| -> Result<Clients, BoxError> {
                    let clients = Clients::closed(u32::try_from(count)?, client.think.0);
                    let clients = clients.costing(cost).jitter(client.jitter.0);
                    let timeout = client.timeout;
                    Ok(timeout.map_or(clients.clone(), |timeout| clients.timeout(timeout.0)))
                };
                let mut offset = self.clients(scenario);
                let mut crowds = vec![(crowd(offset)?, 0)];
                for Joined { at, lasts, clients } in joined {
                    let from = scenario.times.warm_up.0 + at.0;
                    let present = crowd(*clients)?.present(from, from + lasts.0);
                    crowds.push((present, usize::try_from(offset)?));
                    offset += clients;
                }
                Ok(crowds)
            }
        }
    }

    fn sum_up(&self, scenario: &Scenario, mut journal: Journal, capacity: f64) -> Run {
        let counted = scenario.times.measured.0;
        let shares = journal.shares.take();
        let crowd = self.crowd(scenario);
        let good = journal.timeline.good();
        let settled_ms = settling::last_change(scenario).and_then(|change| {
            let load = self.last_load(scenario);
            settling::settled_ms(&good, change, load.min(1.0) * capacity)
        });
        let classed = journal.lines.len() > 1;
        Run {
            variant: self.variant.name.clone(),
            seed: self.seed,
            load: self.load(scenario),
            clients: self
                .load(scenario)
                .is_none()
                .then(|| self.clients(scenario)),
            capacity: Some(capacity),
            seconds: counted.as_secs_f64(),
            outcomes: journal.outcomes(),
            attempts: self.retries(scenario).is_some().then_some(journal.attempts),
            latency: journal.latency(),
            rejection: Some(quantiles::spread(&journal.rejections)),
            fairness: shares.map(|shares| shares.fairness(counted)),
            classes: if classed {
                journal.classes()
            } else {
                Vec::new()
            },
            settled_ms,
            series: Some(journal.timeline.series(crowd)),
            ..Run::default()
        }
    }

    fn load(&self, scenario: &Scenario) -> Option<f64> {
        match &scenario.load {
            Load::Open { loads, .. } => loads.get(self.step).copied(),
            Load::Closed { .. } => None,
        }
    }

    fn clients(&self, scenario: &Scenario) -> u64 {
        match &scenario.load {
            Load::Open { .. } => 0,
            Load::Closed { clients, .. } => clients.get(self.step).copied().unwrap_or(0),
        }
    }

    /// Gives how many clients there are at moments of the time that counts,
    /// where some come and go.
    fn crowd(&self, scenario: &Scenario) -> Option<impl Fn(Duration) -> u64> {
        let Load::Closed { joined, .. } = &scenario.load else {
            return None;
        };
        let always = self.clients(scenario);
        let there = |at: Duration, one: &&Joined| (one.at.0..one.at.0 + one.lasts.0).contains(&at);
        let more = move |at| joined.iter().filter(move |one| there(at, one));
        let all = move |at| always + more(at).map(|one| one.clients).sum::<u64>();
        (!joined.is_empty()).then_some(all)
    }

    /// Gives the load after the last change, as a part of capacity; for a
    /// closed loop, nothing can be said.
    fn last_load(&self, scenario: &Scenario) -> f64 {
        let Load::Open { changes, .. } = &scenario.load else {
            return 0.0;
        };
        let factor = changes.last().map_or(1.0, |change| change.factor);
        factor * self.load(scenario).unwrap_or(0.0)
    }

    fn retries<'s>(&'s self, scenario: &'s Scenario) -> Option<&'s crate::scenario::Retries> {
        let usual = match &scenario.load {
            Load::Open { retries, .. } => retries.as_ref(),
            Load::Closed { .. } => None,
        };
        self.variant.retries.as_ref().or(usual)
    }

    /// Gives how long after the time that counts a request may still end.
    fn patience(&self, scenario: &Scenario) -> Duration {
        let retries = self.retries(scenario);
        let tries = retries.map_or(Duration::ZERO, |retries| {
            (retries.timeout.0 + retries.backoff.0) * (retries.times + 1)
        });
        tries + scenario.target.0 * AFTER
    }
}

impl Flight<'_> {
    fn enter(&mut self, serve: &Stage<seda_core::simulator::Call>, crowd: Clients, offset: usize) {
        let inlet = self.simulator.inlet(serve);
        let journal = Rc::clone(&self.journal);
        self.simulator.clients(inlet, crowd, move |ended| {
            let client = offset + ended.client as usize;
            journal.borrow_mut().note(ended, client);
        });
    }

    /// Runs it to its end; gives the requests per second that could be done.
    fn fly(&mut self, patience: Duration) -> f64 {
        let times = &self.scenario.times;
        self.simulator.run_for(times.warm_up.0);
        let drawn = self.simulator.drawn(STAGE);
        let mut before = self.sample();
        let mut left = times.measured.0;
        let mut index = 0;
        while !left.is_zero() {
            self.simulator.run_for(STEP.min(left));
            let now = self.sample();
            self.journal.borrow_mut().timeline.see(index, &before, &now);
            (before, left, index) = (now, left.saturating_sub(STEP), index + 1);
        }
        let capacity = self.capacity(drawn);
        self.simulator.run_for(patience);
        for (asked, class) in self.simulator.unanswered() {
            self.journal.borrow_mut().leave(asked, class);
        }
        capacity
    }

    fn sample(&self) -> Sample {
        self.simulator.sample(STAGE).unwrap_or_default()
    }

    /// Gives the capacity by the service times that were drawn, so that a few
    /// long ones, by chance, do not count against a policy; by the model where
    /// the service changes, or batches have a price.
    fn capacity(&self, before: Option<(u64, Duration)>) -> f64 {
        let server = &self.scenario.server;
        let model = expected::capacity(server);
        let even = server.slower.is_empty() && server.pauses.is_empty();
        let batches = matches!(server.work, crate::scenario::Work::Batch { .. });
        let (true, false, Some(before)) = (even, batches, before) else {
            return model;
        };
        let Some(after) = self.simulator.drawn(STAGE) else {
            return model;
        };
        let (events, time) = (after.0 - before.0, after.1.saturating_sub(before.1));
        if events == 0 || time.is_zero() {
            return model;
        }
        let at_once = server.threads.map_or(server.servers, |(_, most)| most);
        at_once as f64 * events as f64 / time.as_secs_f64()
    }
}
