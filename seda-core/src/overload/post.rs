//! The overload manager at work: reads in time, publishes, and keeps what it decided.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;

use crate::clock::Tick;
use crate::meta::Class;
use crate::overload::OverloadManager;
use crate::overload::monitors::{Load, Monitor, Reading};
use crate::overload::policy::Policy;
use crate::overload::pressure::{OverloadAction, Pressure};

/// From one reading to the next.
const PERIOD: Duration = Duration::from_millis(250);
/// How many decisions are remembered.
const DECISIONS_MAX: usize = 16;

/// Is what the overload manager found and did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OverloadFigures {
    /// The level that handlers are told, 0 (idle) to 255 (overloaded).
    pub level: u8,
    /// The actions that are taken just now.
    pub actions: Vec<OverloadAction>,
    /// What the monitors read last.
    pub readings: Vec<Reading>,
    /// Decisions since the start.
    pub decisions: u64,
    /// The last decisions, the oldest first.
    pub decided: VecDeque<OverloadDecided>,
}

/// Is one decision of the overload manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OverloadDecided {
    /// When.
    pub at: Tick,
    /// What, and why.
    pub reason: String,
}

/// Is what the overload manager shows to whoever looks.
pub(crate) type Shown = Arc<Mutex<OverloadFigures>>;

/// Is an overload manager at work.
pub(crate) struct OverloadPost {
    monitors: Vec<Box<dyn Monitor>>,
    policy: Policy,
    shed_from: Class,
    pressure: Pressure,
    due: Tick,
    shown: Shown,
}

impl OverloadPost {
    pub(crate) fn new(manager: OverloadManager, pressure: Pressure, now: Tick) -> Self {
        Self {
            shed_from: manager.shed_from,
            monitors: manager.monitors(),
            policy: Policy::default(),
            pressure,
            due: now.after(PERIOD),
            shown: Shown::default(),
        }
    }

    pub(crate) const fn due(&self) -> Tick {
        self.due
    }

    pub(crate) fn shown(&self) -> Shown {
        Arc::clone(&self.shown)
    }

    /// Reads and decides; gives the class from which on events are to be shed.
    pub(crate) fn tick(&mut self, now: Tick, load: &Load) -> Option<Class> {
        self.due = now.after(PERIOD);
        let monitors = self.monitors.iter_mut();
        let readings: Vec<_> = monitors.filter_map(|monitor| monitor.read(load)).collect();
        let changes = self.policy.update(&readings);
        let actions = self.policy.active();
        self.pressure
            .publish(self.policy.level(), actions.iter().copied());
        let mut shown = self.shown.lock();
        shown.level = self.policy.level();
        shown.actions = actions.to_vec();
        shown.actions.sort_unstable();
        shown.readings = readings;
        for reason in changes {
            tracing::info!(target: "seda", "overload: {reason}");
            shown.decisions += 1;
            shown.decided.push_back(OverloadDecided { at: now, reason });
            if shown.decided.len() > DECISIONS_MAX {
                shown.decided.pop_front();
            }
        }
        let sheds = actions.contains(&OverloadAction::ShedClasses);
        sheds.then_some(self.shed_from)
    }
}
