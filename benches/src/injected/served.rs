//! What a stage of a random graph does: it takes its time, and passes events on.

use std::thread;
use std::time::Duration;

use seda_core::{Batch, BoxError, Handler, Sink};

use crate::cpu;

/// Takes its time for each event, then passes it on.
#[derive(Clone)]
pub(super) struct Serve {
    pub(super) to: Vec<Sink<u64>>,
    pub(super) takes: Duration,
    pub(super) waits: bool,
    pub(super) splits: bool,
    pub(super) defers: bool,
    /// What tells its choices from those of other stages.
    pub(super) salt: u32,
}

impl Handler for Serve {
    type Event = u64;

    fn handle(&mut self, batch: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(event) = batch.next() {
            let sinks = self.goes_to(event);
            if self.defers {
                let room: Vec<_> = sinks.iter().map(|sink| sink.reserve(1)).collect();
                if room.iter().any(Result::is_err) {
                    drop(room);
                    batch.defer(event);
                    break;
                }
                self.work();
                room.into_iter()
                    .flatten()
                    .for_each(|mut slot| slot.fill(event));
            } else {
                self.work();
                // What is refused is lost, and stands in the ledger.
                for sink in sinks {
                    drop(sink.enqueue(event));
                }
            }
        }
        Ok(())
    }
}

impl Serve {
    fn work(&self) {
        if self.waits {
            thread::sleep(self.takes);
        } else {
            cpu::burn(self.takes);
        }
    }

    fn goes_to(&self, event: u64) -> Vec<&Sink<u64>> {
        if !self.splits {
            return self.to.iter().collect();
        }
        // Not by turns: further down only every second number comes by.
        let mixed = event
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(self.salt);
        let turn = usize::try_from(mixed % 1_021).unwrap_or(0) % self.to.len().max(1);
        self.to.get(turn).into_iter().collect()
    }
}
