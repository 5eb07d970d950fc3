//! The best target first, the next one on each further call.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::matching;
use super::rank::Rank;
use super::rejection::{Rejection, Summary};
use crate::job::description::JobDescription;
use crate::target::{Counters, ExecutionTarget, TargetName};

/// The targets known so far and the order in which jobs get them.
///
/// # Examples
///
/// ```
/// use seda_stages::broker::{rank::LeastWaiting, select::Broker};
/// use seda_stages::job::description::JobDescription;
/// use seda_stages::target::{Counters, ExecutionTarget};
///
/// let mut target = ExecutionTarget::new("here");
/// target.counters = Counters::idle(2);
/// let mut broker = Broker::new(vec![target], Box::new(LeastWaiting));
///
/// let job = JobDescription::default();
/// let name = broker.select(&job).next().unwrap();
/// broker.accepted(&name, &job);
/// assert_eq!(broker.targets()[0].counters.free_slots, Some(1));
/// broker.ended(&name, &job);
/// assert_eq!(broker.targets()[0].counters.free_slots, Some(2));
/// ```
#[derive(Debug)]
pub struct Broker {
    targets: Vec<ExecutionTarget>,
    rank: Box<dyn Rank>,
}

impl Broker {
    /// Makes a broker of these targets.
    pub fn new(targets: Vec<ExecutionTarget>, rank: Box<dyn Rank>) -> Self {
        Self { targets, rank }
    }

    /// Returns the targets with their counters as they are now.
    pub fn targets(&self) -> &[ExecutionTarget] {
        &self.targets
    }

    /// Takes what discovery found anew in place of what was known.
    ///
    /// Targets with an address tell their own counters. Jobs of those without
    /// one all pass through this broker, so what it counted is kept, within
    /// the slots that there are now.
    pub fn refresh(&mut self, mut found: Vec<ExecutionTarget>) {
        let known: BTreeMap<_, _> = self
            .targets
            .iter()
            .map(|target| (&target.name, target.counters))
            .collect();
        for target in found.iter_mut().filter(|target| target.url.is_none()) {
            if let Some(counted) = known.get(&target.name) {
                let total_slots = target.counters.total_slots;
                let both = total_slots.zip(counted.used_slots);
                let free_slots = both.map(|(total, used)| total.saturating_sub(used));
                target.counters = Counters {
                    total_slots,
                    free_slots,
                    ..*counted
                };
            }
        }
        self.targets = found;
    }

    /// Matches and ranks all targets for a job.
    ///
    /// # Blocking
    ///
    /// Never blocks; takes time with the number of targets, and a few hundred
    /// nanoseconds for each.
    pub fn select(&mut self, job: &JobDescription) -> Selection {
        let mut summary = Summary {
            considered: self.targets.len(),
            ..Summary::default()
        };
        let mut fitting = Vec::with_capacity(self.targets.len());
        for target in &self.targets {
            match matching::check(job, target) {
                Ok(()) => fitting.push(target),
                Err(rejection) => summary.reject(rejection),
            }
        }
        let mut ranked = fitting.clone();
        self.rank.rank(job, &mut ranked);
        if ranked.len() < fitting.len() {
            let kept: BTreeSet<_> = ranked.iter().map(|target| &target.name).collect();
            let dropped = fitting.iter().filter(|target| !kept.contains(&target.name));
            dropped.for_each(|target| summary.reject(unranked(target, &*self.rank)));
        }
        let names = ranked.iter().map(|target| target.name.clone()).collect();
        Selection { names, summary }
    }

    /// Counts a job in at the target that accepted it.
    pub fn accepted(&mut self, name: &TargetName, job: &JobDescription) {
        if let Some(target) = self.find(name) {
            target.counters.take(job.slots());
        }
    }

    /// Counts a job out at the target where it ended.
    pub fn ended(&mut self, name: &TargetName, job: &JobDescription) {
        if let Some(target) = self.find(name) {
            target.counters.give_back(job.slots());
        }
    }

    fn find(&mut self, name: &TargetName) -> Option<&mut ExecutionTarget> {
        self.targets.iter_mut().find(|target| target.name == *name)
    }
}

