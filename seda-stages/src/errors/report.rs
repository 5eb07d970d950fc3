//! The stages that tell how jobs ended badly and what was lost on the way.

use std::fmt;

use seda_core::{Batch, BoxError, Failure, Handler, Sink};

use super::kind::JobError;
use crate::dispatch::event::{JobEvent, job_of};
use crate::job::id::JobId;
use crate::job::record::Ending;

/// A job that did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfortune {
    /// Whose end it was.
    pub id: JobId,
    /// What went wrong.
    pub error: JobError,
}

impl fmt::Display for Misfortune {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.error)
    }
}

/// Writes down which jobs did not end well, once the verdict is final.
#[derive(Clone, Copy, Debug)]
pub struct Report;

impl Handler for Report {
    type Event = Misfortune;

    fn handle(&mut self, batch: &mut Batch<Misfortune>) -> Result<(), BoxError> {
        for misfortune in batch {
            tracing::info!(target: "seda", code = misfortune.error.code(), "{misfortune}");
        }
        Ok(())
    }
}

/// Writes down what stages failed on. A job that was lost by it ends failed,
/// so that nobody waits for it.
#[derive(Clone, Debug)]
pub struct Failures {
    /// Stages whose failures leave their job as it is.
    pub harmless: &'static [&'static str],
    /// Who keeps the record.
    pub jobs: Sink<JobEvent>,
}

impl Handler for Failures {
    type Event = Failure;

    fn handle(&mut self, batch: &mut Batch<Failure>) -> Result<(), BoxError> {
        while let Some(failure) = batch.next() {
            let lost = job_of(&failure.meta);
            let lost = lost.filter(|_| !self.harmless.contains(&&*failure.stage));
            let Some(id) = lost else {
                tracing::error!(target: "seda", "{failure}");
                continue;
            };
            let Ok(mut room) = self.jobs.with(failure.meta).reserve(1) else {
                batch.defer(failure);
                break;
            };
            tracing::error!(target: "seda", job = %id, "{failure}");
            let ending = Ending::failed(JobError::StageFailed {
                stage: failure.stage.to_string(),
                reason: failure.cause.to_string(),
            });
            room.fill(JobEvent::Ended(id, ending));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use seda_core::testing::{batch, left_in, probe};
    use seda_core::{Cause, Meta, Tick};

    use super::*;
    use crate::dispatch::event::meta;

    fn failure(stage: &str, meta: Meta) -> Failure {
        Failure {
            stage: stage.into(),
            meta,
            cause: Cause::Panic("on purpose".into()),
            at: Tick::ZERO,
        }
    }

    #[test]
    fn a_job_that_a_stage_lost_ends_failed() {
        let (jobs, told) = probe(1);
        let harmless = &["cancel"];
        let mut failures = Failures { harmless, jobs };
        let of_job = meta(JobId::FIRST);
        let mut lost = batch([
            failure("describe", Meta::NONE),
            failure("cancel", of_job),
            failure("collect", of_job),
            failure("collect", of_job),
        ]);
        failures.handle(&mut lost).unwrap();
        let events = told.take();
        let [JobEvent::Ended(JobId::FIRST, ending)] = events.as_slice() else {
            panic!("{events:?}");
        };
        let error = ending.failure.as_ref().unwrap();
        assert_eq!(error.code(), "stage_failed");
        assert!(error.to_string().contains("`collect`"), "{error}");
        assert_eq!(left_in(lost).len(), 1, "the second waits for room");
    }
}
