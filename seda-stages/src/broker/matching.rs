//! Which targets can take a job, and why the others cannot.
//!
//! # Sources
//!
//! libarcclient, appendix B ("Broker mapping"). Unlike there, both a node's
//! memory and its queue's limit are looked at when both are published.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::job::description::JobDescription;
use crate::software::{Software, SoftwareRequirement};
use crate::target::{ExecutionTarget, Health, TargetName};

/// Tells whether `target` can take `job`.
///
/// The attributes are looked at in a fixed order: rejected queue, queue,
/// health, wall time, CPU time, memory, virtual memory, platform, operating
/// system, runtime environments, slots. A figure that the job asks for and
/// the target does not publish counts against the target, except for limits
/// of wall and CPU time.
///
/// # Errors
///
/// Fails with the first attribute that does not fit.
///
/// # Examples
///
/// ```
/// use seda_stages::{broker::matching, describe::json, target::ExecutionTarget};
///
/// let job = json::parse(br#"{"executable": "a", "memory": 4000}"#)?;
/// let mut target = ExecutionTarget::new("small");
/// target.machine.memory = Some(2000);
/// let rejection = matching::check(&job, &target).unwrap_err();
/// assert_eq!(rejection.to_string(), "`small`: IndividualPhysicalMemory is 4000, MainMemorySize is 2000");
/// # Ok::<(), seda_stages::describe::fault::Faults>(())
/// ```
pub fn check(job: &JobDescription, target: &ExecutionTarget) -> Result<(), Rejection> {
    match CHECKS.iter().find_map(|check| check(job, target)) {
        None => Ok(()),
        Some(mismatch) => Err(Rejection {
            target: target.name.clone(),
            attribute: mismatch.attribute,
            wanted: mismatch.wanted,
            compared_with: mismatch.compared_with,
            published: mismatch.published,
        }),
    }
}

/// Why a target cannot take a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// The target.
    pub target: TargetName,
    /// The attribute of the description that does not fit.
    pub attribute: &'static str,
    /// What the description wants of it.
    pub wanted: String,
    /// The attribute of the target that it was compared with.
    pub compared_with: &'static str,
    /// What the target publishes, `None` if nothing.
    pub published: Option<String>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            attribute,
            wanted,
            compared_with,
            published,
        } = self;
        write!(
            f,
            "`{target}`: {attribute} is {wanted}, {compared_with} is "
        )?;
        f.write_str(published.as_deref().unwrap_or("not published"))
    }
}

/// How many targets were looked at for a job, and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Targets looked at.
    pub considered: usize,
    /// Targets rejected, by the attribute that did not fit.
    pub rejected: BTreeMap<&'static str, usize>,
    /// The first rejections, at most [`Summary::EXAMPLES_MAX`].
    pub examples: Vec<Rejection>,
}

impl Summary {
    /// Rejections that are kept in full; all are counted.
    pub const EXAMPLES_MAX: usize = 20;

    /// Adds a rejection.
    pub fn reject(&mut self, rejection: Rejection) {
        *self.rejected.entry(rejection.attribute).or_default() += 1;
        if self.examples.len() < Self::EXAMPLES_MAX {
            self.examples.push(rejection);
        }
    }
}

impl fmt::Display for Summary {
    /// `of 7 targets, 5 rejected for Platform, 2 for NumberOfSlots`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "of {} targets", self.considered)?;
        for (nth, (attribute, count)) in self.rejected.iter().enumerate() {
            let verb = if nth == 0 { " rejected" } else { "" };
            write!(f, ", {count}{verb} for {attribute}")?;
        }
        self.examples
            .first()
            .map_or(Ok(()), |first| write!(f, "; {first}"))
    }
}

/// An attribute of the job, one of the target, and why they do not fit.
struct Mismatch {
    attribute: &'static str,
    wanted: String,
    compared_with: &'static str,
    published: Option<String>,
}

/// The names of two attributes that are compared: the job's, the target's.
type Pair = (&'static str, &'static str);

impl Mismatch {
    fn new(pair: Pair, wanted: impl ToString, published: Option<impl ToString>) -> Self {
        Self {
            attribute: pair.0,
            wanted: wanted.to_string(),
            compared_with: pair.1,
            published: published.map(|published| published.to_string()),
        }
    }
}