/// Explains why a target that fits is not tried.
fn unranked(target: &ExecutionTarget, rank: &dyn Rank) -> Rejection {
    Rejection {
        target: target.name.clone(),
        attribute: "Rank",
        wanted: rank.name().to_owned(),
        compared_with: "what it ranks by",
        published: None,
    }
}

/// The targets for one job, best first; what is left of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    names: VecDeque<TargetName>,
    summary: Summary,
}

impl Selection {
    /// Returns how many targets were looked at and why some were rejected.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Gives the summary away, to tell why there is no target.
    pub fn into_summary(self) -> Summary {
        self.summary
    }
}

impl Iterator for Selection {
    type Item = TargetName;

    fn next(&mut self) -> Option<TargetName> {
        self.names.pop_front()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.names.len(), Some(self.names.len()))
    }
}

impl ExactSizeIterator for Selection {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::rank::{FastestQueue, LeastWaiting};
    use crate::describe::json;

    fn target(name: &str, slots: u32) -> ExecutionTarget {
        let mut target = ExecutionTarget::new(name);
        target.counters = Counters::idle(slots);
        target
    }

    fn job(slots: u32) -> JobDescription {
        json::parse(format!(r#"{{"executable": "a", "slots": {slots}}}"#).as_bytes()).unwrap()
    }

    fn names(selection: Selection) -> Vec<String> {
        selection.map(|name| name.as_str().to_owned()).collect()
    }

    #[test]
    fn further_calls_give_the_next_best() {
        let targets = vec![target("a", 2), target("b", 4), target("c", 1)];
        let mut broker = Broker::new(targets, Box::new(LeastWaiting));
        let selection = broker.select(&job(2));
        assert_eq!(selection.len(), 2);
        assert_eq!(selection.summary().rejected.get("NumberOfSlots"), Some(&1));
        assert_eq!(names(selection), ["b", "a"]);
    }

    #[test]
    fn jobs_spread_by_room_and_then_by_queue() {
        let targets = vec![target("a", 1), target("b", 3)];
        let mut broker = Broker::new(targets, Box::new(LeastWaiting));
        let picks: Vec<_> = (0..8)
            .map(|_| {
                let name = broker.select(&job(1)).next().unwrap();
                broker.accepted(&name, &job(1));
                name.as_str().to_owned()
            })
            .collect();
        // Four slots are filled; then one waits at each, and b has three
        // slots for each one of a's.
        assert_eq!(picks.concat(), "bbababbb");
    }

    #[test]
    fn a_target_that_cannot_be_ranked_is_explained() {
        let mut silent = target("silent", 2);
        silent.counters.waiting_jobs = None;
        let mut broker = Broker::new(vec![silent, target("a", 2)], Box::new(FastestQueue));
        let selection = broker.select(&job(1));
        let reason = selection.summary().examples[0].to_string();
        assert_eq!(
            reason,
            "`silent`: Rank is fastest_queue, what it ranks by is not published"
        );
        assert_eq!(names(selection), ["a"]);
    }

    #[test]
    fn a_refresh_keeps_what_was_counted_here() {
        let mut remote = target("remote", 4);
        remote.url = Some("http://r".into());
        let found = vec![target("here", 4), remote];
        let mut broker = Broker::new(found.clone(), Box::new(LeastWaiting));
        for name in ["here", "remote"] {
            broker.accepted(&TargetName::new(name), &job(3));
            broker.accepted(&TargetName::new(name), &job(3));
        }
        let mut grown = found.clone();
        grown[0].counters = Counters::idle(5);
        broker.refresh(grown);
        let here = broker.targets()[0].counters;
        assert_eq!(
            (here.free_slots, here.used_slots, here.waiting_jobs),
            (Some(2), Some(3), Some(3))
        );
        assert_eq!(
            broker.targets()[1].counters,
            Counters::idle(4),
            "the publisher knows better"
        );
        broker.refresh(vec![]);
        assert_eq!(broker.select(&job(1)).next(), None);
        broker.ended(&TargetName::new("here"), &job(3));
    }
}
