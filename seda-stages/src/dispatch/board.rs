//! All jobs of a server and what is to be done with each: the functional core
//! of the dispatch stage.
//!
//! It is plain state and plain methods, one for each thing that can happen.
//! What follows for other stages is asked of it afterwards:
//! [`next_start`](Board::next_start), [`next_stop`](Board::next_stop) and
//! [`misfortunes`](Board::misfortunes).

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use seda_io::process::Watched;

use super::event::{Assignment, Held};
use super::lines::{Lines, Wanted};
use crate::broker::select::Broker;
use crate::errors::kind::JobError;
use crate::errors::report::Misfortune;
use crate::job::description::JobDescription;
use crate::job::filter::StateFilter;
use crate::job::id::JobId;
use crate::job::moment::Moment;
use crate::job::record::{Ending, JobRecord};
use crate::job::registry::{Admitted, CancelAnswer, JobRegistry};
use crate::job::state::JobState;
use crate::target::{ExecutionTarget, TargetName};

/// How many jobs there may be, and how many slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Jobs that have not ended.
    pub live_max: NonZeroUsize,
    /// Ended jobs that are remembered at least.
    pub ended_min: NonZeroUsize,
    /// Slots taken at once, over all targets.
    pub slots_max: u32,
}

/// All jobs, the targets, and who waits for what.
#[derive(Debug)]
pub struct Board {
    bounds: Bounds,
    jobs: JobRegistry,
    broker: Broker,
    lines: Lines,
    /// Jobs on their way to or in execution.
    away: BTreeMap<JobId, Away>,
    /// Running jobs that are to be ended and have not been told so.
    stops: BTreeSet<JobId>,
    /// Jobs that did not end well, of which nobody has been told.
    misfortunes: Vec<Misfortune>,
    /// Set when the server stops: nothing new is started.
    closed: bool,
}

/// A job that has left its line.
#[derive(Debug)]
struct Away {
    target: TargetName,
    slots: u32,
    /// Its process, once it runs.
    process: Option<Watched>,
    /// Why its process is to be ended, once it is.
    stopped: Option<JobError>,
}

impl Board {
    /// Makes a board without jobs.
    pub fn new(bounds: Bounds, broker: Broker) -> Self {
        let capacity = bounds.live_max.saturating_add(bounds.ended_min.get());
        let mut board = Self {
            bounds,
            jobs: JobRegistry::with_capacity(capacity),
            broker,
            lines: Lines::new(bounds.slots_max),
            away: BTreeMap::new(),
            stops: BTreeSet::new(),
            misfortunes: Vec::new(),
            closed: false,
        };
        board.resize_lines();
        board
    }

    /// Takes a job in and puts it in the line of the best target.
    ///
    /// # Errors
    ///
    /// Fails, and keeps nothing of the job, if too many have not ended or no
    /// target can take it.
    pub fn submit(&mut self, job: JobDescription, at: Moment) -> Result<Admitted, JobError> {
        let capacity = self.bounds.live_max.get();
        if self.jobs.live() >= capacity {
            return Err(JobError::TableFull { capacity });
        }
        let mut selection = self.broker.select(&job);
        let Some(target) = selection.next() else {
            let summary = selection.into_summary();
            return Err(JobError::NoTarget { summary });
        };
        let admitted = self.jobs.admit(job, at)?;
        let job = self.jobs.get(admitted.id)?.description();
        self.broker.accepted(&target, job);
        self.line_up(&target, wanted(admitted.id, job), at)?;
        Ok(admitted)
    }

    fn line_up(&mut self, target: &TargetName, job: Wanted, at: Moment) -> Result<(), JobError> {
        self.jobs.choose_target(job.id, target.clone())?;
        if self.jobs.get(job.id)?.state() != JobState::Queuing {
            let reason = format!("waits for a slot of `{target}`");
            self.jobs.advance(job.id, JobState::Queuing, reason, at)?;
        }
        self.lines.join(target, job);
        Ok(())
    }

