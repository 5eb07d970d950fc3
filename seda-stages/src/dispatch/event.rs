//! What the dispatch stage is told, and what it tells others.

use std::sync::Arc;

use seda_core::{Meta, TraceId};
use seda_io::http::Reply;
use seda_io::process::Watched;

use crate::api::route::{Question, Stream};
use crate::job::description::JobDescription;
use crate::job::id::JobId;
use crate::job::record::Ending;
use crate::target::{ExecutionTarget, TargetName};

/// What the dispatch stage is told.
#[derive(Debug)]
pub enum JobEvent {
    /// Someone wants a job run.
    Submit(Box<JobDescription>, Reply),
    /// Someone asks about jobs.
    Ask(Question, Reply),
    /// Discovery knows the targets anew.
    Targets(Vec<ExecutionTarget>),
    /// A job's process runs.
    Started(Held),
    /// A job has run for as long as it may.
    Overdue(JobId),
    /// A job has come to its end.
    Ended(JobId, Ending),
    /// The server stops, and waits for jobs no longer.
    Close,
}

impl JobEvent {
    /// Returns the duty to answer to whoever waits for an answer to this.
    pub fn into_reply(self) -> Option<Reply> {
        match self {
            Self::Submit(_, reply) | Self::Ask(_, reply) => Some(reply),
            _ => None,
        }
    }
}

/// A job to be started at a target.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Whose.
    pub id: JobId,
    /// Where.
    pub target: TargetName,
    /// What is to be done.
    pub description: Arc<JobDescription>,
}

/// A running job and the hold on its process.
#[derive(Clone, Debug)]
pub struct Held {
    /// Whose.
    pub id: JobId,
    /// Its process.
    pub process: Watched,
}

/// Something that a job wrote, to be read for someone.
#[derive(Debug)]
pub struct Reading {
    /// Whose.
    pub id: JobId,
    /// Which of its streams.
    pub stream: Stream,
    /// What the job itself calls the file.
    pub file: Option<String>,
    /// Who wants it.
    pub reply: Reply,
}

/// Returns what travels with all events of a job: its way is recorded, and a
/// failure on it can be told to be this job's.
pub fn meta(id: JobId) -> Meta {
    TraceId::new(id.number()).map_or(Meta::NONE, |trace| Meta::NONE.with_trace(trace))
}

/// Returns the job whose event this was the meta of.
pub fn job_of(meta: &Meta) -> Option<JobId> {
    let number = std::num::NonZeroU64::new(meta.trace()?.get())?;
    Some(JobId::new(number))
}
