//! What controllers see and move in virtual time.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::control::levers::Levers;
use crate::control::{Decision, Sample};
use crate::meta::Class;
use crate::overload::monitors::Load;
use crate::running::controls;
use crate::running::loads;
use crate::running::parts::Parts;
use crate::simulator::crew;
use crate::stats::histogram::Spread;
use crate::worker::team::Team;

/// Is what controllers see and move in the simulator.
pub(crate) struct VirtualLevers<'p> {
    pub(crate) parts: &'p Parts,
    pub(crate) threads: &'p [AtomicUsize],
}

impl VirtualLevers<'_> {
    fn threads_of(&self, stage: usize) -> Option<(&Team, &AtomicUsize)> {
        let stage = self.parts.around.roster.iter().nth(stage)?;
        let mut teams = self.parts.teams.iter().zip(self.threads);
        let (team, threads) = teams.find(|(team, _)| stage.runs_at(&team.site))?;
        Some((team, threads))
    }
}

impl Levers for VirtualLevers<'_> {
    fn sample(&self, stage: usize) -> Sample {
        let threads = self.threads_of(stage);
        let threads = threads.map_or(1, |(_, threads)| threads.load(Ordering::Relaxed));
        let stage = self.parts.around.roster.iter().nth(stage);
        Sample {
            threads,
            ..stage.map_or_else(Sample::default, |stage| controls::sample(stage, None))
        }
    }

    fn sojourns(&self, stage: usize) -> Spread {
        let stage = self.parts.around.roster.iter().nth(stage);
        stage.map_or_else(Spread::of_times, controls::sojourns)
    }

    fn flow(&self, from: usize, to: usize) -> u64 {
        controls::flow(&self.parts.around.roster, from, to)
    }

    fn load(&self) -> Load {
        loads::load(&self.parts.around.roster)
    }

    fn shed_from(&self, class: Option<Class>) {
        loads::shed_from(&self.parts.around.roster, class);
    }

    fn apply(&self, stage: usize, decision: &Decision) {
        if let (Some(wanted), Some((team, threads))) = (decision.threads, self.threads_of(stage)) {
            let most = team.kind.workers_max();
            let held = wanted.clamp(crew::smallest(team).min(most), most);
            threads.store(held, Ordering::Relaxed);
        }
        if let Some(stage) = self.parts.around.roster.iter().nth(stage) {
            controls::apply(stage, decision);
        }
    }
}
