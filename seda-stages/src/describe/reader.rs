//! The stage that reads job descriptions.

use seda_core::{Batch, BoxError, Handler, Sink};
use seda_io::http::Reply;

use super::json;
use crate::api::refusal::Refusal;
use crate::dispatch::event::JobEvent;
use crate::errors::kind::JobError;

/// A job description as it came.
#[derive(Debug)]
pub struct Submission {
    /// Its text.
    pub document: Vec<u8>,
    /// Who sent it.
    pub reply: Reply,
}

/// Reads descriptions and hands the jobs on. What is wrong with one is told
/// to its sender, all at once.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Where jobs go.
    pub jobs: Sink<JobEvent>,
}

impl Handler for Reader {
    type Event = Submission;

    fn handle(&mut self, batch: &mut Batch<Submission>) -> Result<(), BoxError> {
        for Submission { document, reply } in batch {
            let job = match json::parse(&document) {
                Ok(job) => Box::new(job),
                Err(faults) => {
                    reply.respond(Refusal::from(&JobError::from(faults)).into());
                    continue;
                }
            };
            if let Err(rejected) = self.jobs.enqueue(JobEvent::Submit(job, reply)) {
                let refusal = Refusal::from(&rejected);
                if let Some(reply) = rejected.event.into_reply() {
                    reply.respond(refusal.into());
                }
            }
        }
        Ok(())
    }
}
