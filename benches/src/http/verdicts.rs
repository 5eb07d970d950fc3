//! The goals of the HTTP server, from what was measured in one scenario.

use std::fmt::Write as _;

use crate::goal::{Figure, Wanted};
use crate::http::reading::{CPU, MEMORY, Quantity, Reading, median};
use crate::http::scenario::{Scenario, Work};
use crate::http::service::SMALL;

/// The goal that all figures belong to.
const GOAL: &str = "http";
/// Times the CPU time of the bare loop, for four stages, a ledger and deadlines.
const CEILING: f64 = 1.15;
/// Bytes of a connection that rests.
const IDLE_BYTES: f64 = 1024.0;
/// Times nginx, where both have the kernel send a file and do little else.
const SENDFILE: f64 = 1.1;
/// Times the work of one worker.
const TWO_WORKERS: f64 = 1.8;
/// Microseconds of CPU for a request that is answered 503.
const REFUSAL: f64 = 5.0;
/// Whom a request costs more than us, whatever the number of connections.
const PEERS: [&str; 5] = ["nginx", "hyper", "axum", "actix", "monoio"];

/// Is what was measured in one scenario.
#[derive(Debug)]
pub struct Results<'r> {
    /// The scenario.
    pub scenario: &'r Scenario,
    /// What each server needed, for each round.
    pub rounds: Vec<Round>,
}

/// Is the name of each server that was measured in one round, and what it needed.
pub type Round = Vec<(&'static str, Reading)>;

impl Results<'_> {
    /// Gives every value, for comparison.
    pub fn figures(&self) -> Vec<Figure> {
        let name = self.scenario.name;
        let medians = self.medians().into_iter();
        let all = medians.flat_map(|(server, reading)| {
            let figure = move |(quantity, value): (Quantity, f64)| {
                let what = format!("{name}: {server}: {}", quantity.name);
                Figure::shown(what, value, quantity.unit)
            };
            reading.0.into_iter().map(figure)
        });
        all.collect()
    }

    /// Writes a line for each server.
    pub fn table(&self) -> String {
        let mut table = format!("\n{:<24}", self.scenario.name);
        let medians = self.medians();
        let first = medians.first().map(|(_, reading)| &reading.0);
        for (quantity, _) in first.into_iter().flatten() {
            let title = format!("{}, {}", quantity.name, quantity.unit);
            let _ = write!(table, " {title:>19}");
        }
        table.push('\n');
        for (server, reading) in &medians {
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
            Work::Files { document, .. } if document == SMALL => {
                let peers = ["nginx", "nginx-reading"].into_iter();
                peers
                    .filter_map(|peer| self.cpu_beside(peer, 1.0))
                    .collect()
            }
            Work::Files { .. } => self.cpu_beside("nginx", SENDFILE).into_iter().collect(),
            Work::Secured { .. } | Work::Closing { .. } => {
                self.cpu_beside("nginx", 1.0).into_iter().collect()
            }
            Work::Idle { .. } => self.memory().into_iter().collect(),
            Work::Workers { .. } => self.two_workers().into_iter().collect(),
            Work::Refused { .. } => {
                let beside = self.cpu_beside("nginx", 1.0);
                self.refusal().into_iter().chain(beside).collect()
            }
            Work::Pipelining { .. } => Vec::new(),
        }
    }

    /// Gives the median of each server, in the order in which they took turns.
    fn medians(&self) -> Round {
        let mut names = Vec::new();
        for (name, _) in self.rounds.iter().flatten() {
            if !names.contains(name) {
                names.push(*name);
            }
        }
        let medians = names.into_iter().filter_map(|name| {
            let rounds = self.rounds.iter();
            let readings: Vec<&Reading> = rounds.filter_map(|round| find(round, name)).collect();
            Some((name, Reading::median(&readings)?))
        });
        medians.collect()
    }

    /// Compares within each round, since the next one may be in a noisier minute.
    fn cpu_ratio(&self, server: &str, peer: &str) -> Option<f64> {
        let cpu = |round, name| find(round, name)?.value(CPU);
        let rounds = self.rounds.iter();
        median(rounds.filter_map(|round| Some(cpu(round, server)? / cpu(round, peer)?)))
    }

    fn figure(&self, what: &str, value: f64, unit: &'static str) -> Figure {
        Figure::shown(format!("{}: {what}", self.scenario.name), value, unit)
    }

    fn cpu_beside(&self, peer: &str, times: f64) -> Option<Figure> {
        let ratio = self.cpu_ratio("seda", peer)?;
        let figure = self.figure(&format!("CPU per request, seda / {peer}"), ratio, "x");
        Some(figure.wanted(GOAL, Wanted::AtMost, times))
    }

    fn memory(&self) -> Option<Figure> {
        let rounds = self.rounds.iter();
        let bytes = median(rounds.filter_map(|round| find(round, "seda")?.value(MEMORY)))?;
        let figure = self.figure(MEMORY.name, bytes, MEMORY.unit);
        Some(figure.wanted(GOAL, Wanted::AtMost, IDLE_BYTES))
    }

    fn refusal(&self) -> Option<Figure> {
        let rounds = self.rounds.iter();
        let cpu = median(rounds.filter_map(|round| find(round, "seda")?.value(CPU)))?;
        let figure = self.figure("seda: CPU per refusal", cpu, CPU.unit);
        Some(figure.wanted("L7", Wanted::AtMost, REFUSAL))
    }

    /// Two workers do twice the work of one if a request costs each what it
    /// costs one. Throughput would say it where the load has cores of its own.
    fn two_workers(&self) -> Option<Figure> {
        let times = 2.0 * self.cpu_ratio("seda", "seda-2")?;
        let figure = self.figure("two workers / one, by CPU time", times, "x");
        Some(figure.wanted(GOAL, Wanted::AtLeast, TWO_WORKERS))
    }
}

