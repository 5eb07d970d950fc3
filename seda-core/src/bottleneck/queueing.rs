//! Which stages wait for a bottleneck, and for whom they wait on the way to it.

use std::sync::Arc;

use crate::bottleneck::Waiting;
use crate::bottleneck::span::Span;

/// Lists the stages that waited for this one, the nearest first: those that it
/// refused and that deferred, and those that waited for these in turn.
pub(super) fn waiting_for(span: &Span, bottleneck: usize) -> Vec<Waiting> {
    let mut seen = vec![bottleneck];
    let mut waiting = Vec::new();
    let mut next = 0;
    // Every stage enters once, so the loop ends.
    while let Some(on) = seen.get(next).copied() {
        next += 1;
        for stage in 0..span.stages.len() {
            if !seen.contains(&stage)
                && let Some(found) = waits(span, stage, on)
            {
                seen.push(stage);
                waiting.push(found);
            }
        }
    }
    waiting
}

fn waits(span: &Span, stage: usize, on: usize) -> Option<Waiting> {
    let (who, whom) = (span.stages.get(stage)?, span.stages.get(on)?);
    let is_parked = whom.waiters.contains(&who.name);
    let refused: u64 = span
        .from(stage)
        .filter(|edge| edge.to == on)
        .map(|edge| edge.refused)
        .sum();
    let has_deferred = who.deferrals > 0 && refused > 0;
    (is_parked || has_deferred).then(|| Waiting {
        stage: Arc::clone(&who.name),
        waits_for: Arc::clone(&whom.name),
        deferrals: who.deferrals,
        is_parked,
    })
}

/// Finds a stage that defers most of its batches though nobody in the graph
/// refuses it: what it waits for is elsewhere.
pub(super) fn held_up_from_outside(span: &Span) -> Option<usize> {
    (0..span.stages.len()).find(|stage| {
        let refused = span.from(*stage).any(|edge| edge.refused > 0);
        let held = |stage: &crate::bottleneck::span::StageSpan| {
            stage.deferrals > 0 && stage.deferrals * 2 >= stage.batches
        };
        !refused && span.stages.get(*stage).is_some_and(held)
    })
}
