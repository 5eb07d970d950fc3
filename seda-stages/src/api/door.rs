//! The stage that every request comes to first.

use seda_core::{Batch, BoxError, Handler, Rejected, Sink};
use seda_io::http::{Exchange, Reply, Request};

use super::refusal::Refusal;
use super::route::{self, Route};
use crate::describe::reader::Submission;
use crate::dispatch::event::JobEvent;
use crate::observe::Viewing;

/// Sends each request where it belongs. One that finds no room there is
/// refused at once: waiting is for jobs, not for connections.
#[derive(Clone, Debug)]
pub struct Door {
    /// Where descriptions go.
    pub describe: Sink<Submission>,
    /// Where questions about jobs go.
    pub jobs: Sink<JobEvent>,
    /// Where questions about the server go.
    pub observe: Sink<Viewing>,
}

impl Door {
    fn send(&self, request: Request, reply: Reply) {
        let refused = match route::of(&request) {
            Err(refusal) => Some((refusal, reply)),
            Ok(Route::Submit) => {
                let document = request.into_body();
                let submission = Submission { document, reply };
                refused(self.describe.enqueue(submission), |event| Some(event.reply))
            }
            Ok(Route::Ask(question)) => {
                let asked = self.jobs.enqueue(JobEvent::Ask(question, reply));
                refused(asked, JobEvent::into_reply)
            }
            Ok(Route::Observe(view)) => {
                let viewing = Viewing { view, reply };
                refused(self.observe.enqueue(viewing), |event| Some(event.reply))
            }
        };
        if let Some((refusal, reply)) = refused {
            reply.respond(refusal.into());
        }
    }
}

/// Takes out of a refused event why it was, and who is to be told.
fn refused<E>(
    sent: Result<(), Rejected<E>>,
    reply: impl FnOnce(E) -> Option<Reply>,
) -> Option<(Refusal, Reply)> {
    let rejected = sent.err()?;
    let refusal = Refusal::from(&rejected);
    Some((refusal, reply(rejected.event)?))
}

impl Handler for Door {
    type Event = Exchange;

    fn handle(&mut self, batch: &mut Batch<Exchange>) -> Result<(), BoxError> {
        for exchange in batch {
            let (request, reply) = exchange.split();
            self.send(request, reply);
        }
        Ok(())
    }
}
