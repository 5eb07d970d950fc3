//! How the stages of a simulation behave: what they are told, and what they drew.

use std::ops::Range;
use std::time::Duration;

use crate::clock::Tick;
use crate::control::Sample;
use crate::control::levers::Levers;
use crate::simulator::Simulator;
use crate::simulator::service::{Behaviour, Service, SlowDown};
use crate::simulator::virtual_levers::VirtualLevers;

impl Simulator {
    /// Sets how long a stage takes; without it, it takes no time. A name that
    /// no stage has changes nothing.
    pub fn service(&mut self, stage: &str, service: Service) {
        if let Some(behaviour) = self.behaviour(stage) {
            behaviour.service = service;
        }
    }

    /// Makes a stage slower by `factor` for a time; factors of overlapping
    /// times multiply.
    pub fn slow_down(&mut self, stage: &str, factor: f64, during: Range<Duration>) {
        let during = Tick::ZERO.after(during.start)..Tick::ZERO.after(during.end);
        if let Some(behaviour) = self.behaviour(stage) {
            behaviour.slow_downs.push(SlowDown { during, factor });
        }
    }

    /// Has a stage do nothing for a time: what it has in hand ends that much later.
    pub fn pause(&mut self, stage: &str, during: Range<Duration>) {
        let during = Tick::ZERO.after(during.start)..Tick::ZERO.after(during.end);
        if let Some(behaviour) = self.behaviour(stage) {
            behaviour.pauses.push(during);
            behaviour.pauses.sort_by_key(|pause| pause.start);
        }
    }

    /// Tells what a controller of a stage would see now, all but its sojourns.
    pub fn sample(&self, stage: &str) -> Option<Sample> {
        let place = self.place(stage)?;
        let levers = VirtualLevers {
            parts: &self.parts,
            threads: &self.threads,
        };
        Some(levers.sample(place))
    }

    /// Tells how many events a stage has begun to handle, and the time that
    /// its service model has given to them.
    pub fn drawn(&self, stage: &str) -> Option<(u64, Duration)> {
        let drawn = &self.behaviours.get(self.place(stage)?)?.drawn;
        Some((drawn.events, drawn.time))
    }

    fn place(&self, stage: &str) -> Option<usize> {
        let mut roster = self.parts.around.roster.iter();
        roster.position(|known| &*known.common().name == stage)
    }

    fn behaviour(&mut self, stage: &str) -> Option<&mut Behaviour> {
        let place = self.place(stage)?;
        self.behaviours.get_mut(place)
    }
}
