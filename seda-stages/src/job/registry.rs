//! The table of all jobs that a server knows, bounded and in memory.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::num::NonZeroUsize;

use super::description::JobDescription;
use super::filter::StateFilter;
use super::id::JobId;
use super::moment::Moment;
use super::record::{Ending, JobRecord};
use super::state::JobState;
use crate::errors::kind::JobError;
use crate::target::TargetName;

/// A table of job records with room for a fixed number.
///
/// When it is full, a new job takes the place of the one that ended first;
/// if none has ended, it is refused. It is plain data: who shares it between
/// threads puts it behind a lock.
///
/// # Examples
///
/// ```
/// use std::num::NonZeroUsize;
/// use seda_stages::job::description::JobDescription;
/// use seda_stages::job::{moment::Moment, registry::JobRegistry, state::JobState};
///
/// let at = Moment::from_unix_millis(0);
/// let mut jobs = JobRegistry::with_capacity(NonZeroUsize::MIN);
/// let admitted = jobs.admit(JobDescription::default(), at)?;
/// assert!(jobs.admit(JobDescription::default(), at).is_err());
/// jobs.advance(admitted.id, JobState::Running, "started", at)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct JobRegistry {
    capacity: NonZeroUsize,
    next: JobId,
    records: BTreeMap<JobId, JobRecord>,
    /// Jobs that have ended, in the order in which they did; each of them is
    /// in `records`.
    ended: VecDeque<JobId>,
}

/// A job that has a place in the table now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Its id.
    pub id: JobId,
    /// The ended job that made room and is forgotten now; its directory may
    /// go too.
    pub evicted: Option<JobId>,
}

/// A job that found no room, given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFull {
    /// The job.
    pub description: Box<JobDescription>,
    /// How many jobs the table holds, all of them not ended.
    pub capacity: usize,
}

impl fmt::Display for TableFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        JobError::TableFull {
            capacity: self.capacity,
        }
        .fmt(f)
    }
}

impl std::error::Error for TableFull {}

impl From<TableFull> for JobError {
    fn from(full: TableFull) -> Self {
        Self::TableFull {
            capacity: full.capacity,
        }
    }
}

/// What became of a request to end a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelAnswer {
    /// It is noted; the job is in this state until whoever has it in hand
    /// ends it.
    Asked(JobState),
    /// It had been asked for before; the job is still in this state.
    AlreadyAsked(JobState),
    /// The job has ended already, in this state.
    AlreadyEnded(JobState),
}

impl JobRegistry {
    /// Makes an empty table with room for `capacity` jobs.
    pub fn with_capacity(capacity: NonZeroUsize) -> Self {
        Self {
            capacity,
            next: JobId::FIRST,
            records: BTreeMap::new(),
            ended: VecDeque::new(),
        }
    }

    /// Gives the next job this id, or the id that it would get anyway if
    /// that is larger. Ids of an earlier server stay unused this way.
    #[must_use]
    pub fn starting_at(mut self, id: JobId) -> Self {
        self.next = self.next.max(id);
        self
    }

    /// Takes a job in.
    ///
    /// # Errors
    ///
    /// Gives the description back if the table is full of jobs that have not
    /// ended.
    pub fn admit(
        &mut self,
        description: JobDescription,
        at: Moment,
    ) -> Result<Admitted, TableFull> {
        let mut evicted = None;
        if self.records.len() >= self.capacity.get() {
            evicted = self.ended.pop_front();
            let Some(oldest) = evicted else {
                let description = Box::new(description);
                return Err(TableFull {
                    description,
                    capacity: self.capacity.get(),
                });
            };
            self.records.remove(&oldest);
        }
        let id = self.next;
        self.next = id.next();
        self.records.insert(id, JobRecord::new(id, description, at));
        Ok(Admitted { id, evicted })
    }

    /// Takes a job to its next state.
    ///
    /// # Errors
    ///
    /// Fails, and changes nothing, if there is no such job or its life has
    /// no such step.
    pub fn advance(
        &mut self,
        id: JobId,
        to: JobState,
        reason: impl Into<String>,
        at: Moment,
    ) -> Result<&JobRecord, JobError> {
        self.change(id, |record| {
            record.advance(to, reason, at).map_err(JobError::from)
        })
    }

    /// Takes a job to its end.
    ///
    /// # Errors
    ///
    /// Fails, and changes nothing, if there is no such job or it has ended
    /// before.
    pub fn end(&mut self, id: JobId, ending: Ending, at: Moment) -> Result<&JobRecord, JobError> {
        self.change(id, |record| record.end(ending, at).map_err(JobError::from))
    }

    /// Notes where a job is to run.
    ///
    /// # Errors
    ///
    /// Fails if there is no such job.
    pub fn choose_target(&mut self, id: JobId, target: TargetName) -> Result<&JobRecord, JobError> {
        self.change(id, |record| {
            record.choose_target(target);
            Ok(())
        })
    }

