//! The goals of the HTTP server, from what was measured in one scenario.

use std::fmt::Write as _;

use crate::goal::{Figure, Wanted};
use crate::http::reading::{CPU, MEMORY, Quantity, Reading};
use crate::http::scenario::{Scenario, Work};

/// The goal that all figures belong to.
const GOAL: &str = "http";
/// Times the CPU time of the bare loop, for four stages, a ledger and deadlines.
const CEILING: f64 = 1.15;
/// Bytes of a connection that rests.
const IDLE_BYTES: f64 = 1024.0;
/// Times the work of one worker.
const TWO_WORKERS: f64 = 1.8;
/// Whom a request costs more than us, whatever the number of connections.
const PEERS: [&str; 5] = ["nginx", "hyper", "axum", "actix", "monoio"];

/// Is what was measured in one scenario: the median for each server.
#[derive(Debug)]
pub struct Results<'r> {
    /// The scenario.
    pub scenario: &'r Scenario,
    /// The name of each server, and its median.
    pub medians: Vec<(&'static str, Reading)>,
}

impl Results<'_> {
    /// Gives every value, for comparison.
    pub fn figures(&self) -> Vec<Figure> {
        let name = self.scenario.name;
        let servers = self.medians.iter();
        let all = servers.flat_map(|(server, reading)| {
            let figure = move |(quantity, value): &(Quantity, f64)| {
                let what = format!("{name}: {server}: {}", quantity.name);
                Figure::shown(what, *value, quantity.unit)
            };
            reading.0.iter().map(figure)
        });
        all.collect()
    }

    /// Writes a line for each server.
    pub fn table(&self) -> String {
        let mut table = format!("\n{:<24}", self.scenario.name);
        let first = self.medians.first().map(|(_, reading)| &reading.0);
        for (quantity, _) in first.into_iter().flatten() {
            let title = format!("{}, {}", quantity.name, quantity.unit);
            let _ = write!(table, " {title:>19}");
        }
        table.push('\n');
        for (server, reading) in &self.medians {
            let _ = write!(table, "{server:<24}");
            for (_, value) in &reading.0 {
                let _ = write!(table, " {value:>19.2}");
            }
            table.push('\n');
        }
        table
    }

    /// Gives the goals that can be judged by the servers that were measured.
    pub fn goals(&self) -> Vec<Figure> {
        match self.scenario.work {
            Work::KeepAlive { .. } => {
                let ceiling = self.cpu_beside("bare", CEILING);
                let peers = PEERS.iter().filter_map(|peer| self.cpu_beside(peer, 1.0));
                ceiling.into_iter().chain(peers).collect()
            }
            Work::Closing { .. } => self.cpu_beside("nginx", 1.0).into_iter().collect(),
            Work::Idle { .. } => self.memory().into_iter().collect(),
            Work::Workers { .. } => self.two_workers().into_iter().collect(),
            Work::Pipelining { .. } => Vec::new(),
        }
    }

    fn value(&self, server: &str, quantity: Quantity) -> Option<f64> {
        let mut medians = self.medians.iter();
        let (_, reading) = medians.find(|(name, _)| *name == server)?;
        reading.value(quantity)
    }

    fn figure(&self, what: &str, value: f64, unit: &'static str) -> Figure {
        Figure::shown(format!("{}: {what}", self.scenario.name), value, unit)
    }

    fn cpu_beside(&self, peer: &str, times: f64) -> Option<Figure> {
        let ratio = self.value("seda", CPU)? / self.value(peer, CPU)?;
        let figure = self.figure(&format!("CPU per request, seda / {peer}"), ratio, "x");
        Some(figure.wanted(GOAL, Wanted::AtMost, times))
    }

    fn memory(&self) -> Option<Figure> {
        let bytes = self.value("seda", MEMORY)?;
        let figure = self.figure(MEMORY.name, bytes, MEMORY.unit);
        Some(figure.wanted(GOAL, Wanted::AtMost, IDLE_BYTES))
    }

    /// Two workers do twice the work of one if a request costs each what it
    /// costs one. Throughput would say it where the load has cores of its own.
    fn two_workers(&self) -> Option<Figure> {
        let times = 2.0 * self.value("seda", CPU)? / self.value("seda-2", CPU)?;
        let figure = self.figure("two workers / one, by CPU time", times, "x");
        Some(figure.wanted(GOAL, Wanted::AtLeast, TWO_WORKERS))
    }
}

#[cfg(test)]
mod tests {
    use super::Results;
    use crate::http::reading::{CPU, MEMORY, Quantity, Reading};
    use crate::http::scenario::SCENARIOS;

    fn met(scenario: usize, quantity: Quantity, values: &[(&'static str, f64)]) -> Vec<bool> {
        let medians = values.iter();
        let medians = medians.map(|(name, value)| (*name, Reading(vec![(quantity, *value)])));
        let results = Results {
            scenario: &SCENARIOS[scenario],
            medians: medians.collect(),
        };
        let goals = results.goals();
        goals.iter().filter_map(|figure| figure.met).collect()
    }

    #[test]
    fn keep_alive_is_judged_beside_the_ceiling_and_the_peers_that_were_measured() {
        let values = [("seda", 5.0), ("bare", 4.0), ("nginx", 6.0), ("axum", 4.9)];
        assert_eq!(met(0, CPU, &values), [false, true, false]);
        assert_eq!(met(6, CPU, &values), [true]);
        assert!(met(0, CPU, &values[1..]).is_empty());
    }

    #[test]
    fn memory_and_workers_have_goals_of_their_own() {
        assert_eq!(met(8, MEMORY, &[("seda", 1025.0)]), [false]);
        let workers = [("seda", 5.0), ("seda-2", 5.5)];
        assert_eq!(met(9, CPU, &workers), [true]);
    }
}
