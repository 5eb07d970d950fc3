//! A place where jobs can run, with what it tells of itself.
//!
//! # Sources
//!
//! libarcclient's `ExecutionTarget`; the names in the docs below are its.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::software::Software;

/// The name of a target, unique among the targets of a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetName(String);

impl TargetName {
    /// Makes a name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a target says about its own health; GLUE 2's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It works: the only health with which it gets jobs.
    Ok,
    /// Something is amiss.
    Warning,
    /// It does not work.
    Critical,
    /// It does not know.
    Unknown,
    /// Something else.
    Other,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
            Self::Other => "other",
        })
    }
}

/// One queue of one service in one environment, as discovery found it.
///
/// `None` means that the target did not publish the figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExecutionTarget {
    /// By what name it is chosen and shown.
    pub name: TargetName,
    /// The address of its service, if it is not this machine.
    pub url: Option<String>,
    /// The name of the queue (`MappingQueue`, else the share's name).
    pub queue: Option<String>,
    /// `HealthState`.
    pub health: Option<Health>,
    /// What it has to give, and how much of that is taken.
    pub counters: Counters,
    /// The least and most that one job may ask for.
    pub limits: Limits,
    /// What its machines are.
    pub machine: Machine,
    /// Runtime environments installed there (`ApplicationEnvironments`).
    pub runtime_environments: Vec<Software>,
}

impl ExecutionTarget {
    /// Makes a healthy target that publishes nothing else.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: TargetName::new(name),
            url: None,
            queue: None,
            health: Some(Health::Ok),
            counters: Counters::default(),
            limits: Limits::default(),
            machine: Machine::default(),
            runtime_environments: Vec::new(),
        }
    }
}

/// Slots and jobs of a target, which change with every job it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// `TotalSlots`.
    pub total_slots: Option<u32>,
    /// `FreeSlots`.
    pub free_slots: Option<u32>,
    /// `UsedSlots`.
    pub used_slots: Option<u32>,
    /// `WaitingJobs`, counted in the slots that they wait for.
    pub waiting_jobs: Option<u32>,
}

impl Counters {
    /// Returns the counters of `total_slots` slots that nobody uses.
    pub const fn idle(total_slots: u32) -> Self {
        Self {
            total_slots: Some(total_slots),
            free_slots: Some(total_slots),
            used_slots: Some(0),
            waiting_jobs: Some(0),
        }
    }

    /// Counts a job of `slots` in: it runs if they are free, and waits
    /// otherwise. A figure that is not published stays so.
    pub fn take(&mut self, slots: u32) {
        match self.free_slots {
            Some(free) if free >= slots => {
                self.free_slots = Some(free - slots);
                self.used_slots = self.used_slots.map(|used| used.saturating_add(slots));
            }
            _ => self.waiting_jobs = self.waiting_jobs.map(|w| w.saturating_add(slots)),
        }
    }

    /// Counts a job of `slots` out: what waits takes its slots first, the
    /// rest becomes free.
    pub fn give_back(&mut self, slots: u32) {
        let passed_on = self.waiting_jobs.unwrap_or(0).min(slots);
        let freed = slots - passed_on;
        self.waiting_jobs = self.waiting_jobs.map(|waiting| waiting - passed_on);
        self.used_slots = self.used_slots.map(|used| used.saturating_sub(freed));
        let most = self.total_slots.unwrap_or(u32::MAX);
        self.free_slots = self
            .free_slots
            .map(|free| free.saturating_add(freed).min(most));
    }
}

/// What one job may ask of a target. Times are in seconds, memory in MB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// `MaxSlotsPerJob`.
    pub slots_per_job_max: Option<u32>,
    /// `MinWallTime`.
    pub wall_time_min: Option<u64>,
    /// `MaxWallTime`.
    pub wall_time_max: Option<u64>,
    /// `MinCPUTime`.
    pub cpu_time_min: Option<u64>,
    /// `MaxCPUTime`.
    pub cpu_time_max: Option<u64>,
    /// `MaxMainMemory`: the share's limit, whatever the node has.
    pub memory_max: Option<u64>,
    /// `MaxVirtualMemory`.
    pub virtual_memory_max: Option<u64>,
}

/// What the machines of a target are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// `Platform`: the processor architecture, as `uname -m` names it.
    pub platform: Option<String>,
    /// `OperatingSystem`.
    pub operating_system: Option<Software>,
    /// `MainMemorySize` of one node, in MB.
    pub memory: Option<u64>,
    /// The name of the host, if there is just one.
    pub hostname: Option<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_job_without_room_waits() {
        let mut counters = Counters::idle(5);
        counters.take(4);
        counters.take(4);
        assert_eq!(
            (counters.free_slots, counters.waiting_jobs),
            (Some(1), Some(4))
        );
        counters.give_back(4);
        assert_eq!(
            counters.waiting_jobs,
            Some(0),
            "the waiting one took the slots"
        );
        assert_eq!(
            (counters.free_slots, counters.used_slots),
            (Some(1), Some(4))
        );
        counters.give_back(4);
        assert_eq!(counters, Counters::idle(5));
    }

    #[test]
    fn unpublished_counters_stay_unpublished() {
        let mut counters = Counters::default();
        counters.take(3);
        counters.give_back(1);
        assert_eq!(counters, Counters::default());
    }

    proptest! {
        #[test]
        fn what_was_taken_comes_back(total in 0..100_u32, jobs in prop::collection::vec(1..20_u32, 0..50)) {
            let mut counters = Counters::idle(total);
            for slots in &jobs {
                counters.take(*slots);
                let sum = counters.free_slots.unwrap() + counters.used_slots.unwrap();
                prop_assert_eq!(sum, total);
            }
            for slots in &jobs {
                counters.give_back(*slots);
            }
            prop_assert_eq!(counters, Counters::idle(total));
        }
    }
}
