//! The errors of the job pipeline: what went wrong, where, and what to do.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::broker::rejection::Summary;
use crate::describe::fault::Faults;
use crate::job::exit::Exit;
use crate::job::id::JobId;
use crate::job::moment::Moment;
use crate::job::state::{IllegalTransition, JobState};

/// Why a job was refused, or why it did not end well.
///
/// Serialized it is one object: `code`, `message`, `http_status`, and the
/// details of the variant under their own names.
///
/// # Examples
///
/// ```
/// use seda_stages::errors::kind::JobError;
///
/// let error = JobError::ExitNonZero { code: 3, success_exit_code: 0 };
/// assert_eq!(error.code(), "exit_non_zero");
/// let json = serde_json::to_value(&error).unwrap();
/// assert_eq!(json["exit_code"], 3);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(remote = "Self", tag = "code", rename_all = "snake_case")]
pub enum JobError {
    /// The description cannot be read.
    InvalidDescription(Faults),
    /// No target can take the job.
    NoTarget {
        /// How many targets were looked at, and why they were rejected.
        summary: Summary,
    },
    /// The table of jobs is full of jobs that have not ended.
    TableFull {
        /// How many jobs the table holds.
        capacity: usize,
    },
    /// There is no such job, or no longer.
    UnknownJob {
        /// The id that was asked for.
        id: JobId,
    },
    /// The job's directory could not be made ready.
    DirectoryFailed {
        /// What was tried, on which path, and what came of it.
        reason: String,
    },
    /// The program could not be started.
    SpawnFailed {
        /// The program as described.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// The program ended with a code that does not mean success.
    ExitNonZero {
        /// The code.
        #[serde(rename = "exit_code")]
        code: u8,
        /// The code that would have meant success.
        success_exit_code: u8,
    },
    /// A signal ended the program, and this server did not send it.
    KilledBySignal {
        /// The number of the signal.
        signal: u8,
    },
    /// The job took longer than it may and was ended.
    TimedOut {
        /// The wall time that it had, in seconds.
        limit_seconds: u64,
    },
    /// Someone asked for the job to be ended.
    Cancelled {
        /// The state in which the job was when it was asked for.
        state: JobState,
    },
    /// The server was told to stop, and its patience with the job was over.
    ServerStopped {
        /// The state in which the job was then.
        state: JobState,
    },
    /// A stage of the server failed on the job.
    StageFailed {
        /// The stage.
        stage: String,
        /// What it failed with.
        reason: String,
    },
    /// Proof is at hand that nobody runs the job any more, and nobody knows
    /// how it ended. Silence is no proof.
    Lost {
        /// The last known state.
        state: JobState,
        /// When that was known.
        seen_at: Moment,
    },
    /// A stage asked for a step that the life of a job does not have.
    IllegalTransition(IllegalTransition),
}

impl JobError {
    /// Returns the name that programs compare with; it never changes.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidDescription(_) => "invalid_description",
            Self::NoTarget { .. } => "no_target",
            Self::TableFull { .. } => "table_full",
            Self::UnknownJob { .. } => "unknown_job",
            Self::DirectoryFailed { .. } => "directory_failed",
            Self::SpawnFailed { .. } => "spawn_failed",
            Self::ExitNonZero { .. } => "exit_non_zero",
            Self::KilledBySignal { .. } => "killed_by_signal",
            Self::TimedOut { .. } => "timed_out",
            Self::Cancelled { .. } => "cancelled",
            Self::ServerStopped { .. } => "server_stopped",
            Self::StageFailed { .. } => "stage_failed",
            Self::Lost { .. } => "lost",
            Self::IllegalTransition(_) => "illegal_transition",
        }
    }

    /// Returns the HTTP status of an answer that holds nothing but this
    /// error.
    ///
    /// How a job ended is news, not a failed request, and goes with 200.
    pub const fn http_status(&self) -> u16 {
        match self {
            Self::ExitNonZero { .. }
            | Self::KilledBySignal { .. }
            | Self::TimedOut { .. }
            | Self::Cancelled { .. }
            | Self::ServerStopped { .. } => 200,
            Self::InvalidDescription(_) => 400,
            Self::UnknownJob { .. } => 404,
            Self::NoTarget { .. } | Self::SpawnFailed { .. } => 422,
            Self::DirectoryFailed { .. }
            | Self::StageFailed { .. }
            | Self::Lost { .. }
            | Self::IllegalTransition(_) => 500,
            Self::TableFull { .. } => 503,
        }
    }

    /// Returns the state in which a job ends that met this error.
    pub const fn final_state(&self) -> JobState {
        match self {
            Self::Cancelled { .. } | Self::ServerStopped { .. } => JobState::Killed,
            _ => JobState::Failed,
        }
    }
}

