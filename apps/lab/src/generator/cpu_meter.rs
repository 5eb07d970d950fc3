//! How much of its core the generator's thread uses while a run counts.

use std::time::Duration;

use seda_core::Tick;

use crate::cpu_time;

/// Is two looks at the CPU time of one thread.
#[derive(Debug)]
pub(super) struct CpuMeter {
    from: Tick,
    until: Tick,
    first: Option<Look>,
    last: Option<Look>,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Tick,
    used: Duration,
}

impl CpuMeter {
    pub(super) const fn new(from: Tick, until: Tick) -> Self {
        Self {
            from,
            until,
            first: None,
            last: None,
        }
    }

    /// Looks, if it is time to; on the thread that is measured.
    #[inline]
    pub(super) fn look(&mut self, now: Tick) {
        let due = if self.first.is_none() {
            self.from
        } else {
            self.until
        };
        if self.last.is_some() || now < due {
            return;
        }
        let look = Look {
            at: now,
            used: cpu_time::thread(),
        };
        match self.first {
            None => self.first = Some(look),
            Some(_) => self.last = Some(look),
        }
    }

    /// Returns the part of a core between the two looks.
    pub(super) fn busy(&self) -> Option<f64> {
        let (first, last) = (self.first?, self.last?);
        let wall = last.at.since(first.at).as_secs_f64();
        (wall > 0.0).then(|| last.used.saturating_sub(first.used).as_secs_f64() / wall)
    }
}
