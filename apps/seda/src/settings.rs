//! The configuration as the parts of the server understand it.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use seda_core::{Class, DomainKind, OverloadManager, Plan};
use seda_io::http::{Limits, Timeouts, Wishes};
use seda_stages::broker::rank::LeastWaiting;
use seda_stages::discover::configured::ConfiguredTarget;
use seda_stages::discover::local::LocalMachine;
use seda_stages::discover::survey::Known;
use seda_stages::dispatch::board::Bounds;
use seda_stages::execute::directory::JobsRoot;
use seda_stages::pipeline::{BLOCKING, Queues, Settings, Times};
use seda_stages::target::{Health, Limits as JobLimits, TargetName};

use crate::config::setting::{HeaderName, Slots};
use crate::config::{Config, PlanTable, Target};

/// From one look at the machine to the next.
const DISCOVER_EVERY: Duration = Duration::from_mins(1);

/// What the urgencies 0 to 7 of RFC 9218 come to; who says nothing has 3.
const BY_URGENCY: [Class; 8] = [
    Class::HIGH,
    Class::HIGH,
    Class::HIGH,
    Class::NORMAL,
    Class::NORMAL,
    Class::LOW,
    Class::LOW,
    Class::LOW,
];

/// Threads for all stages that block together; they wait for disks and programs, not for cores.
const BLOCKING_THREADS_MAX: usize = 8;

/// How many bodies of the largest size may be on their way at one worker, however slowly.
const BODIES_TOGETHER: usize = 64;

/// The bounds of the server's connections.
pub fn limits(config: &Config) -> Limits {
    let http = &config.http;
    Limits {
        head_bytes_max: http.head_bytes_max.0,
        body_bytes_max: http.body_bytes_max.0,
        bodies_bytes_max: BODIES_TOGETHER.saturating_mul(http.body_bytes_max.0),
        connections_max: http.connections_max.get(),
        connections_per_peer_max: http.connections_per_peer_max.map(NonZeroUsize::get),
        rate_per_peer: http.rate_per_peer,
        rate: http.rate,
        timeouts: Timeouts {
            head: http.head_timeout,
            body: http.body_timeout,
            idle: http.idle_timeout,
            ..Timeouts::default()
        },
        ..Limits::default()
    }
}

/// Which wishes of requests are heeded, and what they come to.
pub fn wishes(config: &Config) -> Wishes {
    let heeded = &config.http.wishes;
    let mut wishes = Wishes::none();
    if let Some(HeaderName(header)) = &heeded.priority {
        wishes = wishes.priority(header, BY_URGENCY);
    }
    if let Some(HeaderName(header)) = &heeded.timeout {
        wishes = wishes.timeout(header, heeded.timeout_unit, heeded.timeout_max);
    }
    wishes
}

/// What the server must not run out of.
pub fn overload(config: &Config) -> OverloadManager {
    let manager = OverloadManager::default();
    match config.memory_max {
        None => manager,
        Some(most) => manager.memory_max(u64::try_from(most.0).unwrap_or(u64::MAX)),
    }
}

/// Where stages run: as the configuration says, or with threads in common for those that block.
///
/// # Errors
///
/// Says what is wrong with the configuration's plan, and where.
pub fn plan(table: Option<&PlanTable>) -> Result<Plan, String> {
    let Some(PlanTable { table, place }) = table else {
        let files = DomainKind::Blocking {
            min: 1,
            max: BLOCKING_THREADS_MAX,
        };
        let plan = Plan::default().domain("blocking", files);
        let place = |plan: Plan, stage: &&str| plan.place(stage, "blocking");
        return Ok(BLOCKING.iter().fold(plan, place));
    };
    let text = toml::to_string(table).map_err(|error| format!("{place}: {error}"))?;
    // The places in the error are those of the table alone, so only what it says is told.
    Plan::from_toml("plan", &text).map_err(|error| format!("{place}: {}", error.message))
}

/// What the job pipeline is made of.
///
/// # Errors
///
/// Says what is wrong with the targets.
pub fn pipeline(config: &Config, root: JobsRoot) -> Result<Settings, String> {
    let most = slots(config.jobs.slots);
    let targets = config.targets.iter().map(|target| configured(target, most));
    let known = Known::new(targets.collect(), LocalMachine::new("/", most));
    let queues = Queues {
        requests: config.queues.requests,
        jobs: config.queues.jobs,
    };
    Ok(Settings {
        bounds: Bounds {
            live_max: config.queues.jobs,
            ended_min: config.jobs.finished_max,
            slots_max: most.get(),
        },
        rank: Box::new(LeastWaiting),
        known: known.map_err(|error| error.to_string())?,
        root: Arc::new(root),
        environment: std::env::vars_os().collect(),
        output_bytes_max: u64::try_from(config.jobs.output_bytes_max.0).unwrap_or(u64::MAX),
        queues,
        times: Times {
            cancel_grace: config.jobs.cancel_grace,
            patience: config.drain_deadline,
            discover_every: DISCOVER_EVERY,
            wall_clock: || SystemTime::now().into(),
        },
    })
}

/// A target with no more slots than all targets have together.
fn configured(target: &Target, most: NonZeroU32) -> ConfiguredTarget {
    ConfiguredTarget {
        name: TargetName::new(&target.name),
        url: None,
        queue: Some(target.queue.clone()),
        health: Health::Ok,
        slots: slots(target.slots).min(most),
        limits: JobLimits::default(),
        platform: None,
        operating_system: None,
        memory: target
            .memory_mb
            .and_then(|memory| u64::try_from(memory.get()).ok()),
        runtime_environments: Vec::new(),
    }
}

/// How many slots that is here.
pub fn slots(slots: Slots) -> NonZeroU32 {
    let count = match slots {
        Slots::Exactly(count) => count.get(),
        Slots::Cores => thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    u32::try_from(count)
        .ok()
        .and_then(NonZeroU32::new)
        .unwrap_or(NonZeroU32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_no_more_slots_than_there_are() {
        let config = Config::parse(
            "a.toml",
            "[jobs]\nslots = 2\n[[target]]\nname = \"big\"\nslots = 64\nmemory_mb = 512\n",
        );
        let target = configured(&config.unwrap().targets[0], NonZeroU32::new(2).unwrap());
        assert_eq!((target.slots.get(), target.memory), (2, Some(512)));
    }

    #[test]
    fn a_wrong_plan_is_told_with_its_place() {
        let read = |text| plan(Config::parse("a.toml", text).unwrap().plan.as_ref());
        assert_eq!(
            read("[plan]\nworkers = 2\n"),
            Ok(Plan::default().workers(2))
        );
        let wrong = read("\n[plan]\nworkers = 0\n").unwrap_err();
        assert!(
            wrong.starts_with("a.toml:2:1: `workers` must be at least 1"),
            "{wrong}"
        );
    }
}
