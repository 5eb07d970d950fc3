//! Drain-rate prediction: the default controller of a stage with a latency target.

mod settings;
mod shares;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::admission::BUDGET_SHARE;
use crate::clock::Tick;
use crate::control::{Adjusts, Controller, Decision, Sample};
use crate::law::{Ewma, events_in, float, per_second};
use crate::meta::Class;

use settings::{DEAD_BAND, EVENTS_MIN, PERIOD, SHARE_MIN, WAIT_MAX, WEIGHT};
use shares::shares;

/// Admits what will be done in time: work ahead, divided by the rate at which
/// the stage gets work done, must be at most 0.8 of the budget.
///
/// It needs nothing but the budget. For a queue without classes it narrows the
/// queue to budget × rate (contract 1), which costs an enqueue nothing; where
/// there are classes, or an event has a deadline of its own, each event's wait
/// is predicted from the rate that is left for its class: in a strict queue by
/// more urgent ones, in a weighted one by the others, each of which has its
/// weight's share or as much as it asks for. Each class goes by its own budget,
/// where it has one ([`StageBuilder::class_target`](crate::StageBuilder::class_target)).
///
/// The rate is what was seen while events waited all the time; else what the
/// threads would do if all were busy; at most that of the slowest stage further
/// down, where a path has a target. Until the first measurement everything
/// is admitted that the queue's capacity allows, and there is always room for
/// one event per thread.
///
/// Source: load-conditioning.md §2.
#[derive(Debug)]
pub struct DrainRate {
    before: Option<(Tick, Sample)>,
    rate: Ewma,
    /// Events per second that entered, by class.
    entered: [Ewma; Class::COUNT_MAX],
    /// The rates that were decided by last, by class; the first is of all.
    published: Option<[f64; Class::COUNT_MAX + 1]>,
}

impl Default for DrainRate {
    fn default() -> Self {
        Self {
            before: None,
            rate: Ewma::new(WEIGHT),
            entered: [Ewma::new(WEIGHT); Class::COUNT_MAX],
            published: None,
        }
    }
}

impl DrainRate {
    /// Takes in what was done since the last sample that told something.
    fn measure(&mut self, now: Tick, sample: &Sample) -> Option<f64> {
        let (then, before) = *self.before.get_or_insert((now, *sample));
        let wall = now.since(then);
        let served = sample.served.saturating_sub(before.served);
        let busy = sample.busy.saturating_sub(before.busy);
        if served == 0
            || busy.is_zero()
            || wall.is_zero()
            || (served < EVENTS_MIN && wall < WAIT_MAX)
        {
            return None;
        }
        self.before = Some((now, *sample));
        for (entered, (old, new)) in self
            .entered
            .iter_mut()
            .zip(before.classes.iter().zip(sample.classes.iter()))
        {
            entered.add(per_second(new.accepted - old.accepted, wall));
        }
        let all_busy = float(sample.threads.max(1) as u64) * per_second(served, busy);
        let waited_on = before.queued > 0 && sample.queued > 0 && sample.empty_at < then;
        let rate = if waited_on {
            all_busy.min(per_second(served, wall))
        } else {
            all_busy
        };
        let slowest = sample.passage.slowest.unwrap_or(f64::INFINITY);
        Some(self.rate.add(rate.min(slowest)))
    }

    /// Gives what is left of the rate for each class by the others.
    fn by_class(&self, rate: f64, sample: &Sample) -> [f64; Class::COUNT_MAX] {
        let entered = self.entered.map(|entered| entered.get().unwrap_or(0.0));
        let weights = sample
            .classes
            .map(|class| class.weight.map_or(0.0, f64::from));
        if weights.iter().any(|weight| *weight > 0.0) {
            return shares(rate, &weights, &entered);
        }
        self.by_urgency(rate, sample.class_count)
    }

    fn by_urgency(&self, rate: f64, count: usize) -> [f64; Class::COUNT_MAX] {
        let mut left = rate;
        let mut rates = [rate; Class::COUNT_MAX];
        for (place, (mine, entered)) in rates.iter_mut().zip(&self.entered).enumerate() {
            *mine = left.max(rate * SHARE_MIN);
            if place + 1 < count {
                left -= entered.get().unwrap_or(0.0);
            }
        }
        rates
    }

    /// Tells whether the rate, or what is left of it for a class, has moved by
    /// so much of the whole, and takes it in if so.
    fn is_news(&mut self, rate: f64, drain: &[f64; Class::COUNT_MAX]) -> bool {
        let mut rates = [rate; Class::COUNT_MAX + 1];
        rates
            .iter_mut()
            .skip(1)
            .zip(drain)
            .for_each(|(to, of)| *to = *of);
        let moved = |old: [f64; Class::COUNT_MAX + 1]| {
            let [all, ..] = old;
            let mut pairs = old.iter().zip(&rates);
            pairs.any(|(old, new)| (new - old).abs() > all * DEAD_BAND)
        };
        let is_news = self.published.is_none_or(moved);
        if is_news {
            self.published = Some(rates);
        }
        is_news
    }
}

impl Controller for DrainRate {
    fn name(&self) -> &'static str {
        "drain rate"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Admission
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        let Some(target) = sample.target else {
            return Decision::none();
        };
        let Some(rate) = self.measure(now, sample) else {
            return Decision::none();
        };
        let threads = sample.threads.max(1);
        let budget = target
            .mul_f64(BUDGET_SHARE)
            .saturating_sub(sample.passage.beyond);
        // What the threads have in hand is ahead as well.
        let limit = events_in(budget, rate).saturating_sub(threads).max(threads);
        let classes = sample.class_count > 1;
        let drain = self.by_class(rate, sample);
        // Somebody may have widened the queue.
        let widened = !classes && sample.limit > limit;
        if !self.is_news(rate, &drain) && !widened {
            return Decision::none();
        }
        Decision {
            limit: (!classes).then_some(limit),
            drain: Some(drain),
            throughput: Some(rate),
            reason: format!(
                "at {rate:.0} events/s, {limit} events are what {threads} threads drain in {budget:?}, what is left of 0.8 of the budget"
            ),
            ..Decision::none()
        }
    }
}
