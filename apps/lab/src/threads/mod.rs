//! Scenarios on this machine's threads, in this process: what only a real
//! thread shows, such as the price of a switch to another one.

mod labour;
mod lap;
mod ring;
mod tally;

use seda_core::BoxError;

use crate::record::Run;
use crate::scenario::{Load, Scenario};
use crate::threads::lap::Lap;

/// Runs each variant with each number of clients, as often as it says, one run
/// after the other; `progress` hears how many are done, and of how many.
///
/// All is done once before anything is done again, so that a noisy minute hits
/// all variants alike. `rounds` are the numbers that tell these apart; they
/// stand where a simulated run has its seed, and decide nothing.
///
/// # Blocking
///
/// For as long as the scenario says.
///
/// # Errors
///
/// When a graph does not start, when the account of a run is not exact, or for
/// a scenario that cannot run here: [`Scenario::read_for`] says so before.
///
/// ```
/// use seda_lab::scenario::{Scenario, Site};
///
/// let scenario = Scenario::read_for(Site::Threads, "row.toml", r#"
///     name = "row"
///     title = "Three stages in a row"
///     about = "What they cost that do nothing."
///     target = "1s"
///     server = { servers = 1, stages = 3, work = { kind = "constant", each = "0us" } }
///     load = { kind = "closed", clients = [4], client = { think = "0ms", jitter = "0ms" } }
///     times = { measured = "20ms" }
///     variant = [{ name = "default plan", policy = "unbounded" }]
/// "#)?;
/// let runs = seda_lab::run_on_threads(&scenario, &[1], |_, _| {})?;
/// assert!(runs[0].outcomes.is_exact() && runs[0].outcomes.rejected == 0);
/// # Ok::<(), seda_core::BoxError>(())
/// ```
pub fn run_on_threads(
    scenario: &Scenario,
    rounds: &[u64],
    progress: impl Fn(usize, usize),
) -> Result<Vec<Run>, BoxError> {
    let laps = laps(scenario, rounds);
    let mut runs = Vec::new();
    for (done, (place, lap)) in (1..).zip(&laps) {
        runs.push((*place, lap.run(scenario)?));
        progress(done, laps.len());
    }
    runs.sort_by_key(|(place, _)| *place);
    Ok(runs.into_iter().map(|(_, run)| run).collect())
}

/// Lists the runs in the order in which they are made, each with its place in
/// the record: by variant, then by clients.
fn laps<'s>(scenario: &'s Scenario, rounds: &[u64]) -> Vec<((usize, usize), Lap<'s>)> {
    let counts = match &scenario.load {
        Load::Closed { clients, .. } => clients.as_slice(),
        Load::Open { .. } => &[],
    };
    let mut laps = Vec::new();
    for round in rounds {
        for (step, clients) in counts.iter().enumerate() {
            for (index, variant) in scenario.variant.iter().enumerate() {
                let lap = Lap {
                    variant,
                    clients: *clients,
                    round: *round,
                };
                laps.push(((index, step), lap));
            }
        }
    }
    laps
}
