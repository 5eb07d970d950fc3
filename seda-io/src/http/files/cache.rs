//! What was found lately, by place: bounded in bytes and in open files.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;
use seda_core::Tick;

use super::file_path::FilePath;
use super::opened::Opened;

/// Nanoseconds, 1 s: so long what was found is answered with, without another look.
const FRESH: u64 = 1_000_000_000;

/// Is what was counted since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileCounts {
    /// Requests that were answered from the cache.
    pub hits: u64,
    /// Requests that went on to the disk.
    pub misses: u64,
    /// Requests that were refused, since too many waited for the disk.
    pub refused: u64,
    /// Requests that failed for another reason than that there is no such file.
    pub failed: u64,
    /// Files that were forgotten to make room for others.
    pub evicted: u64,
}

/// Is what is counted, for all workers.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) failed: AtomicU64,
    evicted: AtomicU64,
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Is what was found at some place.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) opened: Opened,
    /// Nanoseconds: when the disk was asked last.
    asked: AtomicU64,
    /// It was wanted since the hand of the clock passed.
    used: AtomicBool,
}

/// Keeps what was found; the second chance (CLOCK) decides what is forgotten.
#[derive(Debug)]
pub(super) struct Cache {
    kept: RwLock<Kept>,
    bytes_max: usize,
    open_max: usize,
    pub(super) tally: Tally,
}

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<FilePath, Arc<Entry>>,
    /// Every place of `entries` once, in the order of the hand.
    clock: VecDeque<FilePath>,
    bytes: usize,
    open: usize,
}

impl Cache {
    pub(super) fn new(bytes_max: usize, open_max: usize) -> Self {
        Self {
            kept: RwLock::default(),
            bytes_max,
            open_max,
            tally: Tally::default(),
        }
    }

    pub(super) fn counts(&self) -> FileCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        FileCounts {
            hits: read(&self.tally.hits),
            misses: read(&self.tally.misses),
            refused: read(&self.tally.refused),
            failed: read(&self.tally.failed),
            evicted: read(&self.tally.evicted),
        }
    }

    /// Gives what was found at a place, if that is not too long ago.
    pub(super) fn fresh(&self, place: &FilePath, now: Tick) -> Option<Arc<Entry>> {
        let entry = self.kept.read().entries.get(place).cloned()?;
        let age = now
            .as_nanos()
            .saturating_sub(entry.asked.load(Ordering::Relaxed));
        // Where it is hot, many threads read this line, and none should write it.
        if age < FRESH && !entry.used.load(Ordering::Relaxed) {
            entry.used.store(true, Ordering::Relaxed);
        }
        (age < FRESH).then_some(entry)
    }

    /// Takes in what was found at a place; gives it back to be answered with.
    /// What is there already stays if it is the same state of the same file.
    pub(super) fn keep(&self, place: FilePath, opened: Opened, now: Tick) -> Arc<Entry> {
        let mut kept = self.kept.write();
        if let Some(entry) = kept.entries.get(&place)
            && entry.opened.identity == opened.identity
        {
            entry.asked.store(now.as_nanos(), Ordering::Relaxed);
            return Arc::clone(entry);
        }
        kept.forget(&place);
        let entry = Arc::new(Entry {
            opened,
            asked: AtomicU64::new(now.as_nanos()),
            used: AtomicBool::new(false),
        });
        let (bytes, open) = entry.opened.weight();
        if bytes > self.bytes_max || open > self.open_max {
            return entry;
        }
        while kept.bytes + bytes > self.bytes_max || kept.open + open > self.open_max {
            kept.evict();
            count(&self.tally.evicted);
        }
        kept.bytes += bytes;
        kept.open += open;
        kept.clock.push_back(place.clone());
        kept.entries.insert(place, Arc::clone(&entry));
        entry
    }

    /// Forgets a place where nothing is any more.
    pub(super) fn forget(&self, place: &FilePath) {
        self.kept.write().forget(place);
    }
}

impl Kept {
    fn forget(&mut self, place: &FilePath) {
        if self.remove(place) {
            self.clock.retain(|kept| kept != place);
        }
    }

    /// Forgets the next place that was not wanted since the hand passed it.
    fn evict(&mut self) {
        while let Some(place) = self.clock.pop_front() {
            let entry = self.entries.get(&place);
            if entry.is_some_and(|entry| entry.used.swap(false, Ordering::Relaxed)) {
                self.clock.push_back(place);
            } else {
                self.remove(&place);
                return;
            }
        }
    }

    fn remove(&mut self, place: &FilePath) -> bool {
        let Some(entry) = self.entries.remove(place) else {
            return false;
        };
        let (bytes, open) = entry.opened.weight();
        self.bytes -= bytes;
        self.open -= open;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::files::opened::Identity;

    fn file(inode: u64, bytes: usize) -> Opened {
        Opened::in_memory(Identity::numbered(inode), vec![0; bytes])
    }

    fn place(n: u64) -> FilePath {
        FilePath::parse(&format!("/{n}")).unwrap()
    }

    #[test]
    fn what_was_found_is_fresh_for_a_second() {
        let cache = Cache::new(1_000, 10);
        cache.keep(place(1), file(1, 10), Tick::from_nanos(5));
        let found = |at| cache.fresh(&place(1), Tick::from_nanos(at)).is_some();
        assert!(found(5) && found(FRESH + 4) && !found(FRESH + 5));
        cache.keep(place(1), file(1, 10), Tick::from_nanos(FRESH + 5));
        assert!(found(FRESH + 5));
        assert_eq!(cache.kept.read().bytes, 10, "it is there once");
    }

    #[test]
    fn another_file_takes_the_place_of_the_first() {
        let cache = Cache::new(1_000, 10);
        cache.keep(place(1), file(1, 10), Tick::ZERO);
        cache.keep(place(1), file(2, 30), Tick::ZERO);
        let kept = cache.kept.read();
        assert_eq!(
            (kept.bytes, kept.entries.len(), kept.clock.len()),
            (30, 1, 1)
        );
    }

    #[test]
    fn what_is_wanted_stays_and_the_bound_holds() {
        let cache = Cache::new(100, 10);
        for n in 0..50 {
            cache.keep(place(n), file(n, 30), Tick::ZERO);
            assert!(cache.kept.read().bytes <= 100);
            assert!(n == 0 || cache.fresh(&place(0), Tick::ZERO).is_some());
        }
        assert_eq!(cache.counts().evicted, 47);
    }

    #[test]
    fn what_is_too_large_is_answered_and_not_kept() {
        let cache = Cache::new(100, 10);
        assert_eq!(
            cache
                .keep(place(1), file(1, 101), Tick::ZERO)
                .opened
                .weight()
                .0,
            101
        );
        assert!(cache.fresh(&place(1), Tick::ZERO).is_none());
    }
}
