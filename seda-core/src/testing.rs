//! Tests of handlers without threads: probes to send to, batches to handle.

use std::sync::Arc;

use crate::batch::Batch;
use crate::clock::{Clock, Tick};
use crate::edge::{EdgeKind, Origin};
use crate::here::StageRef;
use crate::meta::Meta;
use crate::queue::runs::{Entry, Stamp};
use crate::queue::terms::Terms;
use crate::sink::Sink;
use crate::stage::core::StageCore;
use crate::stage::untyped::Untyped;

/// Makes a sink that belongs to no graph, and the probe that sees its events.
///
/// ```
/// use seda_core::testing::{batch, probe};
/// use seda_core::{Batch, BoxError, Handler, Sink};
///
/// struct Square { squares: Sink<u64> }
///
/// impl Handler for Square {
///     type Event = u64;
///     fn handle(&mut self, numbers: &mut Batch<u64>) -> Result<(), BoxError> {
///         while let Some(n) = numbers.next() {
///             self.squares.enqueue(n * n)?;
///         }
///         Ok(())
///     }
/// }
///
/// let (squares, seen) = probe(8);
/// Square { squares }.handle(&mut batch([1, 2, 3]))?;
/// assert_eq!(seen.take(), [1, 4, 9]);
/// # Ok::<(), BoxError>(())
/// ```
pub fn probe<E: Send + 'static>(capacity: usize) -> (Sink<E>, Probe<E>) {
    let at = StageRef { graph: 0, stage: 0 };
    let common = Untyped::new(at, "probe", Clock::manual(), capacity.max(1));
    let core = Arc::new(StageCore::new(common));
    let edge = core.common.edge_from(EdgeKind::Inlet, Origin::Outside);
    let sink = Sink::new(Arc::clone(&core), edge);
    (sink, Probe { core })
}

/// Sees what was sent to a sink made by [`probe`].
#[derive(Debug)]
pub struct Probe<E> {
    core: Arc<StageCore<E>>,
}

impl<E: Send + 'static> Probe<E> {
    /// Takes the events out, in order; their room is free again.
    pub fn take(&self) -> Vec<E> {
        let taken = self.take_with_meta().into_iter();
        taken.map(|(event, _)| event).collect()
    }

    /// Takes the events out with their meta.
    pub fn take_with_meta(&self) -> Vec<(E, Meta)> {
        let entries = self.core.inbox.drain(|| {});
        self.core.common.room.release(entries.len());
        entries
            .map(|entry| (entry.event, entry.stamp.meta))
            .collect()
    }
}

/// Makes a batch of events without meta, as a handler would get it.
pub fn batch<E>(events: impl IntoIterator<Item = E>) -> Batch<E> {
    batch_with_meta(events.into_iter().map(|event| (event, Meta::NONE)))
}

/// Makes a batch of events with their meta, as a handler would get it at
/// [`Tick::ZERO`].
pub fn batch_with_meta<E>(events: impl IntoIterator<Item = (E, Meta)>) -> Batch<E> {
    let mut batch = Batch::new(None);
    for (event, meta) in events {
        let stamp = Stamp {
            meta,
            enqueued: Tick::ZERO,
        };
        batch.runs.push(Entry { stamp, event });
    }
    let n = batch.runs.len();
    batch.begin(n, Terms::NONE);
    batch
}

/// Gives back what a handler left of a batch, deferred events first.
pub fn left_in<E>(mut batch: Batch<E>) -> Vec<E> {
    batch.end();
    batch.runs.map(|entry| entry.event).collect()
}