type Check = fn(&JobDescription, &ExecutionTarget) -> Option<Mismatch>;

/// The checks in the order in which they are made.
const CHECKS: [Check; 11] = [
    rejected_queue,
    queue,
    health,
    wall_time,
    cpu_time,
    memory,
    virtual_memory,
    platform,
    operating_system,
    runtime_environments,
    slots,
];

fn rejected_queue(job: &JobDescription, target: &ExecutionTarget) -> Option<Mismatch> {
    let rejected = job.resources.rejected_queue.as_deref()?;
    let queue = target.queue.as_deref();
    let fits = queue.is_some_and(|queue| queue != rejected);
    let wanted = || format!("anything but {rejected}");
    (!fits).then(|| Mismatch::new(("RejectedQueue", "MappingQueue"), wanted(), queue))
}

fn queue(job: &JobDescription, target: &ExecutionTarget) -> Option<Mismatch> {
    let pair = ("QueueName", "MappingQueue");
    same(
        pair,
        job.resources.queue_name.as_deref()?,
        target.queue.as_deref(),
    )
}

fn health(_: &JobDescription, target: &ExecutionTarget) -> Option<Mismatch> {
    let fits = target.health == Some(Health::Ok);
    (!fits).then(|| Mismatch::new(("Health", "HealthState"), Health::Ok, target.health))
}

fn wall_time(job: &JobDescription, target: &ExecutionTarget) -> Option<Mismatch> {
    let (asked, limits) = (job.resources.individual_wall_time, &target.limits);
    let too_long = || {
        above(
            ("IndividualWallTime", "MaxWallTime"),
            asked.max,
            limits.wall_time_max,
        )
    };
    let too_short = || {
        below(
            ("IndividualWallTime", "MinWallTime"),
            asked.min,
            limits.wall_time_min,
        )
    };
    too_long().or_else(too_short)
}

fn cpu_time(job: &JobDescription, target: &ExecutionTarget) -> Option<Mismatch> {
    let (asked, limits) = (job.resources.individual_cpu_time, &target.limits);
    let too_long = || {
        above(
            ("IndividualCPUTime", "MaxCPUTime"),
            asked.max,
            limits.cpu_time_max,
        )
    };
    let too_short = || {
        below(
            ("IndividualCPUTime", "MinCPUTime"),
            asked.min,
            limits.cpu_time_min,
        )
    };
    too_long().or_else(too_short)
}

fn memory(job: &JobDescription, target: &ExecutionTarget) -> Option<Mismatch> {
    let needed = job.resources.individual_physical_memory.needed()?;
    let (node, share) = (target.machine.memory, target.limits.memory_max);
    let node_pair = ("IndividualPhysicalMemory", "MainMemorySize");
    if node.is_none() && share.is_none() {
        return Some(Mismatch::new(node_pair, needed, None::<u64>));
    }
    let share_pair = ("IndividualPhysicalMemory", "MaxMainMemory");
    above(node_pair, Some(needed), node).or_else(|| above(share_pair, Some(needed), share))
}

fn virtual_memory(job: &JobDescription, target: &ExecutionTarget) -> Option<Mismatch> {
    let needed = job.resources.individual_virtual_memory.needed()?;
    let most = target.limits.virtual_memory_max;
    let fits = most.is_some_and(|most| needed <= most);
    let pair = ("IndividualVirtualMemory", "MaxVirtualMemory");
    (!fits).then(|| Mismatch::new(pair, needed, most))
}

fn platform(job: &JobDescription, target: &ExecutionTarget) -> Option<Mismatch> {
    let wanted = job.resources.platform.as_deref()?;
    same(
        ("Platform", "Platform"),
        wanted,
        target.machine.platform.as_deref(),
    )
}

fn operating_system(job: &JobDescription, target: &ExecutionTarget) -> Option<Mismatch> {
    let pair = ("OperatingSystem", "OperatingSystem");
    let published = target.machine.operating_system.as_slice();
    unsatisfied(pair, &job.resources.operating_system, published)
}

fn runtime_environments(job: &JobDescription, target: &ExecutionTarget) -> Option<Mismatch> {
    let pair = ("RunTimeEnvironment", "ApplicationEnvironments");
    unsatisfied(
        pair,
        &job.resources.run_time_environment,
        &target.runtime_environments,
    )
}

