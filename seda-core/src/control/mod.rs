//! The seat of controllers: samples in, decisions with their reason out.

pub(crate) mod bound;
pub(crate) mod classic;
pub(crate) mod conductor;
pub(crate) mod threads;

use std::time::Duration;

use serde::Serialize;

use crate::clock::Tick;

/// Is what a controller sees: totals since the start, and states as they are now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Events that wait.
    pub queued: u64,
    /// Events taken and not finished.
    pub in_hand: u64,
    /// Events accepted since the start.
    pub accepted: u64,
    /// Events finished since the start, whichever way.
    pub finished: u64,
    /// Of these, the ones that a handler worked on: handled or failed.
    pub served: u64,
    /// Time inside handlers since the start, over all workers.
    pub busy: Duration,
    /// CPU time of the domain's threads since the start, where it is known.
    pub cpu: Option<Duration>,
    /// Threads of the stage's domain.
    pub threads: usize,
    /// The most events that may wait just now.
    pub limit: usize,
    /// The stage's latency budget, if it has one.
    pub target: Option<Duration>,
}

/// Is what a controller wants changed, and why, in words for the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The threads that the stage's blocking domain should have.
    pub threads: Option<usize>,
    /// The most events that should wait.
    pub limit: Option<usize>,
    /// The most events of one batch.
    pub batch: Option<usize>,
    /// Why; empty when nothing was decided.
    pub reason: String,
}

impl Decision {
    /// Decides nothing.
    pub fn none() -> Self {
        Self::default()
    }
}

/// Adjusts one stage from samples.
///
/// It is a pure state machine: no clock, no thread, no input or output inside,
/// so that the simulator and the runtime run the same code.
pub trait Controller: Send {
    /// Tells how often it wants a sample.
    fn period(&self) -> Duration;

    /// Takes in a sample and decides.
    fn update(&mut self, now: Tick, sample: &Sample) -> Decision;
}
