//! What controllers have to say about who enters a stage.
//!
//! Where a queue has no classes, and an event no deadline of its own, the
//! bound of the queue says it all, and nothing here is asked.

use std::time::Duration;

use crate::admission::BUDGET_SHARE;
use crate::clock::Tick;
use crate::meta::{Class, Meta};
use crate::rejected::Reason;
use crate::stage::core::{Refusal, StageCore};

/// A wait that is longer than this is not told in an answer.
const RETRY_MAX: Duration = Duration::from_mins(1);

impl<E> StageCore<E> {
    /// Decides by what controllers have set whether `n` events may enter.
    pub(crate) fn condition(&self, asked: (usize, &Meta), now: Tick) -> Result<(), Refusal> {
        let (n, meta) = asked;
        let common = &self.common;
        let class = common.told_apart(meta.class());
        let classed = common.class_count.get().is_some();
        let place = usize::from(class.0);
        if classed {
            common.census.offer(place, n);
        }
        if common.dials.sheds(meta.class()) {
            return Err((Reason::Shed, self.room_in(n, class)));
        }
        self.foresee(asked, class, now).or_else(|refusal| {
            if classed && common.census.lets_in(place, now) {
                Ok(())
            } else {
                Err(refusal)
            }
        })
    }

    /// Decides by what is known of the load. Nobody has said for good that such
    /// events are turned away, so that the guard may let one in all the same.
    fn foresee(&self, asked: (usize, &Meta), class: Class, now: Tick) -> Result<(), Refusal> {
        let (n, meta) = asked;
        let dials = &self.common.dials;
        if !dials.level_admits(class, meta.key()) {
            return Err((Reason::Shed, self.room_in(n, class)));
        }
        self.bound_in_flight(n, class)?;
        self.promise(asked, class, now)?;
        let tokens = dials.take_tokens(n, class, now);
        tokens.map_err(|wait| (Reason::Shed, Some(wait.min(RETRY_MAX))))
    }

    /// Says when there would be room for `n` events that found none.
    pub(crate) fn room_in(&self, n: usize, class: Class) -> Option<Duration> {
        let rate = self.common.dials.drain(self.common.told_apart(class))?;
        let room = &self.common.room;
        let over = room
            .used()
            .saturating_add(n)
            .saturating_sub(room.limit())
            .max(n);
        Some(time_for(over, rate).min(RETRY_MAX))
    }

    /// Bounds what is in flight before events of this class: less urgent ones
    /// that wait in a strict queue are no reason to refuse them.
    fn bound_in_flight(&self, n: usize, class: Class) -> Result<(), Refusal> {
        let most = self.common.dials.in_flight();
        if most == usize::MAX {
            return Ok(());
        }
        let behind = match self.common.class_count.get() {
            None => 0,
            Some(_) => self.common.census.behind(usize::from(class.0)),
        };
        let before = self.in_flight().saturating_sub(behind);
        if before.saturating_add(n) <= most {
            return Ok(());
        }
        Err((Reason::Shed, self.room_in(n, class)))
    }

    /// Refuses what would be late: the work ahead, at the measured drain rate,
    /// must leave enough of the budget and of the time until the deadline.
    fn promise(&self, (n, meta): (usize, &Meta), class: Class, now: Tick) -> Result<(), Refusal> {
        let common = &self.common;
        let limits = [
            (Reason::Shed, self.limit_by_budget(class)),
            (Reason::Expired, self.limit_by_deadline(meta, now)),
        ];
        if limits.iter().all(|(_, limit)| limit.is_none()) {
            return Ok(());
        }
        let Some(rate) = common.dials.drain(class) else {
            return Ok(());
        };
        let Some(wait) = self.wait_of(n, class, rate) else {
            return Ok(());
        };
        for (reason, limit) in limits {
            if let Some(limit) = limit.filter(|limit| wait > *limit) {
                return Err((reason, Some(wait.saturating_sub(limit).min(RETRY_MAX))));
            }
        }
        Ok(())
    }

    /// Foretells how long `n` events of this class would wait at the rate that
    /// is left for it; none while a worker is free.
    fn wait_of(&self, n: usize, class: Class, rate: f64) -> Option<Duration> {
        let common = &self.common;
        let in_hand = usize::try_from(common.in_hand()).unwrap_or(usize::MAX);
        let ahead = self.ahead(class);
        if common.census.is_weighted() {
            if self.in_flight() < common.workers() {
                return None;
            }
            // What is in hand is done at the rate of all, whatever its class.
            let all = common.dials.throughput().unwrap_or(rate);
            let wait = time_for(ahead.saturating_add(n), rate);
            return Some(wait.saturating_add(time_for(in_hand, all)));
        }
        let ahead = ahead.saturating_add(in_hand);
        (ahead >= common.workers()).then(|| time_for(ahead.saturating_add(n), rate))
    }

    /// Gives the longest wait that the budget of the class allows, that of the
    /// stage or of the path that begins here. Where a queue has no classes, its
    /// bound says that.
    fn limit_by_budget(&self, class: Class) -> Option<Duration> {
        let common = &self.common;
        let own = || {
            common.class_count.get()?;
            common.dials.target_of(class)
        };
        let budget = common.path_budget_of(class).or_else(own)?;
        Some(
            budget
                .mul_f64(BUDGET_SHARE)
                .saturating_sub(common.dials.beyond()),
        )
    }

    /// Gives the longest wait that the deadline allows. In the midst of a path
    /// work has been done already, so only what will certainly be late is refused.
    fn limit_by_deadline(&self, meta: &Meta, now: Tick) -> Option<Duration> {
        if meta.deadline() == Tick::NEVER {
            return None;
        }
        let common = &self.common;
        let left = meta.deadline().since(now);
        let on_the_way = common.path_budget().is_none() && common.dials.share().is_some();
        let share = if on_the_way { 1.0 } else { BUDGET_SHARE };
        let yet = Duration::from_nanos(common.dials.serving.service_beyond());
        Some(left.mul_f64(share).saturating_sub(yet))
    }

    /// Gives the events that wait and are served before a new one of this class.
    fn ahead(&self, class: Class) -> usize {
        match self.common.class_count.get() {
            None => self.common.room.used(),
            Some(_) => self.common.census.ahead(usize::from(class.0)),
        }
    }

    fn in_flight(&self) -> usize {
        let in_hand = usize::try_from(self.common.in_hand()).unwrap_or(usize::MAX);
        self.common.room.used().saturating_add(in_hand)
    }
}

#[allow(clippy::cast_precision_loss, reason = "queues are below 2^52")]
fn time_for(events: usize, events_per_second: f64) -> Duration {
    Duration::try_from_secs_f64(events as f64 / events_per_second).unwrap_or(Duration::MAX)
}
