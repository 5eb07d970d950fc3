//! What a simulated graph looks like, as it would if it ran.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::simulator::Simulator;
use crate::stats::snapshot::Snapshot;
use crate::stats::survey::{Staff, Survey};
use crate::worker::cpu::CpuTime;
use crate::worker::team::Team;

impl Simulator {
    /// Tells how the graph is now, as [`Running::snapshot`](crate::Running::snapshot)
    /// does. The CPU time of a domain is what its stages' models gave to the
    /// batches that were begun, but for [waiting](crate::simulator::Service::waiting).
    ///
    /// ```
    /// use seda_core::simulator::Simulator;
    /// use seda_core::{Clock, Graph, Plan};
    ///
    /// let mut graph = Graph::new("idle").with_clock(Clock::manual());
    /// graph.stage("wait").queue(8).each(|_: u64| Ok(()));
    /// let simulator = Simulator::new(graph, &Plan::default().workers(1), 42)?;
    /// let snapshot = simulator.snapshot();
    /// assert_eq!(snapshot.stage("wait").map(|stage| stage.workers), Some(1));
    /// # Ok::<(), seda_core::BoxError>(())
    /// ```
    pub fn snapshot(&self) -> Snapshot {
        let minutes = self.conductor.minutes();
        let teams = self.parts.teams.iter().zip(&self.threads);
        let staff = teams.map(|(team, threads)| Staff {
            threads: threads.load(Ordering::Relaxed),
            cpu: Some(CpuTime {
                used: self.cpu_of(team),
                starved: Duration::ZERO,
            }),
        });
        let survey = Survey::new(&self.parts, (&minutes, self.started), staff.collect());
        survey.with_overload(self.conductor.overload()).take()
    }

    fn cpu_of(&self, team: &Team) -> Duration {
        let stages = self.parts.around.roster.iter().zip(&self.behaviours);
        let mine = stages.filter(|(stage, _)| stage.runs_at(&team.site));
        mine.map(|(_, behaviour)| behaviour.drawn.cpu).sum()
    }
}
