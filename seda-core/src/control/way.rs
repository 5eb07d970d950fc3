//! The way from a stage to wherever its events lead, and who keeps its target.

use std::time::Duration;

use crate::clock::Tick;
use crate::control::Decision;
use crate::control::levers::Levers;
use crate::control::minutes::{Decided, Minutes};
use crate::control::path::{Leg, PathTarget};

/// Is a path with a target: from one stage to wherever its events lead.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) budget: Duration,
    /// The places of its stages, the most downstream first, the entry last.
    pub(crate) stages: Vec<usize>,
    /// Its edges, by places among `stages`.
    pub(crate) edges: Vec<(usize, usize)>,
}

/// Is the target of one path, and the stages it leads through.
pub(crate) struct PathSeat {
    target: PathTarget,
    way: Way,
    due: Tick,
}

impl PathSeat {
    pub(super) fn new(way: Way, now: Tick) -> Self {
        Self {
            target: PathTarget::new(way.budget, way.stages.len()),
            due: now.after(PathTarget::period()),
            way,
        }
    }

    pub(super) const fn due(&self) -> Tick {
        self.due
    }

    pub(super) fn is_due(&self, now: Tick) -> bool {
        self.due <= now
    }

    fn look(&self, levers: &dyn Levers) -> Vec<Leg> {
        let leg = |place: usize, stage: &usize| {
            let to = self.way.edges.iter().filter(|(from, _)| *from == place);
            let flow = |to: usize| {
                let to_stage = self.way.stages.get(to).copied();
                (to, to_stage.map_or(0, |to| levers.flow(*stage, to)))
            };
            Leg {
                sample: levers.sample(*stage),
                flows: to.map(|(_, to)| flow(*to)).collect(),
            }
        };
        let stages = self.way.stages.iter().enumerate();
        stages.map(|(place, stage)| leg(place, stage)).collect()
    }

    pub(super) fn tick(&mut self, now: Tick, levers: &dyn Levers, minutes: &Minutes) {
        self.due = now.after(PathTarget::period());
        let (passages, news) = self.target.update(now, &self.look(levers));
        let entry = self.way.stages.last().copied();
        for (stage, passage) in self.way.stages.iter().zip(passages) {
            let mut decision = Decision {
                passage: Some(passage),
                ..Decision::none()
            };
            levers.apply(*stage, &decision);
            if let (true, Some(reason)) = (entry == Some(*stage), &news) {
                reason.clone_into(&mut decision.reason);
                let by = "path target";
                let decided = Decided {
                    at: now,
                    by,
                    decision,
                };
                minutes.write(*stage, decided);
            }
        }
    }
}
