//! The stage that ends processes: kindly first, for good after a while.

use std::time::Duration;

use seda_core::{Batch, BoxError, Handler, Sink};
use seda_io::process::StopSignal;

use super::alarm::Alarms;
use crate::dispatch::event::{Held, JobEvent};
use crate::job::id::JobId;

/// Something to be done about a running job.
#[derive(Clone, Debug)]
pub enum Stop {
    /// Its process is asked to end.
    Ask(Held),
    /// It was asked, and the time for that is over.
    Force(Held),
    /// It has run for as long as it may.
    Overdue(JobId),
}

/// Ends processes with all of their group.
#[derive(Clone, Debug)]
pub struct Cancel {
    /// How long a process that is asked to end may take.
    pub grace: Duration,
    /// Where its time is kept.
    pub alarms: Alarms<Stop>,
    /// Who decides about jobs that are overdue.
    pub jobs: Sink<JobEvent>,
}

impl Handler for Cancel {
    type Event = Stop;

    fn handle(&mut self, batch: &mut Batch<Stop>) -> Result<(), BoxError> {
        while let Some(stop) = batch.next() {
            match stop {
                Stop::Ask(held) => {
                    if signal(&held, StopSignal::Terminate) {
                        let at = batch.now().after(self.grace);
                        self.alarms.set(at, held.id, Stop::Force(held));
                    }
                }
                Stop::Force(held) => {
                    signal(&held, StopSignal::Kill);
                }
                Stop::Overdue(id) => {
                    let Ok(mut room) = self.jobs.reserve(1) else {
                        batch.defer(stop);
                        break;
                    };
                    room.fill(JobEvent::Overdue(id));
                }
            }
        }
        Ok(())
    }
}

/// Signals a process; tells whether it still has to be dealt with.
fn signal(held: &Held, signal: StopSignal) -> bool {
    // No failure of this stage: the job goes on, and its own end counts.
    held.process.signal(signal).unwrap_or_else(|error| {
        let process = held.process.id();
        tracing::warn!(target: "seda", job = %held.id, process, "not signalled: {error}");
        true
    })
}
