//! Gives every controller its samples in time, and carries out what it decides.

use std::sync::Arc;

use crate::clock::Tick;
use crate::control::minutes::{Decided, Minutes};
use crate::control::{Controller, Decision, Sample};
use crate::stats::histogram::Spread;

/// Is what controllers see and move: the runtime, or the simulator.
pub(crate) trait Levers {
    /// Gives what there is to see of a stage, but for how long events were there.
    fn sample(&self, stage: usize) -> Sample;
    /// Gives how long events were in a stage, all since the start.
    fn sojourns(&self, stage: usize) -> Spread;
    fn apply(&self, stage: usize, decision: &Decision);
}

/// Is one controller and the stage it sits on.
pub(crate) struct ControlSeat {
    stage: usize,
    controller: Box<dyn Controller>,
    due: Tick,
    /// All sojourns when it was last asked.
    before: Option<Spread>,
}

impl ControlSeat {
    fn sample(&mut self, levers: &dyn Levers) -> Sample {
        let mut sample = levers.sample(self.stage);
        if self.controller.wants_sojourns() {
            let all = levers.sojourns(self.stage);
            let since = self.before.as_ref().map(|before| all.since(before));
            sample.sojourns = since.as_ref().unwrap_or(&all).times();
            self.before = Some(all);
        }
        sample
    }
}

/// Is all controllers of a graph.
pub(crate) struct Conductor {
    seats: Vec<ControlSeat>,
    minutes: Arc<Minutes>,
}

impl Conductor {
    pub(crate) fn new(seats: Vec<(usize, Box<dyn Controller>)>, now: Tick) -> Self {
        let seat = |(stage, controller): (usize, Box<dyn Controller>)| ControlSeat {
            stage,
            due: now.after(controller.period()),
            controller,
            before: None,
        };
        Self {
            seats: seats.into_iter().map(seat).collect(),
            minutes: Arc::default(),
        }
    }

    pub(crate) fn minutes(&self) -> Arc<Minutes> {
        Arc::clone(&self.minutes)
    }

    /// Tells when the next controller wants a sample.
    pub(crate) fn due(&self) -> Option<Tick> {
        self.seats.iter().map(|seat| seat.due).min()
    }

    /// Gives every controller that is due its sample.
    pub(crate) fn tick(&mut self, now: Tick, levers: &dyn Levers) {
        for seat in self.seats.iter_mut().filter(|seat| seat.due <= now) {
            let sample = seat.sample(levers);
            let decision = seat.controller.update(now, &sample);
            // It may have found that it wants the next one sooner or later.
            seat.due = now.after(seat.controller.period());
            if decision != Decision::none() {
                levers.apply(seat.stage, &decision);
                let decided = Decided {
                    at: now,
                    by: seat.controller.name(),
                    decision,
                };
                self.minutes.write(seat.stage, decided);
            }
        }
    }
}
