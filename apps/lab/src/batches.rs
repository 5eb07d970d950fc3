//! The batches of a stage, as a variant wants them.

use seda_core::{Batching, ClassicBatching, StageBuilder};

use crate::scenario::Variant;

/// Bounds a stage's batches, or has them adjusted.
pub(crate) fn batched<'g, E: Send + 'static>(
    stage: StageBuilder<'g, E>,
    variant: &Variant,
) -> StageBuilder<'g, E> {
    let stage = match variant.batch {
        Some(batch) => stage.batch(batch),
        None => stage,
    };
    match variant.batching.as_deref() {
        Some("classic") => stage.controller(ClassicBatching::default()),
        Some(_) => stage.controller(Batching::default()),
        None => stage,
    }
}
