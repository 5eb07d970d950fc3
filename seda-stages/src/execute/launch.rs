//! The stage that starts the processes of jobs.

use std::time::Duration;

use seda_core::{Batch, BoxError, Handler, Sink, Tick};
use seda_io::process::Processes;

use super::alarm::Alarms;
use super::cancel::Stop;
use super::prepare::Ready;
use crate::dispatch::event::{Assignment, Held, JobEvent};
use crate::errors::kind::JobError;
use crate::job::record::Ending;

/// Starts processes, and has them watched: their end is an event for the
/// stage that collects what they leave.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Who watches them.
    pub processes: Processes<Assignment>,
    /// Where the time is kept for which jobs may run.
    pub alarms: Alarms<Stop>,
    /// Who wants to know that they run, or why not.
    pub jobs: Sink<JobEvent>,
}

impl Launch {
    fn launch(&self, ready: Ready, now: Tick) -> Result<Held, JobError> {
        let Ready { assignment, spawn } = ready;
        let id = assignment.id;
        let failed = |reason: String| JobError::SpawnFailed {
            program: assignment.description.application.executable.path.clone(),
            reason,
        };
        let child = spawn
            .start()
            .map_err(|error| failed(error.reason.to_string()))?;
        let wall_time = assignment.description.resources.individual_wall_time;
        if let Some(seconds) = wall_time.max {
            // Before it is watched: its end, whenever that is, clears it.
            let at = now.after(Duration::from_secs(seconds));
            self.alarms.set(at, id, Stop::Overdue(id));
        }
        let watched = self.processes.watch(child, assignment.clone());
        let process = watched.map_err(|unwatched| failed(unwatched.to_string()))?;
        Ok(Held { id, process })
    }
}

impl Handler for Launch {
    type Event = Ready;

    fn handle(&mut self, batch: &mut Batch<Ready>) -> Result<(), BoxError> {
        while let Some(ready) = batch.next() {
            let Ok(mut room) = self.jobs.reserve(1) else {
                batch.defer(ready);
                break;
            };
            let id = ready.assignment.id;
            let launched = self.launch(ready, batch.now());
            room.fill(launched.map_or_else(
                |failure| {
                    self.alarms.clear(id);
                    JobEvent::Ended(id, Ending::failed(failure))
                },
                JobEvent::Started,
            ));
        }
        Ok(())
    }
}