    /// Returns the job that [`next_start`](Self::next_start) would take.
    pub fn peek_start(&self) -> Option<JobId> {
        self.lines.peek().filter(|_| !self.closed)
    }

    /// Takes the next job out of its line, to be started.
    pub fn next_start(&mut self) -> Option<Assignment> {
        if self.closed {
            return None;
        }
        let (id, target) = self.lines.take()?;
        let description = Arc::new(self.jobs.get(id).ok()?.description().clone());
        let away = Away {
            target: target.clone(),
            slots: description.slots(),
            process: None,
            stopped: None,
        };
        self.away.insert(id, away);
        Some(Assignment {
            id,
            target,
            description,
        })
    }

    /// Notes that a job's process runs. One that has ended meanwhile is left
    /// as it is: the two messages come by different ways.
    pub fn started(&mut self, held: Held, at: Moment) {
        let Held { id, process } = held;
        let Some(away) = self.away.get_mut(&id) else {
            return;
        };
        let reason = format!("process {}", process.id());
        away.process = Some(process);
        if away.stopped.is_some() {
            self.stops.insert(id);
        }
        note(id, self.jobs.advance(id, JobState::Running, reason, at));
    }

    /// Notes that a job has come to its end, and frees its slots. If the
    /// server ended it, that counts, whatever its process made of it.
    pub fn ended(&mut self, id: JobId, ending: Ending, at: Moment) {
        let Some(away) = self.away.remove(&id) else {
            return;
        };
        self.stops.remove(&id);
        self.lines.give_back(&away.target, away.slots);
        let ending = Ending {
            failure: away.stopped.or(ending.failure),
            ..ending
        };
        self.end(id, &away.target, ending, at);
    }

    /// Ends a job on someone's request: at once while it waits, otherwise by
    /// [`next_stop`](Self::next_stop).
    ///
    /// # Errors
    ///
    /// Fails if there is no such job.
    pub fn cancel(&mut self, id: JobId, at: Moment) -> Result<CancelAnswer, JobError> {
        let answer = self.jobs.request_cancel(id, at)?;
        if let CancelAnswer::Asked(state) = answer {
            self.stop(id, JobError::Cancelled { state }, at);
        }
        Ok(answer)
    }

    /// Ends a job that has run for as long as it may.
    pub fn overdue(&mut self, id: JobId, at: Moment) {
        let Ok(record) = self.jobs.get(id) else {
            return;
        };
        let limit = record.description().resources.individual_wall_time.max;
        let limit_seconds = limit.unwrap_or_default();
        self.stop(id, JobError::TimedOut { limit_seconds }, at);
    }

    /// Ends all jobs and starts none any more.
    pub fn close(&mut self, at: Moment) {
        self.closed = true;
        let live = self.jobs.list(StateFilter::Live);
        let live: Vec<_> = live.map(|record| (record.id(), record.state())).collect();
        for (id, state) in live {
            self.stop(id, JobError::ServerStopped { state }, at);
        }
    }

    /// Takes the next running job that is to be told to end.
    pub fn next_stop(&mut self) -> Option<Held> {
        let id = self.stops.pop_first()?;
        let process = self.away.get(&id)?.process.clone()?;
        Some(Held { id, process })
    }

    /// Puts back a job that could not be told.
    pub fn stop_later(&mut self, id: JobId) {
        self.stops.insert(id);
    }

    /// Takes what is to be told of jobs that did not end well.
    pub fn misfortunes(&mut self) -> Vec<Misfortune> {
        std::mem::take(&mut self.misfortunes)
    }

