//! Which attribute of a job rejects which target.

#![allow(
    clippy::unwrap_used,
    reason = "the helper functions of a test fail by panicking"
)]

use seda_stages::broker::matching::check;
use seda_stages::broker::rejection::Summary;
use seda_stages::describe::json;
use seda_stages::job::description::JobDescription;
use seda_stages::target::{ExecutionTarget, Health};

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
