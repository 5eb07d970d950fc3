//! All that a server knows of one job.

use std::collections::VecDeque;

use serde::Serialize;

use super::description::JobDescription;
use super::exit::Exit;
use super::id::JobId;
use super::moment::Moment;
use super::state::{IllegalTransition, JobState};
use crate::errors::kind::JobError;
use crate::target::TargetName;

/// One step in the life of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When the job came into the state.
    pub at: Moment,
    /// The state.
    pub state: JobState,
    /// Why, in words.
    pub reason: String,
}

/// How a job came to its end: how its process did, if it had one, and what
/// went wrong, if anything did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The end of the process; `None` if none was started or seen to end.
    pub exit: Option<Exit>,
    /// What went wrong; `None` if the job ended well.
    pub failure: Option<JobError>,
}

impl Ending {
    /// Judges the end of a process that was left alone: only the code that
    /// means success is one.
    pub fn judged(exit: Exit, job: &JobDescription) -> Self {
        let success_exit_code = job.application.executable.success_exit_code.unwrap_or(0);
        let failure = match exit {
            Exit::Code(code) if code == success_exit_code => None,
            Exit::Code(code) => Some(JobError::ExitNonZero {
                code,
                success_exit_code,
            }),
            Exit::Signal(signal) => Some(JobError::KilledBySignal { signal }),
        };
        Self {
            exit: Some(exit),
            failure,
        }
    }

    /// Makes the end of a job that failed before its process was seen to
    /// end.
    pub const fn failed(failure: JobError) -> Self {
        Self {
            exit: None,
            failure: Some(failure),
        }
    }
}

/// A job and its life so far.
///
/// # Examples
///
/// ```
/// use seda_stages::describe::json;
/// use seda_stages::job::exit::Exit;
/// use seda_stages::job::{id::JobId, moment::Moment, state::JobState};
/// use seda_stages::job::record::{Ending, JobRecord};
///
/// let job = json::parse(br#"{"executable": "false"}"#)?;
/// let at = Moment::from_unix_millis(0);
/// let ending = Ending::judged(Exit::Code(1), &job);
/// let mut record = JobRecord::new(JobId::FIRST, job, at);
/// record.end(ending, at)?;
/// assert_eq!(record.state(), JobState::Failed);
/// assert_eq!(record.failure().unwrap().code(), "exit_non_zero");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobRecord {
    id: JobId,
    state: JobState,
    description: JobDescription,
    /// Never empty; the last step's state is the job's.
    history: VecDeque<Step>,
    history_omitted: usize,
    target: Option<TargetName>,
    cancel_requested_at: Option<Moment>,
    exit: Option<Exit>,
    failure: Option<JobError>,
}

impl JobRecord {
    /// Steps of a history that are kept: the first, and the latest of the
    /// others. Only a job that is requeued again and again has more.
    pub const HISTORY_STEPS_MAX: usize = 64;

    /// Makes the record of a job that is accepted now.
    pub fn new(id: JobId, description: JobDescription, at: Moment) -> Self {
        let state = JobState::Accepted;
        let first = Step {
            at,
            state,
            reason: "submitted".to_owned(),
        };
        Self {
            id,
            state,
            description,
            history: VecDeque::from([first]),
            history_omitted: 0,
            target: None,
            cancel_requested_at: None,
            exit: None,
            failure: None,
        }
    }

    /// Returns the id.
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// Returns the state.
    pub const fn state(&self) -> JobState {
        self.state
    }

    /// Returns what the job is asked to do.
    pub const fn description(&self) -> &JobDescription {
        &self.description
    }

    /// Returns the steps, oldest first.
    pub fn history(&self) -> impl ExactSizeIterator<Item = &Step> {
        self.history.iter()
    }

    /// Returns how many steps after the first are no longer kept.
    pub const fn history_omitted(&self) -> usize {
        self.history_omitted
    }

    /// Returns the target chosen last.
    pub const fn target(&self) -> Option<&TargetName> {
        self.target.as_ref()
    }

    /// Returns when someone first asked for the job to be ended.
    pub const fn cancel_requested_at(&self) -> Option<Moment> {
        self.cancel_requested_at
    }

    /// Returns how the process ended.
    pub const fn exit(&self) -> Option<Exit> {
        self.exit
    }

    /// Returns what went wrong.
    pub const fn failure(&self) -> Option<&JobError> {
        self.failure.as_ref()
    }

    /// Takes the job to its next state.
    ///
    /// # Errors
    ///
    /// Fails, and changes nothing, if the life of a job has no such step.
    pub fn advance(
        &mut self,
        to: JobState,
        reason: impl Into<String>,
        at: Moment,
    ) -> Result<(), IllegalTransition> {
        self.state = self.state.advance(to)?;
        if self.history.len() == Self::HISTORY_STEPS_MAX {
            // When the job came in is worth more than a step in the middle.
            self.history.remove(1);
            self.history_omitted += 1;
        }
        self.history.push_back(Step {
            at,
            state: to,
            reason: reason.into(),
        });
        Ok(())
    }

