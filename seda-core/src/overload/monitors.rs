//! What the pressure on a graph is read from.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

/// Is what a graph knows of its own load.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// Events that wait or are in hand, in all stages.
    pub in_flight: u64,
    /// The stage whose queue time is the largest part of its target.
    pub slowest: Option<Lateness>,
}

/// Is how long the queue of a stage with a target takes to empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Lateness {
    /// The stage.
    pub stage: Arc<str>,
    /// What waits / the rate at which it is done.
    pub queue_time: Duration,
    /// What the queue may take: four fifths of the target, as admission has it.
    pub most: Duration,
}

/// Says what runs short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Concern {
    /// Something that the process has only so much of.
    Supply,
    /// Time.
    Time,
}

/// Is what one monitor has read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// The monitor.
    pub monitor: &'static str,
    /// What runs short.
    pub concern: Concern,
    /// The part that is used up: 0 is none, 1 is all.
    pub pressure: f64,
    /// The same in words, with its figures.
    pub words: String,
}

/// Reads one source of pressure, every 250 ms.
pub trait Monitor: Send {
    /// Reads; none where there is nothing to read.
    ///
    /// # Blocking
    ///
    /// It is called in the controllers' thread, which waits for it.
    fn read(&mut self, load: &Load) -> Option<Reading>;
}

impl<F: FnMut(&Load) -> Option<Reading> + Send> Monitor for F {
    fn read(&mut self, load: &Load) -> Option<Reading> {
        self(load)
    }
}

/// Reads the memory that the process has, against a bound in bytes.
///
/// Source: proc(5), `/proc/PID/status`, `VmRSS`: the same as in `statm`, but in
/// KiB, so that nobody need know the size of a page.
pub(crate) fn memory(most: u64) -> impl Monitor {
    move |_: &Load| {
        let used = resident()?;
        Some(Reading {
            monitor: "memory",
            concern: Concern::Supply,
            pressure: part(used, most),
            words: format!("{} of {} MiB of memory", used >> 20, most >> 20),
        })
    }
}

/// Reads the open descriptors of the process, against a bound.
///
/// Source: proc(5), `/proc/PID/fd`: since Linux 6.2 the directory's size is the
/// number of its entries, so that nobody need list them.
pub(crate) fn descriptors(most: u64) -> impl Monitor {
    move |_: &Load| {
        let size = fs::metadata("/proc/self/fd").ok()?.len();
        let used = if size > 0 {
            size
        } else {
            fs::read_dir("/proc/self/fd").ok()?.count() as u64
        };
        Some(Reading {
            monitor: "descriptors",
            concern: Concern::Supply,
            pressure: part(used, most),
            words: format!("{used} of {most} descriptors"),
        })
    }
}

/// Reads the events in the graph, against a bound.
pub(crate) fn in_flight(most: u64) -> impl Monitor {
    move |load: &Load| {
        let used = load.in_flight;
        Some(Reading {
            monitor: "in-flight",
            concern: Concern::Supply,
            pressure: part(used, most),
            words: format!("{used} of {most} events in the graph"),
        })
    }
}

/// Reads the longest queue, in time, against its stage's target.
pub(crate) fn queue_time() -> impl Monitor {
    |load: &Load| {
        let slowest = load.slowest.as_ref()?;
        let (time, most) = (slowest.queue_time, slowest.most);
        Some(Reading {
            monitor: "queue-time",
            concern: Concern::Time,
            pressure: time.div_duration_f64(most).min(1.0),
            words: format!("{time:.1?} of {most:.1?} queued at `{}`", slowest.stage),
        })
    }
}

/// Gives the most memory that the process can have: the machine's, or what its
/// control group allows.
///
/// Sources: proc(5), `/proc/meminfo`; the kernel's cgroup-v2, `memory.max`.
pub(crate) fn memory_of_machine() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let machine = kib(&text, "MemTotal:")?;
    let group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group = group.and_then(|text| text.trim().parse().ok());
    Some(group.map_or(machine, |group: u64| group.min(machine)))
}

/// Gives the most descriptors that the process may have open.
///
/// Source: proc(5), `/proc/PID/limits`, the soft limit.
pub(crate) fn descriptors_of_process() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/limits").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    line?.split_ascii_whitespace().next()?.parse().ok()
}

fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    kib(&text, "VmRSS:")
}

/// Reads a line of `/proc` that gives its figure in KiB; gives bytes.
fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number: u64 = line?.split_ascii_whitespace().next()?.parse().ok()?;
    Some(number << 10)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a part needs no more than 52 bits"
)]
fn part(used: u64, most: u64) -> f64 {
    (used as f64 / most.max(1) as f64).min(1.0)
}
