//! Several rounds in turn, so that a noisy minute hits all candidates alike.

use std::time::{Duration, Instant};

use crate::cpu;

/// Is what one run cost, for each of its operations.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Nanoseconds of wall time.
    pub wall_ns: f64,
    /// Nanoseconds of CPU time.
    pub cpu_ns: f64,
}

/// Measures `work`, which does a number of operations.
#[allow(
    clippy::cast_precision_loss,
    reason = "a cost needs no more than 52 bits"
)]
pub fn cost(operations: u64, work: impl FnOnce()) -> Cost {
    let cpu = cpu::process();
    let wall = Instant::now();
    work();
    let each = |spent: Duration| spent.as_secs_f64() * 1e9 / operations as f64;
    Cost {
        wall_ns: each(wall.elapsed()),
        cpu_ns: each(cpu::process().saturating_sub(cpu)),
    }
}

/// Is something to measure: a name, and a run.
pub struct Candidate<'c> {
    /// What is measured.
    pub name: String,
    /// Does it once, and says what it cost.
    pub run: Box<dyn FnMut() -> Cost + 'c>,
}

impl<'c> Candidate<'c> {
    /// Makes a candidate.
    pub fn new(name: impl Into<String>, run: impl FnMut() -> Cost + 'c) -> Self {
        Self {
            name: name.into(),
            run: Box::new(run),
        }
    }
}

impl std::fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Candidate").field(&self.name).finish()
    }
}

/// Runs all candidates in turn, `rounds` times, and gives the least cost of
/// each: what the machine can do when nobody disturbs it.
pub fn best_of(rounds: usize, candidates: &mut [Candidate<'_>]) -> Vec<(String, Cost)> {
    let mut best: Vec<Option<Cost>> = vec![None; candidates.len()];
    for _ in 0..rounds {
        for (candidate, best) in candidates.iter_mut().zip(&mut best) {
            let cost = (candidate.run)();
            let least = best.map_or(cost, |best| Cost {
                wall_ns: best.wall_ns.min(cost.wall_ns),
                cpu_ns: best.cpu_ns.min(cost.cpu_ns),
            });
            *best = Some(least);
        }
    }
    let named = candidates.iter().zip(best);
    named
        .filter_map(|(candidate, best)| Some((candidate.name.clone(), best?)))
        .collect()
}

/// Runs two things in turn, `pairs` times, and gives the median of the ratios
/// of their CPU times: for a difference that is smaller than the noise.
pub fn median_ratio(pairs: usize, one: &dyn Fn() -> Cost, other: &dyn Fn() -> Cost) -> f64 {
    let ratio = |_| one().cpu_ns / other().cpu_ns;
    let mut ratios: Vec<f64> = (0..pairs).map(ratio).collect();
    ratios.sort_by(f64::total_cmp);
    ratios.get(pairs / 2).copied().unwrap_or(f64::NAN)
}