    /// Notes that someone wants a job ended: asked is not stopped.
    ///
    /// Whoever has the job in hand looks at
    /// [`JobRecord::cancel_requested_at`] and ends it.
    ///
    /// # Errors
    ///
    /// Fails if there is no such job.
    pub fn request_cancel(&mut self, id: JobId, at: Moment) -> Result<CancelAnswer, JobError> {
        let record = self
            .records
            .get_mut(&id)
            .ok_or(JobError::UnknownJob { id })?;
        let state = record.state();
        if state.is_ended() {
            return Ok(CancelAnswer::AlreadyEnded(state));
        }
        if record.cancel_requested_at().is_some() {
            return Ok(CancelAnswer::AlreadyAsked(state));
        }
        record.request_cancel(at);
        Ok(CancelAnswer::Asked(state))
    }

    /// Returns a job's record.
    ///
    /// # Errors
    ///
    /// Fails if there is no such job.
    pub fn get(&self, id: JobId) -> Result<&JobRecord, JobError> {
        self.records.get(&id).ok_or(JobError::UnknownJob { id })
    }

    /// Returns the jobs that `filter` accepts, in the order of admission;
    /// from its end, the newest first.
    pub fn list(&self, filter: StateFilter) -> impl DoubleEndedIterator<Item = &JobRecord> {
        self.records
            .values()
            .filter(move |record| filter.accepts(record.state()))
    }

    /// Returns how many jobs there are, those that have ended included.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Tells whether there is no job.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns how many jobs have not ended.
    pub fn live(&self) -> usize {
        self.records.len() - self.ended.len()
    }

    /// Changes a record, and notes if that was its end.
    fn change(
        &mut self,
        id: JobId,
        change: impl FnOnce(&mut JobRecord) -> Result<(), JobError>,
    ) -> Result<&JobRecord, JobError> {
        let record = self
            .records
            .get_mut(&id)
            .ok_or(JobError::UnknownJob { id })?;
        let was_ended = record.state().is_ended();
        change(record)?;
        if record.state().is_ended() && !was_ended {
            self.ended.push_back(id);
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::job::exit::Exit;

    fn at(millis: u64) -> Moment {
        Moment::from_unix_millis(millis)
    }

    fn table(capacity: usize) -> JobRegistry {
        JobRegistry::with_capacity(NonZeroUsize::new(capacity).unwrap())
    }

    fn admit(jobs: &mut JobRegistry) -> Admitted {
        jobs.admit(JobDescription::default(), at(0)).unwrap()
    }

    fn finish(jobs: &mut JobRegistry, id: JobId) {
        jobs.end(
            id,
            Ending {
                exit: Some(Exit::Code(0)),
                failure: None,
            },
            at(1),
        )
        .unwrap();
    }

    #[test]
    fn the_job_that_ended_first_makes_room() {
        let mut jobs = table(3);
        let ids: Vec<_> = (0..3).map(|_| admit(&mut jobs).id).collect();
        finish(&mut jobs, ids[1]);
        finish(&mut jobs, ids[0]);
        assert_eq!((jobs.len(), jobs.live()), (3, 1));
        assert_eq!(admit(&mut jobs).evicted, Some(ids[1]));
        assert_eq!(admit(&mut jobs).evicted, Some(ids[0]));
        assert_eq!(jobs.get(ids[0]), Err(JobError::UnknownJob { id: ids[0] }));

        let mut description = JobDescription::default();
        description.identification.job_name = Some("mine".into());
        let full = jobs.admit(description.clone(), at(0)).unwrap_err();
        assert_eq!(*full.description, description, "given back as it was");
        assert_eq!(JobError::from(full).http_status(), 503);
        assert_eq!(jobs.len(), 3);
    }

    #[test]
    fn ids_grow_and_are_never_used_again() {
        let mut jobs = table(1).starting_at("41".parse().unwrap());
        let first = admit(&mut jobs).id;
        finish(&mut jobs, first);
        let second = admit(&mut jobs).id;
        assert_eq!((first.number(), second.number()), (41, 42));
        let later = jobs
            .starting_at(JobId::FIRST)
            .admit(JobDescription::default(), at(0));
        assert!(later.is_err(), "the second has not ended");
    }

    proptest! {
        /// Whatever is done to the table, its own books stay true.
        #[test]
        fn the_books_stay_true(
            capacity in 1..5_usize,
            verbs in prop::collection::vec((0..3_u8, 1..12_u64, 0..13_usize), 0..60)
        ) {
            let mut jobs = table(capacity);
            let mut newest = 0;
            for (verb, number, state) in verbs {
                let id: JobId = number.to_string().parse().unwrap();
                let live = jobs.list(StateFilter::Live).count();
                match verb {
                    0 => match jobs.admit(JobDescription::default(), at(0)) {
                        Ok(admitted) => {
                            prop_assert!(admitted.id.number() > newest);
                            newest = admitted.id.number();
                        }
                        Err(full) => prop_assert_eq!(full.capacity, live),
                    },
                    1 => drop(jobs.advance(id, JobState::ALL[state], "", at(0))),
                    _ => drop(jobs.request_cancel(id, at(0))),
                }
                prop_assert!(jobs.len() <= capacity);
                prop_assert_eq!(jobs.live(), jobs.list(StateFilter::Live).count());
                let ends: Vec<_> = jobs.ended.iter().map(|id| jobs.get(*id).map(JobRecord::state)).collect();
                prop_assert!(ends.iter().all(|s| s.as_ref().is_ok_and(|s| s.is_ended())), "{:?}", ends);
            }
        }
    }
}