impl JobError {
    /// Returns what to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::InvalidDescription(_) => "correct the description and submit it again",
            Self::NoTarget { .. } => "ask for less, or add a target",
            Self::TableFull { .. } => "submit it again when some have",
            Self::UnknownJob { .. } => "list the jobs, it may have made room for newer ones",
            Self::DirectoryFailed { .. } => "check space and rights of the server's job directory",
            Self::SpawnFailed { .. } => "check that the program is there and may be executed",
            Self::ExitNonZero { .. } => "read the job's standard error",
            Self::KilledBySignal { .. } => {
                "read the job's standard error, and look for lack of memory if it is SIGKILL"
            }
            Self::TimedOut { .. } => "submit it with a larger `wall_time`",
            Self::Cancelled { .. } => "submit it again if that was a mistake",
            Self::ServerStopped { .. } => "submit it again when the server is back",
            Self::StageFailed { .. } => {
                "submit it again if it may run twice, and report this defect of the server"
            }
            Self::Lost { .. } => "submit it again if it may run twice",
            Self::IllegalTransition(_) => "this is a defect of the server, please report it",
        }
    }

    /// Writes what went wrong and where.
    fn write_event(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidDescription(faults) => {
                write!(f, "the job description is invalid:\n{faults}\n")
            }
            Self::NoTarget { summary } => write!(f, "no target can take the job: {summary}"),
            Self::TableFull { capacity } => {
                write!(
                    f,
                    "the job table is full of {capacity} jobs that have not ended"
                )
            }
            Self::UnknownJob { id } => write!(f, "there is no `{id}`"),
            Self::DirectoryFailed { reason } => {
                write!(f, "the job's directory could not be made ready: {reason}")
            }
            Self::SpawnFailed { program, reason } => {
                write!(f, "`{program}` could not be started: {reason}")
            }
            Self::ExitNonZero {
                code,
                success_exit_code,
            } => {
                write!(
                    f,
                    "the program ended with {} instead of {success_exit_code}",
                    Exit::Code(*code)
                )
            }
            Self::KilledBySignal { signal } => write!(
                f,
                "the program was ended by {}, which this server did not send",
                Exit::Signal(*signal)
            ),
            Self::TimedOut { limit_seconds } => {
                write!(
                    f,
                    "the job was ended when its {limit_seconds} s of wall time were over"
                )
            }
            Self::Cancelled { state } => write!(f, "the job was cancelled while {state}"),
            Self::ServerStopped { state } => {
                write!(f, "the server stopped while the job was {state}")
            }
            Self::StageFailed { stage, reason } => {
                write!(
                    f,
                    "stage `{stage}` of the server failed on the job: {reason}"
                )
            }
            Self::Lost { state, seen_at } => {
                write!(
                    f,
                    "the job, last seen {state} at {seen_at}, is run by nobody any more"
                )
            }
            Self::IllegalTransition(refused) => write!(f, "{refused}"),
        }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_event(f)?;
        let separator = if matches!(self, Self::InvalidDescription(_)) {
            ""
        } else {
            "; "
        };
        write!(f, "{separator}{}", self.advice())
    }
}

impl std::error::Error for JobError {}

impl From<Faults> for JobError {
    fn from(faults: Faults) -> Self {
        Self::InvalidDescription(faults)
    }
}

impl From<IllegalTransition> for JobError {
    fn from(refused: IllegalTransition) -> Self {
        Self::IllegalTransition(refused)
    }
}

/// What a job error is to those who read JSON.
#[derive(Serialize)]
struct Wire<'e> {
    message: String,
    http_status: u16,
    /// `remote = "Self"` makes the derived form a function beside the trait.
    #[serde(flatten, with = "JobError")]
    error: &'e JobError,
}

impl Serialize for JobError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire = Wire {
            message: self.to_string(),
            http_status: self.http_status(),
            error: self,
        };
        wire.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::describe::json;

    fn all() -> Vec<JobError> {
        let summary = Summary {
            considered: 2,
            ..Summary::default()
        };
        let running = JobState::Running;
        vec![
            json::parse(b"{}").unwrap_err().into(),
            JobError::NoTarget { summary },
            JobError::TableFull { capacity: 5 },
            JobError::UnknownJob { id: JobId::FIRST },
            JobError::DirectoryFailed {
                reason: "disk full".into(),
            },
            JobError::SpawnFailed {
                program: "sort".into(),
                reason: "no such file".into(),
            },
            JobError::ExitNonZero {
                code: 3,
                success_exit_code: 0,
            },
            JobError::KilledBySignal { signal: 11 },
            JobError::TimedOut { limit_seconds: 60 },
            JobError::Cancelled { state: running },
            JobError::Lost {
                state: running,
                seen_at: Moment::from_unix_millis(0),
            },
            JobError::ServerStopped { state: running },
            JobError::StageFailed {
                stage: "collect".into(),
                reason: "disk full".into(),
            },
            JobState::Finished.advance(running).unwrap_err().into(),
        ]
    }

    #[test]
    fn json_and_methods_say_the_same() {
        let errors = all();
        let codes: BTreeSet<_> = errors.iter().map(JobError::code).collect();
        assert_eq!(codes.len(), errors.len());
        for error in errors {
            let json = serde_json::to_value(&error).unwrap();
            assert_eq!(json["code"], error.code());
            assert_eq!(json["message"], error.to_string());
            assert_eq!(json["http_status"], error.http_status());
        }
    }

    #[test]
    fn details_keep_their_names() {
        let json = |error: &JobError| serde_json::to_value(error).unwrap();
        let errors = all();
        assert_eq!(json(&errors[0])["faults"][0]["path"], "$");
        assert_eq!(json(&errors[1])["summary"]["considered"], 2);
        assert_eq!(json(&errors[6])["exit_code"], 3);
        assert_eq!(json(&errors[10])["seen_at"], "1970-01-01T00:00:00.000Z");
        assert_eq!(json(&errors[13])["from"], "FINISHED");
    }

    #[test]
    fn messages_say_what_where_and_what_next() {
        let errors = all();
        assert_eq!(
            errors[0].to_string(),
            "the job description is invalid:\n\
             line 1, column 1, $: the field `executable` is missing: name the program to run\n\
             correct the description and submit it again"
        );
        assert_eq!(
            errors[7].to_string(),
            "the program was ended by signal 11 (SIGSEGV), which this server did not send; read \
             the job's standard error, and look for lack of memory if it is SIGKILL"
        );
        for error in errors {
            let message = error.to_string();
            assert!(message.ends_with(error.advice()), "{message}");
            assert!(!message.ends_with('.') && !message.starts_with(char::is_uppercase));
        }
    }
}
