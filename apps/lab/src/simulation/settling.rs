//! How long after the last change things are as they then stay.

use std::time::Duration;

use crate::scenario::{Load, Scenario};
use crate::simulation::timeline::STEP;

/// How many steps the goodput must hold.
const HOLDS: usize = 5;
/// How much of the plateau is as good as all of it.
const ALMOST: f64 = 0.9;
/// A plateau below this part of what could be done is a collapse, and not settled.
const WORTH: f64 = 0.5;

/// Gives the last moment at which load or service change, from when on the run counts.
pub(super) fn last_change(scenario: &Scenario) -> Option<Duration> {
    let server = &scenario.server;
    let slower = server
        .slower
        .iter()
        .map(|slower| slower.at.0 + slower.lasts.0);
    let pauses = server.pauses.iter().map(|pause| pause.at.0 + pause.lasts.0);
    let last = slower.chain(pauses).max();
    let load = match &scenario.load {
        Load::Open { changes, .. } => changes.iter().map(|change| change.at.0).max(),
        Load::Closed { joined, .. } => joined
            .iter()
            .map(|joined| joined.at.0 + joined.lasts.0)
            .max(),
    };
    last.max(load)
        .filter(|last| *last < scenario.times.measured.0)
}

/// Tells how many milliseconds after a change the goodput is, for half a
/// second, within a tenth of what it is in the last third of what follows;
/// none if never, or if that is less than half of `possible` a second.
pub(super) fn settled_ms(good: &[u64], change: Duration, possible: f64) -> Option<f64> {
    let from = usize::try_from(change.as_nanos().div_ceil(STEP.as_nanos())).ok()?;
    let after = good.get(from..)?;
    let end = after.get(after.len() - after.len() / 3..)?;
    let plateau = mean(end)?;
    if plateau < WORTH * possible * STEP.as_secs_f64() {
        return None;
    }
    let mut windows = after.windows(HOLDS.min(after.len()));
    let steps =
        windows.position(|steps| mean(steps).is_some_and(|good| good >= ALMOST * plateau))?;
    Some(steps as f64 * STEP.as_millis() as f64)
}

fn mean(steps: &[u64]) -> Option<f64> {
    let sum: u64 = steps.iter().sum();
    (!steps.is_empty()).then(|| sum as f64 / steps.len() as f64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::settled_ms;

    #[test]
    fn it_is_settled_once_it_holds_and_never_after_a_collapse() {
        let second = Duration::from_secs(1);
        let mut good = vec![100; 10];
        good.extend([0; 7]);
        good.extend([100; 30]);
        assert_eq!(settled_ms(&good, second, 1_000.0), Some(700.0));
        assert_eq!(settled_ms(&good, second, 3_000.0), None);
        good.extend([0; 30]);
        assert_eq!(settled_ms(&good, second, 1_000.0), None);
    }
}
