//! What controllers see and move in virtual time.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::control::conductor::Levers;
use crate::control::{Decision, Sample};
use crate::running::controls;
use crate::running::parts::Parts;

/// Is what controllers see and move in the simulator.
pub(crate) struct VirtualLevers<'p> {
    pub(crate) parts: &'p Parts,
    pub(crate) threads: &'p [AtomicUsize],
}

impl VirtualLevers<'_> {
    fn threads_of(&self, stage: usize) -> Option<&AtomicUsize> {
        let stage = self.parts.around.roster.iter().nth(stage)?;
        let team = self
            .parts
            .teams
            .iter()
            .position(|team| stage.runs_at(&team.site))?;
        self.threads.get(team)
    }
}

impl Levers for VirtualLevers<'_> {
    fn sample(&self, stage: usize) -> Sample {
        let threads = self.threads_of(stage);
        let threads = threads.map_or(1, |threads| threads.load(Ordering::Relaxed));
        let stage = self.parts.around.roster.iter().nth(stage);
        Sample {
            threads,
            ..stage.map_or_else(Sample::default, |stage| controls::sample(stage, None))
        }
    }

    fn apply(&self, stage: usize, decision: &Decision) {
        if let (Some(wanted), Some(threads)) = (decision.threads, self.threads_of(stage)) {
            threads.store(wanted, Ordering::Relaxed);
        }
        if let Some(stage) = self.parts.around.roster.iter().nth(stage) {
            controls::apply(stage, decision);
        }
    }
}
