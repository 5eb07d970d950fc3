//! The stage that looks for targets now and then, and the source that asks it to.

use std::time::Duration;

use seda_core::{Batch, BoxError, Handler, Next, Sink, Source, Tick};

use super::configured::{self, ConfiguredTarget, InvalidTargets};
use super::local::LocalMachine;
use crate::dispatch::event::JobEvent;
use crate::target::ExecutionTarget;

/// A request to look for targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look;

/// Where targets are found: the configuration, and for those without an
/// address the machine itself.
#[derive(Clone, Debug)]
pub struct Known {
    targets: Vec<ExecutionTarget>,
    machine: LocalMachine,
}

impl Known {
    /// Makes discovery out of configured targets.
    ///
    /// # Errors
    ///
    /// Fails with every entry that is wrong.
    pub fn new(
        entries: Vec<ConfiguredTarget>,
        machine: LocalMachine,
    ) -> Result<Self, InvalidTargets> {
        let targets = configured::discover(entries)?;
        Ok(Self { targets, machine })
    }

    /// Finds the targets as they are now. What the configuration does not say
    /// of a target on this machine, the machine says.
    ///
    /// # Blocking
    ///
    /// Reads four small files of the kernel.
    pub fn find(&self) -> Vec<ExecutionTarget> {
        let machine = self.machine.discover("machine").machine;
        let mut targets = self.targets.clone();
        for target in targets.iter_mut().filter(|target| target.url.is_none()) {
            let configured = &mut target.machine;
            let found = machine.clone();
            configured.platform = configured.platform.take().or(found.platform);
            let system = configured.operating_system.take();
            configured.operating_system = system.or(found.operating_system);
            configured.memory = configured.memory.or(found.memory);
            configured.hostname = configured.hostname.take().or(found.hostname);
        }
        targets
    }
}

/// Looks for targets when it is asked to.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Where to look.
    pub known: Known,
    /// Who wants to know.
    pub jobs: Sink<JobEvent>,
}

impl Handler for Survey {
    type Event = Look;

    fn handle(&mut self, batch: &mut Batch<Look>) -> Result<(), BoxError> {
        while let Some(look) = batch.next() {
            let Ok(mut room) = self.jobs.reserve(1) else {
                batch.defer(look);
                break;
            };
            room.fill(JobEvent::Targets(self.known.find()));
        }
        Ok(())
    }
}

/// Asks for a look at regular times. One that finds no room is left out: the
/// next one sees the same and more.
#[derive(Debug)]
pub struct Patrol {
    every: Duration,
    looks: Sink<Look>,
    next: Tick,
    quiet: bool,
}

impl Patrol {
    /// Makes a patrol that walks `every` so often, for the first time at once.
    pub const fn new(every: Duration, looks: Sink<Look>) -> Self {
        Self {
            every,
            looks,
            next: Tick::ZERO,
            quiet: false,
        }
    }
}

impl Source for Patrol {
    fn poll(&mut self, now: Tick) -> Next {
        if self.quiet {
            return Next::Ended;
        }
        if now >= self.next {
            self.next = now.after(self.every);
            self.looks.enqueue_lossy(Look);
        }
        Next::At(self.next)
    }

    fn quiesce(&mut self) {
        self.quiet = true;
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use seda_core::testing::{batch, left_in, probe};

    use super::*;

    fn known(json: &str) -> Known {
        let entries = serde_json::from_str(json).unwrap();
        let machine = LocalMachine::new("/", NonZeroU32::MIN);
        Known::new(entries, machine).unwrap()
    }

    #[test]
    fn the_machine_says_what_the_configuration_does_not() {
        let known = known(
            r#"[{"name": "a", "slots": 3, "memory": 7},
                {"name": "b", "slots": 3, "url": "http://b"}]"#,
        );
        let found = known.find();
        let here = &found[0].machine;
        assert_eq!(
            (here.memory, here.platform.as_deref()),
            (Some(7), Some(std::env::consts::ARCH))
        );
        assert_eq!(found[0].counters.total_slots, Some(3));
        assert_eq!(found[1].machine.platform, None, "another machine");
    }

    #[test]
    fn a_look_that_cannot_be_told_is_deferred() {
        let (jobs, told) = probe(1);
        let mut survey = Survey {
            known: known(r#"[{"name": "a", "slots": 1}]"#),
            jobs,
        };
        let mut looks = batch([Look, Look]);
        survey.handle(&mut looks).unwrap();
        assert_eq!(left_in(looks), [Look]);
        assert!(matches!(told.take().as_slice(), [JobEvent::Targets(found)] if found.len() == 1));
    }

    #[test]
    fn a_patrol_walks_at_its_times_until_it_is_quiet() {
        let (looks, asked) = probe(8);
        let mut patrol = Patrol::new(Duration::from_nanos(10), looks);
        let next = |nanos| Next::At(Tick::from_nanos(nanos));
        assert_eq!(patrol.poll(Tick::from_nanos(1)), next(11));
        assert_eq!(patrol.poll(Tick::from_nanos(5)), next(11));
        assert_eq!(patrol.poll(Tick::from_nanos(11)), next(21));
        assert_eq!(asked.take().len(), 2);
        patrol.quiesce();
        assert_eq!(patrol.poll(Tick::from_nanos(99)), Next::Ended);
        assert!(asked.take().is_empty());
    }
}
