//! The stage of the clients that the generator plays: it hears what is due and what has
//! ended, sends requests, and counts.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use seda_core::{Batch, BoxError, Clock, Handler};
use seda_io::http::{Caller, Origin, Request};

use super::cpu_meter::CpuMeter;
use super::desk::{Act, Desk, Last, Sending};
use super::errand::{Due, End, Failure, Happening};
use super::gauge::Gauge;
use super::pacer::Agenda;
use super::progress::Progress;
use crate::record::Run;

/// Is the clients of a run.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) origin: Origin,
    /// What is sent in each class; one where there are none.
    pub(super) requests: Vec<Request>,
    pub(super) desk: Desk,
    /// None once the run has been read.
    pub(super) gauge: Option<Gauge>,
    pub(super) caller: Caller<usize>,
    /// For the last requests on their connections.
    pub(super) closing: Caller<usize>,
    pub(super) agenda: Agenda,
    pub(super) clock: Clock,
    pub(super) progress: Arc<Progress>,
    pub(super) read: Sender<Run>,
    pub(super) cpu: CpuMeter,
}

/// Is where the clients are, unless they have panicked: then the run is lost, and who
/// waits for it hears so.
#[derive(Debug)]
pub(super) struct Stand(pub(super) Option<Crowd>);

impl Crowd {
    fn hear(&mut self, happening: Happening, now: u64) {
        match happening {
            Happening::Due(due) => self.desk.due(due, now),
            Happening::Ended { ticket, end } => self.desk.ended(ticket, end, now),
        }
        while let Some(act) = self.desk.act() {
            self.carry_out(act, now);
        }
    }

    fn carry_out(&mut self, act: Act, now: u64) {
        let Some(gauge) = &mut self.gauge else {
            return;
        };
        match act {
            Act::Send(sending) => self.send(&sending, now),
            Act::Wait(due) => self.wait(due),
            Act::Begun { at, lag, class } => {
                gauge.begun(at, lag, class);
                self.progress.note_begun();
            }
            Act::Queued { at } => gauge.queued(at),
            Act::Retried { at } => gauge.retried(at),
            Act::Concluded(concluded) => {
                gauge.concluded(&concluded);
                self.progress.note(concluded.end);
            }
        }
    }

    fn wait(&self, due: Due) {
        self.agenda.add(due);
    }

    fn send(&mut self, it: &Sending, now: u64) {
        let Some(request) = self.requests.get(usize::from(it.class)) else {
            return self.not_sent(it.ticket, now);
        };
        let caller = match it.last {
            Last::Yes => &self.closing,
            Last::No => &self.caller,
        };
        let sent = if it.lane == 0 {
            caller.send(&self.origin, request.clone(), it.ticket)
        } else {
            let origin = self.origin.in_lane(it.lane);
            caller.send(&origin, request.clone(), it.ticket)
        };
        if let Err(refused) = sent {
            // No more are under way than the client has room for: it would be a
            // request that it never sends, such as `CONNECT`.
            tracing::debug!(target: "seda", "{refused}");
            self.not_sent(it.ticket, now);
        }
    }

    fn not_sent(&mut self, ticket: usize, now: u64) {
        self.desk.ended(ticket, End::Failed(Failure::NotSent), now);
    }
}

impl Handler for Stand {
    type Event = Happening;

    fn handle(&mut self, batch: &mut Batch<Happening>) -> Result<(), BoxError> {
        for happening in batch {
            let Some(crowd) = &mut self.0 else {
                continue;
            };
            let now = crowd.clock.now();
            crowd.cpu.look(now);
            crowd.hear(happening, now.as_nanos());
            if crowd.desk.is_done()
                && let Some(gauge) = crowd.gauge.take()
            {
                let busy = crowd.cpu.busy();
                crowd.read.send(Run {
                    busy,
                    ..gauge.read()
                })?;
            }
        }
        Ok(())
    }
}
