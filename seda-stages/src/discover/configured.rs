//! Targets that the operator wrote down.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;

use serde::Deserialize;

use crate::software::Software;
use crate::target::{Counters, ExecutionTarget, Health, Limits, Machine, TargetName};

/// Targets of one configuration.
pub const TARGETS_MAX: usize = 100_000;

/// A target as it stands in a configuration file.
///
/// Memory is in MB, times are in seconds. What is left out is not published;
/// only the health is taken to be good.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfiguredTarget {
    /// The name, unique in the configuration.
    pub name: TargetName,
    /// The address of the service, if it is not this machine.
    #[serde(default)]
    pub url: Option<String>,
    /// The queue's name, the target's name unless given.
    #[serde(default)]
    pub queue: Option<String>,
    /// `ok` unless given.
    #[serde(default = "ok")]
    pub health: Health,
    /// How many slots there are; none of them is in use at the start.
    pub slots: NonZeroU32,
    /// What one job may ask for.
    #[serde(default)]
    pub limits: Limits,
    /// The processor architecture.
    #[serde(default)]
    pub platform: Option<String>,
    /// The operating system: `name` or `name-version`.
    #[serde(default)]
    pub operating_system: Option<Software>,
    /// The main memory of one node.
    #[serde(default)]
    pub memory: Option<u64>,
    /// Runtime environments: `name` or `name-version`.
    #[serde(default)]
    pub runtime_environments: Vec<Software>,
}

const fn ok() -> Health {
    Health::Ok
}

impl From<ConfiguredTarget> for ExecutionTarget {
    fn from(configured: ConfiguredTarget) -> Self {
        let slots = configured.slots.get();
        let limits = configured.limits;
        let queue = configured
            .queue
            .unwrap_or_else(|| configured.name.as_str().to_owned());
        Self {
            name: configured.name,
            url: configured.url,
            queue: Some(queue),
            health: Some(configured.health),
            counters: Counters::idle(slots),
            limits: Limits {
                slots_per_job_max: limits.slots_per_job_max.or(Some(slots)),
                ..limits
            },
            machine: Machine {
                platform: configured.platform,
                operating_system: configured.operating_system,
                memory: configured.memory,
                hostname: None,
            },
            runtime_environments: configured.runtime_environments,
        }
    }
}

/// Makes the targets of a configuration.
///
/// # Errors
///
/// Fails with every entry that is wrong in itself or beside another one.
///
/// # Examples
///
/// ```
/// use seda_stages::discover::configured::{ConfiguredTarget, discover};
///
/// let entries: Vec<ConfiguredTarget> =
///     serde_json::from_str(r#"[{"name": "short", "slots": 2}]"#)?;
/// let targets = discover(entries)?;
/// assert_eq!(targets[0].queue.as_deref(), Some("short"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn discover(entries: Vec<ConfiguredTarget>) -> Result<Vec<ExecutionTarget>, InvalidTargets> {
    let faults = check(&entries);
    if faults.is_empty() {
        Ok(entries.into_iter().map(ExecutionTarget::from).collect())
    } else {
        Err(InvalidTargets { faults })
    }
}

fn check(entries: &[ConfiguredTarget]) -> Vec<TargetFault> {
    if entries.len() > TARGETS_MAX {
        let message = format!(
            "there are {} targets, at most {TARGETS_MAX} are allowed",
            entries.len()
        );
        return vec![TargetFault {
            index: TARGETS_MAX,
            key: "name",
            message,
        }];
    }
    let mut names = BTreeSet::new();
    let mut faults = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let twin = (!names.insert(&entry.name)).then_some(&entry.name);
        let twin = twin.map(|name| ("name", format!("there is another target `{name}`")));
        let names = name_fault(entry).into_iter().chain(twin);
        let found = names.chain(limit_faults(entry));
        faults.extend(found.map(|(key, message)| TargetFault {
            index,
            key,
            message,
        }));
    }
    faults
}