fn slots(job: &JobDescription, target: &ExecutionTarget) -> Option<Mismatch> {
    let wanted = job.resources.number_of_slots?;
    let (total, per_job) = (target.counters.total_slots, target.limits.slots_per_job_max);
    let total_pair = ("NumberOfSlots", "TotalSlots");
    if total.is_none() && per_job.is_none() {
        return Some(Mismatch::new(total_pair, wanted, None::<u32>));
    }
    let per_job_pair = ("NumberOfSlots", "MaxSlotsPerJob");
    above(total_pair, Some(wanted), total).or_else(|| above(per_job_pair, Some(wanted), per_job))
}

fn same(pair: Pair, wanted: &str, published: Option<&str>) -> Option<Mismatch> {
    (published != Some(wanted)).then(|| Mismatch::new(pair, wanted, published))
}

/// Finds that more is asked for than the most that is published.
fn above<T: PartialOrd + ToString>(
    pair: Pair,
    asked: Option<T>,
    most: Option<T>,
) -> Option<Mismatch> {
    let (asked, most) = asked.zip(most)?;
    (asked > most).then(|| Mismatch::new(pair, asked, Some(most)))
}

/// Finds that less is asked for than the least that is published.
fn below<T: PartialOrd + ToString>(
    pair: Pair,
    asked: Option<T>,
    least: Option<T>,
) -> Option<Mismatch> {
    let (asked, least) = asked.zip(least)?;
    (asked < least).then(|| Mismatch::new(pair, asked, Some(least)))
}

/// Finds the first requirement that nothing published meets.
fn unsatisfied(
    pair: Pair,
    wanted: &[SoftwareRequirement],
    published: &[Software],
) -> Option<Mismatch> {
    let met = |requirement: &&SoftwareRequirement| {
        published
            .iter()
            .any(|offered| requirement.is_satisfied_by(offered))
    };
    let unmet = wanted.iter().find(|requirement| !met(requirement))?;
    Some(Mismatch::new(pair, unmet, shown(published)))
}

