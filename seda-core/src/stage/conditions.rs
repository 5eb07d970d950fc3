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
        let class = self.told_apart(meta.class());
        if common.class_count.get().is_some() {
            common.census.offer(usize::from(class.0), n);
        }
        let level_admits = || common.dials.level_admits(class, meta.key());
        if common.dials.sheds(meta.class()) || !level_admits() {
            return Err((Reason::Shed, self.room_in(n, class)));
        }
        self.bound_in_flight(n, class)?;
        self.promise(asked, class, now)?;
        let tokens = common.dials.take_tokens(n, class, now);
        tokens.map_err(|wait| (Reason::Shed, Some(wait.min(RETRY_MAX))))
    }

    /// Says when there would be room for `n` events that found none.
    pub(crate) fn room_in(&self, n: usize, class: Class) -> Option<Duration> {
        let rate = self.common.dials.drain(self.told_apart(class))?;
        let room = &self.common.room;
        let over = room
            .used()
            .saturating_add(n)
            .saturating_sub(room.limit())
            .max(n);
        Some(time_for(over, rate).min(RETRY_MAX))
    }

    fn bound_in_flight(&self, n: usize, class: Class) -> Result<(), Refusal> {
        let most = self.common.dials.in_flight();
        if most == usize::MAX || self.in_flight().saturating_add(n) <= most {
            return Ok(());
        }
        Err((Reason::Shed, self.room_in(n, class)))
    }

    /// Refuses what would be late: the work ahead, at the measured drain rate,
    /// must leave enough of the budget and of the time until the deadline.
    fn promise(&self, (n, meta): (usize, &Meta), class: Class, now: Tick) -> Result<(), Refusal> {
        let common = &self.common;
        let limits = [
            (Reason::Shed, self.limit_by_budget()),
            (Reason::Expired, self.limit_by_deadline(meta, now)),
        ];
        if limits.iter().all(|(_, limit)| limit.is_none()) {
            return Ok(());
        }
        let Some(rate) = common.dials.drain(class) else {
            return Ok(());
        };
        let in_hand = usize::try_from(common.in_hand()).unwrap_or(usize::MAX);
        let ahead = self.ahead(class).saturating_add(in_hand);
        if ahead < common.workers() {
            return Ok(());
        }
        let wait = time_for(ahead.saturating_add(n), rate);
        for (reason, limit) in limits {
            if let Some(limit) = limit.filter(|limit| wait > *limit) {
                return Err((reason, Some(wait.saturating_sub(limit).min(RETRY_MAX))));
            }
        }
        Ok(())
    }

    /// Gives the longest wait that the stage's budget, or that of the path that
    /// begins here, allows. Where a queue has no classes, its bound says that.
    fn limit_by_budget(&self) -> Option<Duration> {
        let common = &self.common;
        let own = common
            .dials
            .serving
            .target()
            .filter(|_| common.class_count.get().is_some());
        let budget = common.path_budget().or(own)?;
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

    /// Gives the class as the queue tells it from others.
    pub(crate) fn told_apart(&self, class: Class) -> Class {
        let count = self.common.class_count.get().copied();
        let last = count.map_or(0, |count| count.saturating_sub(1));
        Class(class.0.min(u8::try_from(last).unwrap_or(u8::MAX)))
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
