//! Gives every controller its samples in time, and carries out what it decides.

use std::sync::Arc;

use crate::clock::Tick;
use crate::control::levers::Levers;
use crate::control::minutes::{Decided, Minutes};
use crate::control::way::{PathSeat, Way};
use crate::control::{Controller, Decision, Sample};
use crate::overload::post::{OverloadPost, Shown};
use crate::stats::histogram::Spread;

/// Is a controller and the place of its stage.
pub(crate) type Seated = (usize, Box<dyn Controller>);

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
    paths: Vec<PathSeat>,
    seats: Vec<ControlSeat>,
    minutes: Arc<Minutes>,
    overload: Option<OverloadPost>,
}

impl Conductor {
    pub(crate) fn new(controls: Vec<Seated>, ways: Vec<Way>, now: Tick) -> Self {
        let seat = |(stage, controller): Seated| ControlSeat {
            stage,
            due: now.after(controller.period()),
            controller,
            before: None,
        };
        Self {
            paths: ways
                .into_iter()
                .map(|way| PathSeat::new(way, now))
                .collect(),
            seats: controls.into_iter().map(seat).collect(),
            minutes: Arc::default(),
            overload: None,
        }
    }

    pub(crate) fn with_overload(mut self, overload: Option<OverloadPost>) -> Self {
        self.overload = overload;
        self
    }

    /// Gives where the overload manager shows what it does, if there is one.
    pub(crate) fn overload(&self) -> Option<Shown> {
        self.overload.as_ref().map(OverloadPost::shown)
    }

    pub(crate) fn minutes(&self) -> Arc<Minutes> {
        Arc::clone(&self.minutes)
    }

    /// Tells when the next controller wants a sample.
    pub(crate) fn due(&self) -> Option<Tick> {
        let seats = self.seats.iter().map(|seat| seat.due);
        let paths = self.paths.iter().map(PathSeat::due);
        let overload = self.overload.iter().map(OverloadPost::due);
        seats.chain(paths).chain(overload).min()
    }

    /// Gives every controller that is due its sample.
    pub(crate) fn tick(&mut self, now: Tick, levers: &dyn Levers) {
        if let Some(overload) = self.overload.as_mut().filter(|post| post.due() <= now) {
            levers.shed_from(overload.tick(now, &levers.load()));
        }
        // Paths first: controllers of their stages go by what they say.
        for path in self.paths.iter_mut().filter(|path| path.is_due(now)) {
            path.tick(now, levers, &self.minutes);
        }
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