fn find<'r>(round: &'r Round, server: &str) -> Option<&'r Reading> {
    let mut known = round.iter();
    known
        .find(|(name, _)| *name == server)
        .map(|(_, reading)| reading)
}

#[cfg(test)]
mod tests {
    use super::{Results, Round};
    use crate::http::reading::{CPU, MEMORY, Quantity, Reading};
    use crate::http::scenario::SCENARIOS;

    fn round(quantity: Quantity, values: &[(&'static str, f64)]) -> Round {
        let readings = values.iter();
        let readings = readings.map(|(name, value)| (*name, Reading(vec![(quantity, *value)])));
        readings.collect()
    }

    fn met(scenario: usize, quantity: Quantity, values: &[(&'static str, f64)]) -> Vec<bool> {
        let results = Results {
            scenario: &SCENARIOS[scenario],
            rounds: vec![round(quantity, values)],
        };
        let goals = results.goals();
        goals.iter().filter_map(|figure| figure.met).collect()
    }

    #[test]
    fn a_noisy_round_does_not_change_a_ratio() {
        let rounds = [1.0, 9.0, 1.1].map(|noise| {
            let peer = [("nginx", 6.0 * noise), ("seda", 3.0 * noise)];
            round(CPU, &peer)
        });
        let mut results = Results {
            scenario: &SCENARIOS[6],
            rounds: rounds.to_vec(),
        };
        // A server that failed in one round is compared in the others.
        results.rounds[0].pop();
        let ratio = results.cpu_ratio("seda", "nginx").unwrap();
        assert!((ratio - 0.5).abs() < 1e-9, "{ratio}");
        let names = results.medians();
        assert_eq!(
            names.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["nginx", "seda"]
        );
    }

    #[test]
    fn keep_alive_is_judged_beside_the_ceiling_and_the_peers_that_were_measured() {
        let values = [("seda", 5.0), ("bare", 4.0), ("nginx", 6.0), ("axum", 4.9)];
        assert_eq!(met(0, CPU, &values), [false, true, false]);
        assert_eq!(met(6, CPU, &values), [true]);
        assert!(met(0, CPU, &values[1..]).is_empty());
    }

    #[test]
    fn large_files_may_cost_a_tenth_more_than_with_nginx() {
        let values = [("seda", 1.05), ("nginx", 1.0)];
        let files = [10, 11, 12, 13].map(|scenario| met(scenario, CPU, &values));
        assert_eq!(files, [[false], [true], [true], [false]]);
        assert_eq!(met(16, CPU, &values), [false]);
        let reading = [("seda", 1.05), ("nginx-reading", 1.1)];
        assert_eq!(met(10, CPU, &reading), [true]);
    }

    #[test]
    fn memory_and_workers_have_goals_of_their_own() {
        assert_eq!(met(8, MEMORY, &[("seda", 1025.0)]), [false]);
        let workers = [("seda", 5.0), ("seda-2", 5.5)];
        assert_eq!(met(9, CPU, &workers), [true]);
    }
}