    /// Takes what discovery found in place of the targets known so far. Jobs
    /// that wait at one that is gone get another, or fail.
    pub fn refresh(&mut self, targets: Vec<ExecutionTarget>, at: Moment) {
        self.broker.refresh(targets);
        self.resize_lines();
        let targets = self.broker.targets().iter();
        let names: BTreeSet<_> = targets.map(|target| target.name.clone()).collect();
        let stranded = |record: &&JobRecord| {
            let gone = record.target().is_none_or(|target| !names.contains(target));
            gone && !self.away.contains_key(&record.id())
        };
        let live = self.jobs.list(StateFilter::Live).filter(stranded);
        let stranded: Vec<_> = live.map(JobRecord::id).collect();
        for id in stranded {
            self.move_on(id, at);
        }
    }

    /// Returns a job.
    ///
    /// # Errors
    ///
    /// Fails if there is no such job.
    pub fn get(&self, id: JobId) -> Result<&JobRecord, JobError> {
        self.jobs.get(id)
    }

    /// Returns the newest jobs that `state` accepts, newest first.
    pub fn list(&self, state: StateFilter, limit: usize) -> impl Iterator<Item = &JobRecord> {
        self.jobs.list(state).rev().take(limit)
    }

    /// Returns how many jobs there are, those that have ended included.
    pub fn total(&self) -> usize {
        self.jobs.len()
    }

    /// Has a job ended for this reason, wherever it is.
    fn stop(&mut self, id: JobId, why: JobError, at: Moment) {
        if let Some(away) = self.away.get_mut(&id) {
            // The first reason counts.
            away.stopped.get_or_insert(why);
            if away.process.is_some() {
                self.stops.insert(id);
            }
            return;
        }
        let Ok(record) = self.jobs.get(id) else {
            return;
        };
        let wanted = wanted(id, record.description());
        if let Some(target) = record.target().cloned()
            && self.lines.leave(&target, wanted)
        {
            self.end(id, &target, Ending::failed(why), at);
        }
    }

    fn end(&mut self, id: JobId, target: &TargetName, ending: Ending, at: Moment) {
        if let Ok(record) = self.jobs.get(id) {
            self.broker.ended(target, record.description());
        }
        self.conclude(id, ending, at);
    }

    /// Notes the verdict on a job, and keeps a bad one to be told.
    fn conclude(&mut self, id: JobId, ending: Ending, at: Moment) {
        let error = ending.failure.clone();
        let ended = self.jobs.end(id, ending, at);
        if ended.is_ok() {
            let misfortune = error.map(|error| Misfortune { id, error });
            self.misfortunes.extend(misfortune);
        }
        note(id, ended);
    }

    /// Finds another target for a job whose own is gone.
    fn move_on(&mut self, id: JobId, at: Moment) {
        let Ok(record) = self.jobs.get(id) else {
            return;
        };
        let job = record.description().clone();
        if let Some(old) = record.target().cloned() {
            self.lines.leave(&old, wanted(id, &job));
        }
        let mut selection = self.broker.select(&job);
        let Some(target) = selection.next() else {
            let summary = selection.into_summary();
            let ending = Ending::failed(JobError::NoTarget { summary });
            return self.conclude(id, ending, at);
        };
        self.broker.accepted(&target, &job);
        if let Err(error) = self.line_up(&target, wanted(id, &job), at) {
            tracing::error!(target: "seda", job = %id, "{error}");
        }
    }

    fn resize_lines(&mut self) {
        for target in self.broker.targets() {
            let slots = target.counters.total_slots.unwrap_or(u32::MAX);
            self.lines.resize(&target.name, slots);
        }
    }
}

fn wanted(id: JobId, job: &JobDescription) -> Wanted {
    Wanted {
        id,
        slots: job.slots(),
        priority: job.application.priority,
    }
}

/// Says that the life of a job has no such step: a defect, and no reason to
/// lose the other jobs.
fn note(id: JobId, step: Result<&JobRecord, JobError>) {
    if let Err(error) = step {
        tracing::error!(target: "seda", job = %id, "{error}");
    }
}

#[cfg(test)]
mod tests;
