//! The machine itself as a target.
//!
//! # Sources
//!
//! proc(5): `/proc/meminfo`, `/proc/sys/kernel/{hostname,ostype,osrelease}`.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::thread;

use crate::software::Software;
use crate::target::{Counters, ExecutionTarget, Machine};

/// Bytes that are read of a file under `/proc`; these have a few hundred.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The machine that this process runs on.
///
/// A file that is missing or makes no sense leaves its figure unpublished:
/// a machine without `/proc` still runs jobs that do not ask for memory.
///
/// # Examples
///
/// ```
/// use std::num::NonZeroU32;
/// use seda_stages::discover::local::LocalMachine;
///
/// let machine = LocalMachine::new("/", NonZeroU32::MIN);
/// let target = machine.discover("here");
/// assert_eq!(target.counters.total_slots, Some(1));
/// ```
#[derive(Clone, Debug)]
pub struct LocalMachine {
    root: PathBuf,
    slots: NonZeroU32,
}

impl LocalMachine {
    /// Looks at the machine whose files are under `root`, and offers `slots`
    /// of it.
    pub fn new(root: impl Into<PathBuf>, slots: NonZeroU32) -> Self {
        Self {
            root: root.into(),
            slots,
        }
    }

    /// Looks at this machine and offers as many slots as this process may
    /// use processors.
    ///
    /// # Errors
    ///
    /// Fails if the number of processors cannot be found out.
    pub fn this() -> io::Result<Self> {
        let processors = thread::available_parallelism()?;
        let slots = u32::try_from(processors.get())
            .ok()
            .and_then(NonZeroU32::new);
        Ok(Self::new("/", slots.unwrap_or(NonZeroU32::MAX)))
    }

    /// Makes the target, with nothing running on it yet.
    ///
    /// # Blocking
    ///
    /// Reads four small files of the kernel, which do not wait for a disk.
    pub fn discover(&self, name: &str) -> ExecutionTarget {
        let mut target = ExecutionTarget::new(name);
        target.queue = Some(name.to_owned());
        target.counters = Counters::idle(self.slots.get());
        target.limits.slots_per_job_max = Some(self.slots.get());
        target.machine = Machine {
            platform: Some(std::env::consts::ARCH.to_owned()),
            operating_system: self.operating_system(),
            memory: self.read("proc/meminfo").as_deref().and_then(total_memory),
            hostname: self.read("proc/sys/kernel/hostname"),
        };
        target
    }

    fn operating_system(&self) -> Option<Software> {
        let name = self.read("proc/sys/kernel/ostype")?;
        let release = self.read("proc/sys/kernel/osrelease").unwrap_or_default();
        // `6.1.0-13-amd64`: a vendor's suffix is no part of a version that
        // could be compared.
        let end = release.find(|c: char| !c.is_ascii_digit() && c != '.');
        let version = release
            .get(..end.unwrap_or(release.len()))
            .unwrap_or_default();
        let separator = if version.is_empty() { "" } else { "-" };
        format!("{name}{separator}{version}").parse().ok()
    }

    /// Reads a file as text without white space around it, if there is any.
    fn read(&self, path: impl AsRef<Path>) -> Option<String> {
        let file = File::open(self.root.join(path)).ok()?;
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// Returns `MemTotal` in whole MB; the kernel writes kB and means KiB.
fn total_memory(meminfo: &str) -> Option<u64> {
    let total = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes = total.trim().strip_suffix("kB")?.trim_end();
    Some(kilobytes.parse::<u64>().ok()? / 1024)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn machine(files: &[(&str, &str)]) -> ExecutionTarget {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        LocalMachine::new(root.path(), NonZeroU32::new(4).unwrap()).discover("here")
    }

    #[test]
    fn a_machine_tells_what_it_is() {
        let target = machine(&[
            (
                "proc/meminfo",
                "MemTotal:       16303428 kB\nMemFree:          812344 kB\n",
            ),
            ("proc/sys/kernel/hostname", "node7\n"),
            ("proc/sys/kernel/ostype", "Linux\n"),
            ("proc/sys/kernel/osrelease", "6.1.0-13-amd64\n"),
        ]);
        assert_eq!(target.machine.memory, Some(15_921));
        assert_eq!(target.machine.hostname.as_deref(), Some("node7"));
        assert_eq!(
            target.machine.operating_system,
            Some("Linux-6.1.0".parse().unwrap())
        );
        assert_eq!(
            target.machine.platform.as_deref(),
            Some(std::env::consts::ARCH)
        );
        assert_eq!(target.counters, Counters::idle(4));
    }

    #[test]
    fn what_cannot_be_read_is_unpublished() {
        let target = machine(&[
            ("proc/meminfo", "MemTotal: lots kB\nMemTotal: 5 pages"),
            ("proc/sys/kernel/hostname", "\n"),
            ("proc/sys/kernel/ostype", "Linux\n"),
        ]);
        assert_eq!(
            (target.machine.memory, target.machine.hostname),
            (None, None)
        );
        assert_eq!(
            target.machine.operating_system,
            Some("Linux".parse().unwrap())
        );
        assert_eq!(machine(&[]).machine.operating_system, None);
    }

    #[test]
    fn this_machine_offers_its_processors() {
        let slots = LocalMachine::this()
            .unwrap()
            .discover("here")
            .counters
            .total_slots;
        let processors = thread::available_parallelism().unwrap().get();
        assert_eq!(slots, Some(u32::try_from(processors).unwrap()));
    }
}
