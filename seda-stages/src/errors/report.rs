//! The stages that tell how jobs ended and what was lost on the way.

use seda_core::{Batch, BoxError, Failure, Handler, Sink};

use super::kind::JobError;
use crate::dispatch::event::{JobEvent, job_of};
use crate::job::id::JobId;
use crate::job::record::Ending;

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whose end it is.
    pub id: JobId,
    /// How it ended.
    pub ending: Ending,
}

/// Writes down how jobs ended badly, and passes their ends on.
#[derive(Clone, Debug)]
pub struct Report {
    /// Who keeps the record.
    pub jobs: Sink<JobEvent>,
}

impl Handler for Report {
    type Event = Outcome;

    fn handle(&mut self, batch: &mut Batch<Outcome>) -> Result<(), BoxError> {
        while let Some(outcome) = batch.next() {
            let Ok(mut room) = self.jobs.reserve(1) else {
                batch.defer(outcome);
                break;
            };
            let Outcome { id, ending } = outcome;
            if let Some(failure) = &ending.failure {
                tracing::info!(target: "seda", job = %id, code = failure.code(), "{failure}");
            }
            room.fill(JobEvent::Ended(id, ending));
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
    /// Where the end of a lost job goes.
    pub report: Sink<Outcome>,
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
            let Ok(mut room) = self.report.with(failure.meta).reserve(1) else {
                batch.defer(failure);
                break;
            };
            tracing::error!(target: "seda", job = %id, "{failure}");
            let ending = Ending::failed(JobError::StageFailed {
                stage: failure.stage.to_string(),
                reason: failure.cause.to_string(),
            });
            room.fill(Outcome { id, ending });
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
        let (report, reported) = probe(1);
        let harmless = &["cancel"];
        let mut failures = Failures { harmless, report };
        let of_job = meta(JobId::FIRST);
        let mut lost = batch([
            failure("describe", Meta::NONE),
            failure("cancel", of_job),
            failure("collect", of_job),
            failure("collect", of_job),
        ]);
        failures.handle(&mut lost).unwrap();
        let outcomes = reported.take();
        assert_eq!(outcomes[0].id, JobId::FIRST);
        let error = outcomes[0].ending.failure.as_ref().unwrap();
        assert_eq!(error.code(), "stage_failed");
        assert!(error.to_string().contains("`collect`"), "{error}");
        assert_eq!((outcomes.len(), left_in(lost).len()), (1, 1), "the second waits for room");
    }

    #[test]
    fn ends_are_passed_on_or_deferred() {
        let (jobs, told) = probe(1);
        let outcome = Outcome {
            id: JobId::FIRST,
            ending: Ending::failed(JobError::TimedOut { limit_seconds: 1 }),
        };
        let mut outcomes = batch([outcome.clone(), outcome.clone()]);
        Report { jobs }.handle(&mut outcomes).unwrap();
        assert_eq!(left_in(outcomes), [outcome]);
        assert!(matches!(told.take().as_slice(), [JobEvent::Ended(JobId::FIRST, _)]));
    }
}
