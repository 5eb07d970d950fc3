//! A path's target: one budget from a stage to the end of the way, divided over its stages.

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::Serialize;

use crate::clock::Tick;
use crate::control::Sample;
use crate::law::{Ewma, float};

use settings::{NEWS, PERIOD, SHARE_MIN, WEIGHT};

/// Is what a path's target means for one of its stages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Passage {
    /// The part of the budget that its queue may be worth; at the entry all of it.
    pub share: Duration,
    /// What an event that leaves it now will take to the end of the way:
    /// waiting and in hand.
    pub beyond: Duration,
    /// The same if nobody waited.
    pub service: Duration,
    /// The events per second of it that the slowest stage further down gets
    /// done; none when that is unknown, or there is none.
    pub slowest: Option<f64>,
}

/// Is what there is to see of one stage of a path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leg {
    pub(crate) sample: Sample,
    /// Events since the start along each edge to a stage further down, by its
    /// place in the path.
    pub(crate) flows: Vec<(usize, u64)>,
}

/// Divides a budget over the stages from one to the end of the way, by what
/// they were seen to take, and foretells how long the way is just now.
///
/// Each stage but the entry may hold what its share of the budget can drain;
/// the entry what is left of the whole by the waits further down: so work is
/// refused where it comes in, and where that did not foresee it, before the
/// stage that is too slow. The deadline travels with each event, and it expires
/// wherever what is left of it is less than what the way yet takes.
///
/// Source: load-conditioning.md §2; architecture.md §4.
#[derive(Debug)]
pub(crate) struct PathTarget {
    budget: Duration,
    before: Vec<Leg>,
    legs: Vec<Measured>,
    told: Option<Vec<Passage>>,
}

/// Is what is known of a stage, smoothed.
#[derive(Clone, Debug)]
struct Measured {
    /// Seconds in the handler for each event.
    service: Ewma,
    /// Events per second that it gets done.
    rate: Option<f64>,
    /// Seconds that what waits will take at this rate.
    wait: f64,
    /// Events that one leads to, by the place of the stage they go to.
    leads_to: Vec<(usize, Ewma)>,
}

impl PathTarget {
    /// Makes the target of a path of `stages` stages, the most downstream
    /// first and the entry last.
    pub(crate) fn new(budget: Duration, stages: usize) -> Self {
        let unknown = Measured {
            service: Ewma::new(WEIGHT),
            rate: None,
            wait: 0.0,
            leads_to: Vec::new(),
        };
        Self {
            budget,
            before: vec![Leg::default(); stages],
            legs: vec![unknown; stages],
            told: None,
        }
    }

    pub(crate) const fn period() -> Duration {
        PERIOD
    }

    /// Takes in what there is to see; gives what it means for each stage, and,
    /// where that is news, why.
    pub(crate) fn update(&mut self, _now: Tick, legs: &[Leg]) -> (Vec<Passage>, Option<String>) {
        for ((measured, before), leg) in self.legs.iter_mut().zip(&mut self.before).zip(legs) {
            measured.take_in(before, leg);
        }
        let passages = self.divide();
        let reason = self.is_news(&passages).then(|| {
            self.told = Some(passages.clone());
            self.explain(&passages)
        });
        (passages, reason)
    }

    /// Goes up the way from its ends: what is beyond a stage is what the
    /// stages that it sends to take, as often as it does.
    fn divide(&self) -> Vec<Passage> {
        let mut ahead: Vec<(f64, f64)> = Vec::with_capacity(self.legs.len());
        let mut passages = Vec::with_capacity(self.legs.len());
        let mut rates: Vec<Option<f64>> = Vec::with_capacity(self.legs.len());
        let whole: f64 = self.legs.iter().map(Measured::seconds).sum();
        for (place, leg) in self.legs.iter().enumerate() {
            let further = |pick: fn(&(f64, f64)) -> f64| -> f64 {
                let each = leg
                    .leads_to
                    .iter()
                    .filter_map(|(to, often)| Some(often.get()?.min(1.0) * pick(ahead.get(*to)?)));
                each.sum()
            };
            let (beyond, service) = (further(|ahead| ahead.0), further(|ahead| ahead.1));
            let slowest = leg.slowest(&rates);
            rates.push(slowest.into_iter().chain(leg.rate).reduce(f64::min));
            ahead.push((beyond + leg.wait + leg.seconds(), service + leg.seconds()));
            let entry = place + 1 == self.legs.len();
            let part = if entry || whole <= 0.0 {
                1.0
            } else {
                (leg.seconds() / whole).max(SHARE_MIN)
            };
            passages.push(Passage {
                share: self.budget.mul_f64(part),
                beyond: seconds(beyond),
                service: seconds(service),
                slowest,
            });
        }
        passages
    }

    fn is_news(&self, passages: &[Passage]) -> bool {
        let Some(told) = &self.told else {
            return self.legs.iter().all(|leg| leg.service.get().is_some());
        };
        let far = self.budget.mul_f64(NEWS);
        let moved = |(old, new): (&Passage, &Passage)| {
            old.share.abs_diff(new.share) > far || old.service.abs_diff(new.service) > far
        };
        told.iter().zip(passages).any(moved)
    }

    fn explain(&self, passages: &[Passage]) -> String {
        let entry = passages.last().copied().unwrap_or_default();
        let own = self.legs.last().map_or(0.0, Measured::seconds);
        format!(
            "{:?} for the whole way: an event takes {:?} here and {:?} further down, and waits there for {:?}",
            self.budget,
            seconds(own),
            entry.service,
            entry.beyond.saturating_sub(entry.service),
        )
    }
}

impl Measured {
    fn take_in(&mut self, before: &mut Leg, leg: &Leg) {
        let served = leg.sample.served.saturating_sub(before.sample.served);
        self.rate = leg.sample.drain_rate();
        self.wait = self
            .rate
            .map_or(0.0, |rate| float(leg.sample.queued) / rate);
        if served == 0 {
            return;
        }
        let busy = leg.sample.busy.saturating_sub(before.sample.busy);
        self.service.add(busy.as_secs_f64() / float(served));
        for (n, (to, count)) in leg.flows.iter().enumerate() {
            let earlier = before.flows.get(n).map_or(0, |(_, count)| *count);
            let often = float(count.saturating_sub(earlier)) / float(served);
            if self.leads_to.len() == n {
                self.leads_to.push((*to, Ewma::new(WEIGHT)));
            }
            if let Some((_, average)) = self.leads_to.get_mut(n) {
                average.add(often);
            }
        }
        before.clone_from(leg);
    }

    /// Gives the rate of the slowest stage that it leads to, in its own events.
    fn slowest(&self, rates: &[Option<f64>]) -> Option<f64> {
        let each = self.leads_to.iter().filter_map(|(to, often)| {
            let often = often.get().filter(|often| *often > 0.0)?;
            Some((*rates.get(*to)?)? / often)
        });
        each.reduce(f64::min)
    }

    fn seconds(&self) -> f64 {
        self.service.get().unwrap_or(0.0)
    }
}

fn seconds(time: f64) -> Duration {
    Duration::try_from_secs_f64(time).unwrap_or(Duration::MAX)
}
