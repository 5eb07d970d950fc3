//! The response time that SEDA's admission controllers go by.

use std::time::Duration;

use crate::clock::Tick;
use crate::control::Sample;
use crate::control::window::Window;
use crate::law::Ewma;

/// Is the 90th percentile of how long events were in the stage, over windows of
/// so many events or so much time, smoothed.
///
/// A window without events tells nothing: where the original went by whatever
/// the array held (architecture.md §7, defect 6), this is silent.
#[derive(Debug)]
pub(super) struct Ninetieth {
    window: Window,
    smoothed: Ewma,
    /// When it last told something.
    told: Option<Tick>,
    looked: Tick,
}

/// Is what a window told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) p90: Duration,
    /// How long since the last that told something.
    pub(super) took: Duration,
}

impl Ninetieth {
    /// Makes one in which the past has a weight of `past`, from 0 to 1. It
    /// begins at zero, as the original did.
    pub(super) fn new(past: f64, events: u64, time: Duration) -> Self {
        Self {
            window: Window::new(events, time),
            smoothed: Ewma::from(0.0, 1.0 - past),
            told: None,
            looked: Tick::ZERO,
        }
    }

    pub(super) const fn period(&self) -> Duration {
        self.window.period()
    }

    /// Takes in what happened since it was last asked.
    pub(super) fn read(&mut self, now: Tick, sample: &Sample) -> Option<Reading> {
        let told = *self.told.get_or_insert(now);
        let looked = std::mem::replace(&mut self.looked, now);
        self.window.pass(sample.sojourns.count, now.since(looked));
        if sample.sojourns.count == 0 {
            return None;
        }
        self.told = Some(now);
        let p90 = self.smoothed.add(sample.sojourns.p90.as_secs_f64());
        Some(Reading {
            p90: Duration::from_secs_f64(p90),
            took: now.since(told),
        })
    }
}