    /// Notes where the job is to run; the last choice counts.
    pub fn choose_target(&mut self, target: TargetName) {
        self.target = Some(target);
    }

    /// Notes that someone asked for the job to be ended. Whoever has the job
    /// in hand ends it; the first request counts.
    pub fn request_cancel(&mut self, at: Moment) {
        self.cancel_requested_at.get_or_insert(at);
    }

    /// Takes the job to its end, in the state that goes with how it ended.
    ///
    /// # Errors
    ///
    /// Fails, and changes nothing, if the job has ended before.
    pub fn end(&mut self, ending: Ending, at: Moment) -> Result<(), IllegalTransition> {
        let state = ending
            .failure
            .as_ref()
            .map_or(JobState::Finished, JobError::final_state);
        let reason = match (&ending.failure, ending.exit) {
            (Some(failure), _) => failure.to_string(),
            (None, Some(exit)) => exit.to_string(),
            (None, None) => "finished".to_owned(),
        };
        self.advance(state, reason, at)?;
        self.exit = ending.exit;
        self.failure = ending.failure;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::json;

    fn at(millis: u64) -> Moment {
        Moment::from_unix_millis(millis)
    }

    fn record(description: &str) -> JobRecord {
        let description = json::parse(description.as_bytes()).unwrap();
        JobRecord::new(JobId::FIRST, description, at(0))
    }

    #[test]
    fn exits_are_judged_by_the_code_that_means_success() {
        let ending = |description: &str, exit| {
            let mut record = record(description);
            let ending = Ending::judged(exit, record.description());
            record.end(ending, at(1)).unwrap();
            (record.state(), record.failure().map(JobError::code))
        };
        let plain = r#"{"executable": "a"}"#;
        let odd = r#"{"executable": "a", "success_exit_code": 2}"#;
        let failed = |code| (JobState::Failed, Some(code));
        assert_eq!(ending(plain, Exit::Code(0)), (JobState::Finished, None));
        assert_eq!(ending(plain, Exit::Code(2)), failed("exit_non_zero"));
        assert_eq!(ending(odd, Exit::Code(2)), (JobState::Finished, None));
        assert_eq!(ending(odd, Exit::Code(0)), failed("exit_non_zero"));
        assert_eq!(ending(plain, Exit::Signal(9)), failed("killed_by_signal"));
    }

    #[test]
    fn a_refused_step_changes_nothing() {
        let mut record = record(r#"{"executable": "a"}"#);
        record.advance(JobState::Running, "started", at(1)).unwrap();
        let cancelled = JobError::Cancelled {
            state: JobState::Running,
        };
        let ending = Ending {
            exit: Some(Exit::Signal(15)),
            failure: Some(cancelled),
        };
        record.end(ending, at(2)).unwrap();
        assert_eq!(record.state(), JobState::Killed);
        let before = record.clone();
        assert!(
            record
                .end(
                    Ending {
                        exit: Some(Exit::Code(0)),
                        failure: None
                    },
                    at(3)
                )
                .is_err()
        );
        assert!(record.advance(JobState::Running, "again", at(3)).is_err());
        assert_eq!(record, before);
    }

    #[test]
    fn history_keeps_its_beginning_and_its_end() {
        let mut record = record(r#"{"executable": "a"}"#);
        for round in 0..100 {
            record
                .advance(JobState::Running, "started", at(2 * round))
                .unwrap();
            record
                .advance(JobState::Queuing, "requeued", at(2 * round + 1))
                .unwrap();
        }
        assert_eq!(record.history().len(), JobRecord::HISTORY_STEPS_MAX);
        assert_eq!(record.history_omitted() + record.history().len(), 201);
        assert_eq!(record.history().next().unwrap().state, JobState::Accepted);
        assert_eq!(record.history().last().unwrap().at, at(199));
    }

    #[test]
    fn json_tells_the_whole_life() {
        let mut record = record(r#"{"executable": "a", "arguments": ["b"]}"#);
        record.choose_target(TargetName::new("here"));
        record.request_cancel(at(1));
        record.request_cancel(at(9));
        record
            .end(Ending::judged(Exit::Signal(9), record.description()), at(2))
            .unwrap();
        let json = serde_json::to_value(&record).unwrap();
        let message = record.failure().unwrap().to_string();
        let time = |milli| format!("1970-01-01T00:00:00.00{milli}Z");
        assert_eq!(
            json,
            serde_json::json!({
                "id": "job-1", "state": "FAILED",
                "description": {"executable": "a", "arguments": ["b"]},
                "history": [
                    {"at": time(0), "state": "ACCEPTED", "reason": "submitted"},
                    {"at": time(2), "state": "FAILED", "reason": message},
                ],
                "history_omitted": 0, "target": "here", "cancel_requested_at": time(1),
                "exit": {"signal": 9},
                "failure": {
                    "code": "killed_by_signal", "http_status": 200, "message": message, "signal": 9,
                },
            })
        );
    }
}
