//! What was found out about names lately.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

use super::{Addresses, NameError};
use crate::count::Count;
use crate::timer::nanoseconds;

/// Names that are remembered at most.
const NAMES_MAX: usize = 1_024;
/// How long what was found is believed, and that nothing was: as long as
/// a host may be gone, or have come back, unnoticed.
const FOUND: Duration = Duration::from_secs(30);
const NOT_FOUND: Duration = Duration::from_secs(1);

/// Is what is known of names.
#[derive(Debug, Default)]
pub(super) struct Cache {
    known: Mutex<HashMap<Box<str>, Known>>,
    hits: Count,
    looked_up: Count,
    failed: Count,
    refused: Count,
}

#[derive(Clone, Debug)]
struct Known {
    addresses: Result<Addresses, NameError>,
    /// Nanoseconds.
    until: u64,
}

/// Is what was counted about names since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameCounts {
    /// Questions that were answered at once.
    pub hits: u64,
    /// Questions that were put to the operating system.
    pub looked_up: u64,
    /// Of these, those to which it had no answer.
    pub failed: u64,
    /// Questions that were refused, since too many were waiting.
    pub refused: u64,
}

impl Cache {
    /// Gives what is known and still believed. Letters of both cases are the
    /// same (RFC 4343).
    pub(super) fn get(&self, host: &str, now: u64) -> Option<Result<Addresses, NameError>> {
        let key = host.to_ascii_lowercase();
        let known = self.known.lock();
        let known = known.get(key.as_str()).filter(|known| now < known.until)?;
        self.hits.add(1);
        Some(known.addresses.clone())
    }

    /// Remembers what was found out; the name that would be forgotten first
    /// makes room for it.
    pub(super) fn keep(&self, host: &str, addresses: &Result<Addresses, NameError>, now: u64) {
        self.looked_up.add(1);
        self.failed.add(usize::from(addresses.is_err()));
        let lasts = if addresses.is_ok() { FOUND } else { NOT_FOUND };
        let key = host.to_ascii_lowercase().into_boxed_str();
        let mut known = self.known.lock();
        if known.len() >= NAMES_MAX && !known.contains_key(&key) {
            known.retain(|_, known| now < known.until);
        }
        if known.len() >= NAMES_MAX && !known.contains_key(&key) {
            let oldest = known.iter().min_by_key(|(_, known)| known.until);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                known.remove(&oldest);
            }
        }
        let known_now = Known {
            addresses: addresses.clone(),
            until: now.saturating_add(nanoseconds(lasts)),
        };
        known.insert(key, known_now);
    }

    pub(super) fn count_refused(&self) {
        self.refused.add(1);
    }

    pub(super) fn counts(&self) -> NameCounts {
        NameCounts {
            hits: self.hits.get(),
            looked_up: self.looked_up.get(),
            failed: self.failed.get(),
            refused: self.refused.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn found() -> Addresses {
        Arc::new(["192.0.2.1".parse().unwrap()])
    }

    #[test]
    fn what_was_found_is_believed_longer_than_that_nothing_was() {
        let cache = Cache::default();
        let nothing = Err(NameError::new("nowhere", "it is not there"));
        cache.keep("Somewhere", &Ok(found()), 0);
        cache.keep("nowhere", &nothing, 0);
        assert_eq!(cache.get("someWHERE", 30 * SECOND - 1), Some(Ok(found())));
        assert_eq!(cache.get("somewhere", 30 * SECOND), None);
        assert_eq!(cache.get("nowhere", SECOND - 1), Some(nothing));
        assert_eq!(cache.get("nowhere", SECOND), None);
        assert_eq!((cache.counts().hits, cache.counts().failed), (2, 1));
    }

    #[test]
    fn the_names_that_are_remembered_are_bounded() {
        let cache = Cache::default();
        for number in 0..2 * NAMES_MAX as u64 {
            cache.keep(&number.to_string(), &Ok(found()), number);
        }
        assert_eq!(cache.known.lock().len(), NAMES_MAX);
        let last = 2 * NAMES_MAX as u64 - 1;
        assert!(
            cache.get(&last.to_string(), last).is_some(),
            "the newest stays"
        );
        assert!(cache.get("0", last).is_none(), "the oldest goes");
        // What is believed no more goes before anything else.
        cache.keep("new", &Ok(found()), last + 31 * SECOND);
        assert_eq!(cache.known.lock().len(), 1);
    }
}