/// A key of an entry, and what is wrong with it.
type Found = (&'static str, String);

fn name_fault(entry: &ConfiguredTarget) -> Option<Found> {
    let nameless = entry.name.as_str().trim().is_empty();
    nameless.then(|| ("name", "a target needs a name".to_owned()))
}

fn limit_faults(entry: &ConfiguredTarget) -> Vec<Found> {
    let (limits, slots) = (&entry.limits, entry.slots.get());
    let wall_time = limits.wall_time_min.zip(limits.wall_time_max);
    let cpu_time = limits.cpu_time_min.zip(limits.cpu_time_max);
    let times = [
        ("limits.wall_time_min", wall_time),
        ("limits.cpu_time_min", cpu_time),
    ];
    let turned = times.into_iter().filter_map(|(key, ends)| {
        let (least, most) = ends.filter(|(least, most)| least > most)?;
        Some((
            key,
            format!("{least} is more than the most, {most}: no job fits"),
        ))
    });
    let per_job = limits.slots_per_job_max;
    let outside = per_job
        .filter(|most| *most == 0 || *most > slots)
        .map(|most| {
            let message = format!("{most} is not from 1 to `slots`, {slots}");
            ("limits.slots_per_job_max", message)
        });
    turned.chain(outside).collect()
}

/// One thing wrong with the configured targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetFault {
    /// Which entry, from 0, so that its place in the file can be found.
    pub index: usize,
    /// Which key of the entry.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
}

/// All that is wrong with the configured targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTargets {
    /// The faults, in the order of the entries.
    pub faults: Vec<TargetFault>,
}

impl fmt::Display for InvalidTargets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (
            nth,
            TargetFault {
                index,
                key,
                message,
            },
        ) in self.faults.iter().enumerate()
        {
            let separator = if nth == 0 { "" } else { "\n" };
            write!(f, "{separator}targets[{index}].{key}: {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidTargets {}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(json: &str) -> Vec<ConfiguredTarget> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_is_left_out_is_unpublished() {
        let target = discover(entries(r#"[{"name": "a", "slots": 3}]"#))
            .unwrap()
            .remove(0);
        assert_eq!(target.health, Some(Health::Ok));
        assert_eq!(target.counters, Counters::idle(3));
        assert_eq!(target.limits.slots_per_job_max, Some(3));
        assert_eq!(target.machine, Machine::default());
    }

    #[test]
    fn a_full_entry_is_taken_over() {
        let json = r#"[{
            "name": "a", "slots": 8, "url": "http://a", "queue": "long", "health": "warning",
            "limits": {"slots_per_job_max": 4, "wall_time_max": 3600, "memory_max": 2000},
            "platform": "x86_64", "operating_system": "Linux-6.1", "memory": 4000,
            "runtime_environments": ["ENV/PYTHON-3.9"]
        }]"#;
        let target = discover(entries(json)).unwrap().remove(0);
        assert_eq!(
            (target.queue.as_deref(), target.health),
            (Some("long"), Some(Health::Warning))
        );
        assert_eq!(
            (target.limits.slots_per_job_max, target.limits.memory_max),
            (Some(4), Some(2000))
        );
        assert_eq!(target.machine.memory, Some(4000));
        assert_eq!(target.runtime_environments[0].version(), Some("3.9"));
    }

    #[test]
    fn misspelt_keys_and_missing_slots_are_refused() {
        for json in [
            r#"[{"name": "a", "slots": 1, "plattform": "x86_64"}]"#,
            r#"[{"name": "a", "slots": 1, "limits": {"walltime_max": 1}}]"#,
            r#"[{"name": "a", "slots": 0}]"#,
            r#"[{"name": "a"}]"#,
            r#"[{"name": "a", "slots": 1, "operating_system": "-"}, 1]"#,
        ] {
            assert!(
                serde_json::from_str::<Vec<ConfiguredTarget>>(json).is_err(),
                "{json}"
            );
        }
    }

    #[test]
    fn all_faults_come_at_once() {
        let json = r#"[
            {"name": "a", "slots": 1, "limits": {"wall_time_min": 9, "wall_time_max": 8}},
            {"name": "a", "slots": 1, "limits": {"slots_per_job_max": 2}},
            {"name": " ", "slots": 1}
        ]"#;
        assert_eq!(
            discover(entries(json)).unwrap_err().to_string(),
            "targets[0].limits.wall_time_min: 9 is more than the most, 8: no job fits\n\
             targets[1].name: there is another target `a`\n\
             targets[1].limits.slots_per_job_max: 2 is not from 1 to `slots`, 1\n\
             targets[2].name: a target needs a name"
        );
    }
}
