//! The broker against recorded examples of ARC's (`fixtures/broker-examples.json`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helper functions of a test fail by panicking"
)]

use seda_stages::broker::matching;
use seda_stages::broker::rank::from_name;
use seda_stages::broker::select::Broker;
use seda_stages::describe::json;
use seda_stages::job::description::{Bounds, JobDescription};
use seda_stages::target::{ExecutionTarget, Health};
use serde_json::Value;

fn examples() -> Value {
    serde_json::from_str(include_str!("fixtures/broker-examples.json")).unwrap()
}

fn number<T: TryFrom<u64>>(value: &Value) -> T {
    let number = value.as_u64().expect("a number");
    T::try_from(number).ok().expect("a number that fits")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// Reads the attributes of an example's job, and knows all that it reads.
fn job(attributes: &Value) -> JobDescription {
    let mut job = json::parse(br#"{"executable": "a"}"#).unwrap();
    let resources = &mut job.resources;
    for (name, value) in attributes.as_object().into_iter().flatten() {
        match name.as_str() {
            "IndividualCPUTime.min" => resources.individual_cpu_time.min = Some(number(value)),
            "IndividualCPUTime.max" => resources.individual_cpu_time.max = Some(number(value)),
            "IndividualWallTime.min" => resources.individual_wall_time.min = Some(number(value)),
            "IndividualPhysicalMemory" => {
                resources.individual_physical_memory = Bounds::at_most(number(value));
            }
            "IndividualVirtualMemory" => {
                resources.individual_virtual_memory = Bounds::at_most(number(value));
            }
            "Platform" => resources.platform = Some(text(value)),
            "OperatingSystem" => {
                resources.operating_system = vec![text(value).replace('|', "").parse().unwrap()];
            }
            "NumberOfSlots" => resources.number_of_slots = Some(number(value)),
            other => panic!("no attribute {other} here yet"),
        }
    }
    job
}

fn target(attributes: &Value) -> ExecutionTarget {
    let url = text(&attributes["url"]);
    let mut target = ExecutionTarget::new(url.clone());
    for (name, value) in attributes.as_object().unwrap() {
        match name.as_str() {
            "url" => target.url = Some(url.clone()),
            "HealthState" => target.health = (value == "ok").then_some(Health::Ok),
            "MinCPUTime" => target.limits.cpu_time_min = Some(number(value)),
            "MaxCPUTime" => target.limits.cpu_time_max = Some(number(value)),
            "MinWallTime" => target.limits.wall_time_min = Some(number(value)),
            "MainMemorySize" => target.machine.memory = Some(number(value)),
            "MaxMainMemory" => target.limits.memory_max = Some(number(value)),
            "MaxVirtualMemory" => target.limits.virtual_memory_max = Some(number(value)),
            "Platform" => target.machine.platform = Some(text(value)),
            "WaitingJobs" => target.counters.waiting_jobs = Some(number(value)),
            "TotalSlots" => target.counters.total_slots = Some(number(value)),
            "FreeSlots" => target.counters.free_slots = Some(number(value)),
            "UsedSlots" => target.counters.used_slots = Some(number(value)),
            "MaxSlotsPerJob" => target.limits.slots_per_job_max = Some(number(value)),
            other => panic!("no attribute {other} here yet"),
        }
    }
    target
}

/// Returns what this broker should do: what is recommended, where it differs.
fn expected<'e>(example: &'e Value, key: &str, otherwise: &'e Value) -> &'e Value {
    example["recommended"].get(key).unwrap_or(otherwise)
}

#[test]
fn targets_match_as_recorded() {
    let examples = examples();
    let examples = examples["match"].as_array().unwrap();
    assert_eq!(examples.len(), 9);
    for example in examples {
        let verdict = matching::check(&job(&example["job"]), &target(&example["target"]));
        let wanted = expected(example, "expected", &example["expected"]);
        assert_eq!(
            verdict.is_ok(),
            *wanted == true,
            "{}: {verdict:?}",
            example["id"]
        );
        if let (Err(rejection), Some(reason)) = (verdict, example["arc_reason"].as_str()) {
            assert!(
                reason.contains(rejection.compared_with),
                "{}: {rejection}",
                example["id"]
            );
            let published = rejection
                .published
                .unwrap_or_else(|| "not defined".to_owned());
            assert!(
                reason.contains(&published),
                "{}: {published}",
                example["id"]
            );
        }
    }
}

#[test]
fn targets_are_ranked_and_counted_as_recorded() {
    let examples = examples();
    let examples = examples["ranking"].as_array().unwrap();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let targets = example["targets"]
            .as_array()
            .unwrap()
            .iter()
            .map(target)
            .collect();
        let mut broker = Broker::new(targets, from_name("fastest_queue", 0).unwrap());
        let job = job(&example["job"]);

        let order: Vec<_> = broker.select(&job).map(|name| name.to_string()).collect();
        let wanted = expected(example, "order", &example["expected"]["order"]);
        assert_eq!(serde_json::json!(order), *wanted, "{}", example["id"]);

        let picks: Vec<_> = (0..example["register"].as_u64().unwrap_or(0))
            .map(|_| {
                let name = broker.select(&job).next().unwrap();
                broker.accepted(&name, &job);
                name.to_string()
            })
            .collect();
        if let Some(wanted) = example["recommended"].get("picks") {
            assert_eq!(serde_json::json!(picks), *wanted, "{}", example["id"]);
        } else {
            check_counters(&broker, &example["expected"]["after"]);
        }
    }
}

fn check_counters(broker: &Broker, after: &Value) {
    for wanted in after.as_array().into_iter().flatten() {
        let is_meant = |target: &&ExecutionTarget| wanted["url"] == target.name.as_str();
        let counters = broker.targets().iter().find(is_meant).unwrap().counters;
        assert_eq!(counters.free_slots, Some(number(&wanted["FreeSlots"])));
        assert_eq!(counters.used_slots, Some(number(&wanted["UsedSlots"])));
        assert_eq!(counters.waiting_jobs, Some(number(&wanted["WaitingJobs"])));
    }
}
