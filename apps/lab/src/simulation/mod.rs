//! Scenarios in virtual time: the runtime's own queues, controllers and stages,
//! with simulated clients and simulated work.

mod expected;
mod journal;
mod point;
mod settling;
mod stand;
mod timeline;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use seda_core::BoxError;

use crate::record::Run;
use crate::scenario::{Load, Scenario, Variant};
use crate::simulation::point::Point;

/// Runs each variant at each load with each seed, on all cores of the machine;
/// `progress` hears how many runs are done, and of how many.
///
/// # Blocking
///
/// Until all runs are done.
///
/// # Errors
///
/// When a variant makes a stage that cannot start, or a trace cannot be read.
///
/// ```
/// use seda_lab::scenario::Scenario;
///
/// let scenario = Scenario::read("twice.toml", r#"
///     name = "twice"
///     title = "Twice too much"
///     about = "What the default does with it."
///     target = "25ms"
///     server = { servers = 2, work = { kind = "exponential", mean = "1ms" } }
///     load = { kind = "open", loads = [2.0] }
///     times = { warm_up = "1s", measured = "2s" }
/// "#)?;
/// let runs = seda_lab::simulate(&scenario, &[42], |_, _| {})?;
/// let run = &runs[0];
/// assert!(run.outcomes.is_exact() && run.outcomes.rejected > 0);
/// assert!(run.goodput() > 0.9 * run.capacity.unwrap());
/// # Ok::<(), seda_core::BoxError>(())
/// ```
pub fn simulate(
    scenario: &Scenario,
    seeds: &[u64],
    progress: impl Fn(usize, usize) + Sync,
) -> Result<Vec<Run>, BoxError> {
    let points = points(scenario, seeds);
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let runs = Mutex::new(Vec::new());
    let work = || -> Result<(), BoxError> {
        loop {
            // From the end, where the largest loads are: the short runs even it out.
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(index) = points.len().checked_sub(index + 1) else {
                return Ok(());
            };
            let Some(point) = points.get(index) else {
                return Ok(());
            };
            let run = point.run(scenario)?;
            if let Ok(mut runs) = runs.lock() {
                runs.push((index, run));
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, points.len());
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores.min(points.len()))
            .map(|_| scope.spawn(work))
            .collect();
        let ends = threads.into_iter().map(|thread| {
            let end = thread.join();
            end.unwrap_or_else(|_| Err("a run has panicked, see above; report it".into()))
        });
        // All are waited for before the first error counts.
        ends.collect::<Vec<_>>()
            .into_iter()
            .collect::<Result<(), _>>()
    })?;
    let mut runs = runs.into_inner().map_err(|_| "a run has panicked")?;
    runs.sort_by_key(|(index, _)| *index);
    Ok(runs.into_iter().map(|(_, run)| run).collect())
}

/// Lists all runs: variants, then loads, then seeds.
fn points(scenario: &Scenario, seeds: &[u64]) -> Vec<Point> {
    let only = [Variant {
        name: "drain rate".to_owned(),
        ..Variant::default()
    }];
    let variants = if scenario.variant.is_empty() {
        &only[..]
    } else {
        &scenario.variant
    };
    let steps = match &scenario.load {
        Load::Open { loads, .. } => loads.len(),
        Load::Closed { clients, .. } => clients.len(),
    };
    let mut points = Vec::new();
    for variant in variants {
        for step in 0..steps {
            points.extend(seeds.iter().map(|seed| Point {
                variant: variant.clone(),
                step,
                seed: *seed,
            }));
        }
    }
    points
}
