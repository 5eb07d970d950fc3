//! Which targets can take a job, and why the others cannot.
//!
//! # Sources
//!
//! libarcclient, appendix B ("Broker mapping"). Unlike there, both a node's
//! memory and its queue's limit are looked at when both are published.

use super::rejection::Rejection;
use crate::job::description::JobDescription;
use crate::software::{Software, SoftwareRequirement};
use crate::target::{ExecutionTarget, Health};

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
    fn new(pair: Pair, wanted: &impl ToString, published: Option<impl ToString>) -> Self {
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
    (!fits).then(|| Mismatch::new(("RejectedQueue", "MappingQueue"), &wanted(), queue))
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
    (!fits).then(|| Mismatch::new(("Health", "HealthState"), &Health::Ok, target.health))
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
        return Some(Mismatch::new(node_pair, &needed, None::<u64>));
    }
    let share_pair = ("IndividualPhysicalMemory", "MaxMainMemory");
    above(node_pair, Some(needed), node).or_else(|| above(share_pair, Some(needed), share))
}

fn virtual_memory(job: &JobDescription, target: &ExecutionTarget) -> Option<Mismatch> {
    let needed = job.resources.individual_virtual_memory.needed()?;
    let most = target.limits.virtual_memory_max;
    let fits = most.is_some_and(|most| needed <= most);
    let pair = ("IndividualVirtualMemory", "MaxVirtualMemory");
    (!fits).then(|| Mismatch::new(pair, &needed, most))
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
        return Some(Mismatch::new(total_pair, &wanted, None::<u32>));
    }
    let per_job_pair = ("NumberOfSlots", "MaxSlotsPerJob");
    above(total_pair, Some(wanted), total).or_else(|| above(per_job_pair, Some(wanted), per_job))
}

fn same(pair: Pair, wanted: &str, published: Option<&str>) -> Option<Mismatch> {
    (published != Some(wanted)).then(|| Mismatch::new(pair, &wanted, published))
}

/// Finds that more is asked for than the most that is published.
fn above<T: PartialOrd + ToString>(
    pair: Pair,
    asked: Option<T>,
    most: Option<T>,
) -> Option<Mismatch> {
    let (asked, most) = asked.zip(most)?;
    (asked > most).then(|| Mismatch::new(pair, &asked, Some(most)))
}

/// Finds that less is asked for than the least that is published.
fn below<T: PartialOrd + ToString>(
    pair: Pair,
    asked: Option<T>,
    least: Option<T>,
) -> Option<Mismatch> {
    let (asked, least) = asked.zip(least)?;
    (asked < least).then(|| Mismatch::new(pair, &asked, Some(least)))
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

    #[test]
    fn long_lists_of_software_are_cut() {
        let many: Vec<Software> = (0..20).map(|n| format!("s-{n}").parse().unwrap()).collect();
        assert!(shown(&many).unwrap().ends_with(", s-7 and 12 more"));
    }
}
