//! Gives every controller its samples in time, and carries out what it decides.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;

use crate::clock::Tick;
use crate::control::{Controller, Decision, Sample};

/// How many decisions of a stage are remembered.
const DECISIONS_MAX: usize = 16;

/// Is what a controller decided, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// When.
    pub at: Tick,
    /// What, and why.
    pub decision: Decision,
}

/// Keeps the last decisions about each stage.
#[derive(Debug, Default)]
pub(crate) struct Minutes(Mutex<Vec<VecDeque<Decided>>>);

impl Minutes {
    fn write(&self, stage: usize, decided: Decided) {
        let mut minutes = self.0.lock();
        if minutes.len() <= stage {
            minutes.resize_with(stage + 1, VecDeque::new);
        }
        if let Some(of_stage) = minutes.get_mut(stage) {
            of_stage.push_back(decided);
            if of_stage.len() > DECISIONS_MAX {
                of_stage.pop_front();
            }
        }
    }

    pub(crate) fn of(&self, stage: usize) -> Vec<Decided> {
        let minutes = self.0.lock();
        minutes
            .get(stage)
            .map(|of| of.iter().cloned().collect())
            .unwrap_or_default()
    }
}

/// Is what controllers see and move: the runtime, or the simulator.
pub(crate) trait Levers {
    fn sample(&self, stage: usize) -> Sample;
    fn apply(&self, stage: usize, decision: &Decision);
}

/// Is one controller and the stage it sits on.
pub(crate) struct ControlSeat {
    pub(crate) stage: usize,
    pub(crate) controller: Box<dyn Controller>,
    pub(crate) due: Tick,
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
            seat.due = now.after(seat.controller.period());
            let decision = seat.controller.update(now, &levers.sample(seat.stage));
            if decision != Decision::none() {
                levers.apply(seat.stage, &decision);
                self.minutes
                    .write(seat.stage, Decided { at: now, decision });
            }
        }
    }
}