/// Shows what is installed, `None` if nothing is published.
fn shown(published: &[Software]) -> Option<String> {
    // A site may publish thousands; the name sought is not among these.
    const SHOWN_MAX: usize = 8;
    let names: Vec<_> = published
        .iter()
        .take(SHOWN_MAX)
        .map(Software::to_string)
        .collect();
    let more = published.len().saturating_sub(SHOWN_MAX);
    let ending = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    (!names.is_empty()).then(|| names.join(", ") + &ending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::json;

    fn job(fields: &str) -> JobDescription {
        json::parse(format!("{{\"executable\": \"a\"{fields}}}").as_bytes()).unwrap()
    }

    /// A target that publishes everything.
    fn target() -> ExecutionTarget {
        let mut target = ExecutionTarget::new("t");
        target.queue = Some("short".into());
        target.counters.total_slots = Some(8);
        target.limits.slots_per_job_max = Some(4);
        target.limits.wall_time_min = Some(10);
        target.limits.wall_time_max = Some(100);
        target.limits.cpu_time_min = Some(10);
        target.limits.cpu_time_max = Some(100);
        target.limits.memory_max = Some(1_000);
        target.limits.virtual_memory_max = Some(2_000);
        target.machine.memory = Some(4_000);
        target.machine.platform = Some("x86_64".into());
        target.machine.operating_system = Some("Linux-6.1".parse().unwrap());
        target.runtime_environments = vec!["ENV/PYTHON-3.9".parse().unwrap()];
        target
    }

    /// For each attribute: a value that just fits, one that just does not,
    /// and what the rejection says.
    const BORDERS: [(&str, &str, &str); 13] = [
        (
            "'rejected_queue': 'long'",
            "'rejected_queue': 'short'",
            "RejectedQueue is anything but short, MappingQueue is short",
        ),
        (
            "'queue': 'short'",
            "'queue': 'long'",
            "QueueName is long, MappingQueue is short",
        ),
        (
            "'wall_time': 100",
            "'wall_time': 101",
            "IndividualWallTime is 101, MaxWallTime is 100",
        ),
        (
            "'wall_time': {'min': 10}",
            "'wall_time': {'min': 9}",
            "IndividualWallTime is 9, MinWallTime is 10",
        ),
        (
            "'cpu_time': 100",
            "'cpu_time': 101",
            "IndividualCPUTime is 101, MaxCPUTime is 100",
        ),
        (
            "'cpu_time': {'min': 10}",
            "'cpu_time': {'min': 9}",
            "IndividualCPUTime is 9, MinCPUTime is 10",
        ),
        (
            "'memory': 1000",
            "'memory': 1001",
            "IndividualPhysicalMemory is 1001, MaxMainMemory is 1000",
        ),
        (
            "'memory': {'min': 1000}",
            "'memory': 4001",
            "IndividualPhysicalMemory is 4001, MainMemorySize is 4000",
        ),
        (
            "'virtual_memory': 2000",
            "'virtual_memory': 2001",
            "IndividualVirtualMemory is 2001, MaxVirtualMemory is 2000",
        ),
        (
            "'platform': 'x86_64'",
            "'platform': 'aarch64'",
            "Platform is aarch64, Platform is x86_64",
        ),
        (
            "'operating_systems': ['Linux', '>=Linux-6']",
            "'operating_systems': ['Linux', 'Linux-7']",
            "OperatingSystem is ==Linux-7, OperatingSystem is Linux-6.1",
        ),
        (
            "'runtime_environments': ['ENV/PYTHON']",
            "'runtime_environments': ['ENV/RUBY']",
            "RunTimeEnvironment is >=ENV/RUBY, ApplicationEnvironments is ENV/PYTHON-3.9",
        ),
        (
            "'slots': 4",
            "'slots': 5",
            "NumberOfSlots is 5, MaxSlotsPerJob is 4",
        ),
    ];

    #[test]
    fn every_attribute_has_its_border() {
        for (fits, does_not, reason) in BORDERS {
            let job = |field: &str| job(&format!(", {}", field.replace('\'', "\"")));
            assert_eq!(check(&job(fits), &target()), Ok(()), "{fits}");
            let rejection = check(&job(does_not), &target())
                .expect_err(does_not)
                .to_string();
            assert_eq!(rejection, format!("`t`: {reason}"));
        }
    }

    #[test]
    fn unpublished_means_rejected_except_for_times() {
        let silent = ExecutionTarget::new("silent");
        for (fits, _, _) in BORDERS {
            let job = job(&format!(", {}", fits.replace('\'', "\"")));
            match check(&job, &silent) {
                Ok(()) => assert!(fits.contains("_time"), "{fits}"),
                Err(rejection) => {
                    assert!(!fits.contains("_time"), "{fits}");
                    assert_eq!(rejection.published, None);
                }
            }
        }
    }

    #[test]
    fn only_healthy_targets_get_jobs() {
        let mut sick = target();
        sick.health = Some(Health::Warning);
        let rejection = check(&job(""), &sick).unwrap_err();
        assert_eq!(
            rejection.to_string(),
            "`t`: Health is ok, HealthState is warning"
        );
        sick.health = None;
        assert_eq!(check(&job(""), &sick).unwrap_err().published, None);
    }

    #[test]
    fn the_first_attribute_in_order_is_the_reason() {
        let job = job(", \"slots\": 99, \"queue\": \"q\", \"memory\": 99999");
        assert_eq!(check(&job, &target()).unwrap_err().attribute, "QueueName");
    }

    #[test]
    fn a_summary_counts_all_and_keeps_some() {
        let mut summary = Summary {
            considered: 31,
            ..Summary::default()
        };
        let slots = check(&job(", \"slots\": 5"), &target()).unwrap_err();
        (0..30).for_each(|_| summary.reject(slots.clone()));
        summary.reject(check(&job(", \"queue\": \"q\""), &target()).unwrap_err());
        assert_eq!(summary.examples.len(), Summary::EXAMPLES_MAX);
        assert_eq!(
            summary.to_string(),
            "of 31 targets, 30 rejected for NumberOfSlots, 1 for QueueName; \
             `t`: NumberOfSlots is 5, MaxSlotsPerJob is 4"
        );
    }

    #[test]
    fn long_lists_of_software_are_cut() {
        let many: Vec<Software> = (0..20).map(|n| format!("s-{n}").parse().unwrap()).collect();
        assert!(shown(&many).unwrap().ends_with(", s-7 and 12 more"));
    }
}
