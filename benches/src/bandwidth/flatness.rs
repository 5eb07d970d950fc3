//! What was measured at each number of connections, and what it should be.

use std::fmt::{self, Write as _};

use crate::bandwidth::span::{BANDWIDTH, CPU_PER_MB};
use crate::goal::{Figure, Wanted};
use crate::http::reading::{Quantity, Reading, median};

/// The goal that all figures belong to.
const GOAL: &str = "figure 1";
/// Times its own best, with as many connections as there are. It is judged by
/// CPU time: with thousands of connections it is the clients whose core is full.
const FLAT: f64 = 0.8;
/// From so many connections on, ours is to move at least what threads do.
const MANY: usize = 1_000;

/// Is what some server needed with some number of connections, in one round.
#[derive(Debug)]
pub struct Row {
    /// The server.
    pub server: &'static str,
    /// How many connections.
    pub connections: usize,
    /// Which round.
    pub round: usize,
    /// What was measured.
    pub reading: Reading,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} connections: {}:", self.connections, self.server)?;
        for (quantity, value) in &self.reading.0 {
            write!(f, " {} {value:.0} {},", quantity.name, quantity.unit)?;
        }
        write!(f, " round {}", self.round + 1)
    }
}

/// Gives every median, for comparison, and how the bandwidth relates to the
/// best of the same server.
pub fn figures(rows: &[Row]) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (server, connections) in places(rows) {
        let name = |what: &str| format!("{connections} connections: {server}: {what}");
        let readings = readings(rows, server, connections);
        for (quantity, value) in Reading::median(&readings).into_iter().flat_map(|it| it.0) {
            figures.push(Figure::shown(name(quantity.name), value, quantity.unit));
        }
        let shares = [
            (
                "bandwidth / its best",
                share_of_best(rows, server, connections),
            ),
            (
                "its least CPU per MB / this",
                thrift(rows, server, connections),
            ),
        ];
        for (what, share) in shares {
            figures.extend(share.map(|share| Figure::shown(name(what), share, "x")));
        }
    }
    figures
}

/// Writes a line for each server and number of connections.
pub fn table(rows: &[Row]) -> String {
    let mut table = format!("{:<12} {:<8}", "connections", "server");
    let quantities: Vec<Quantity> = rows.first().map_or_else(Vec::new, |row| {
        let values = row.reading.0.iter();
        values.map(|(quantity, _)| *quantity).collect()
    });
    for quantity in &quantities {
        let _ = write!(
            table,
            " {:>18}",
            format!("{}, {}", quantity.name, quantity.unit)
        );
    }
    let _ = writeln!(table, " {:>10} {:>10}", "/ its best", "best CPU /");
    for (server, connections) in places(rows) {
        let _ = write!(table, "{connections:<12} {server:<8}");
        for quantity in &quantities {
            let value = value(rows, server, connections, *quantity);
            let _ = write!(table, " {:>18.1}", value.unwrap_or(f64::NAN));
        }
        for share in [share_of_best, thrift] {
            let share = share(rows, server, connections);
            let _ = write!(table, " {:>10.2}", share.unwrap_or(f64::NAN));
        }
        table.push('\n');
    }
    table
}

/// Gives the goals that can be judged by what was measured.
pub fn goals(rows: &[Row]) -> Vec<Figure> {
    let places = places(rows);
    let ours = places.iter().filter(|(server, _)| *server == "seda");
    let counts: Vec<usize> = ours.map(|(_, connections)| *connections).collect();
    let mut goals = Vec::new();
    if let Some(most) = counts.iter().max().filter(|most| **most >= MANY)
        && let Some(share) = thrift(rows, "seda", *most)
    {
        let what = format!("seda: least CPU per MB / that at {most} connections");
        goals.push(Figure::shown(what, share, "x").wanted(GOAL, Wanted::AtLeast, FLAT));
    }
    for connections in counts.into_iter().filter(|count| *count >= MANY) {
        if let Some(ratio) = ratio(rows, connections, BANDWIDTH) {
            let what = format!("{connections} connections: bandwidth, seda / threads");
            goals.push(Figure::shown(what, ratio, "x").wanted(GOAL, Wanted::AtLeast, 1.0));
        }
        if let Some(ratio) = ratio(rows, connections, CPU_PER_MB) {
            let what = format!("{connections} connections: CPU per MB, seda / threads");
            goals.push(Figure::shown(what, ratio, "x"));
        }
    }
    goals
}

/// Gives the servers and numbers of connections in the order in which they were measured.
fn places(rows: &[Row]) -> Vec<(&'static str, usize)> {
    let mut places = Vec::new();
    for row in rows {
        if !places.contains(&(row.server, row.connections)) {
            places.push((row.server, row.connections));
        }
    }
    places
}

fn readings<'r>(rows: &'r [Row], server: &str, connections: usize) -> Vec<&'r Reading> {
    let rows = rows.iter();
    let rows = rows.filter(|row| row.server == server && row.connections == connections);
    rows.map(|row| &row.reading).collect()
}

fn value(rows: &[Row], server: &str, connections: usize, quantity: Quantity) -> Option<f64> {
    let readings = readings(rows, server, connections);
    median(readings.iter().filter_map(|it| it.value(quantity)))
}

fn share_of_best(rows: &[Row], server: &str, connections: usize) -> Option<f64> {
    let own = places(rows).into_iter().filter(|(name, _)| *name == server);
    let values = own.filter_map(|(_, count)| value(rows, server, count, BANDWIDTH));
    let best = values.max_by(f64::total_cmp)?;
    Some(value(rows, server, connections, BANDWIDTH)? / best)
}

/// Compares what a server could move with that many connections, if its core
/// were full, to the most that it could with any number of them.
fn thrift(rows: &[Row], server: &str, connections: usize) -> Option<f64> {
    let own = places(rows).into_iter().filter(|(name, _)| *name == server);
    let values = own.filter_map(|(_, count)| value(rows, server, count, CPU_PER_MB));
    let least = values.min_by(f64::total_cmp)?;
    Some(least / value(rows, server, connections, CPU_PER_MB)?)
}

/// Compares within each round, since the next one may be in a noisier minute.
fn ratio(rows: &[Row], connections: usize, quantity: Quantity) -> Option<f64> {
    let find = |server: &str, round: usize| {
        let row = rows.iter().find(|row| {
            row.server == server && row.connections == connections && row.round == round
        });
        row?.reading.value(quantity)
    };
    let rounds = rows.iter().map(|row| row.round).max()? + 1;
    median((0..rounds).filter_map(|round| Some(find("seda", round)? / find("threads", round)?)))
}

#[cfg(test)]
mod tests {
    use super::{Row, figures, goals};
    use crate::bandwidth::span::{BANDWIDTH, CPU_PER_MB};
    use crate::http::reading::Reading;

    /// A server whose core is full.
    fn row(server: &'static str, connections: usize, round: usize, bandwidth: f64) -> Row {
        Row {
            server,
            connections,
            round,
            reading: Reading(vec![(BANDWIDTH, bandwidth), (CPU_PER_MB, 1e6 / bandwidth)]),
        }
    }

    #[test]
    fn flat_is_judged_by_the_own_best_and_many_beside_threads() {
        let rows = [
            row("seda", 1, 0, 100.0),
            row("threads", 1, 0, 200.0),
            row("seda", 1_024, 0, 90.0),
            row("threads", 1_024, 0, 95.0),
            row("seda", 10_000, 0, 79.0),
            row("threads", 10_000, 0, 20.0),
        ];
        let met: Vec<_> = goals(&rows).iter().filter_map(|goal| goal.met).collect();
        assert_eq!(met, [false, false, true]);
        let share = figures(&rows).into_iter().find(|it| {
            it.what
                .starts_with("10000 connections: threads: bandwidth /")
        });
        assert!((share.unwrap().value - 0.1).abs() < 1e-9);
    }

    #[test]
    fn a_noisy_round_does_not_change_a_ratio() {
        let noise = [1.0, 0.1, 1.1].into_iter().enumerate();
        let rows: Vec<Row> = noise
            .flat_map(|(round, noise)| {
                let ours = row("seda", 1_024, round, 60.0 * noise);
                [ours, row("threads", 1_024, round, 30.0 * noise)]
            })
            .collect();
        let goals = goals(&rows);
        let mut goals = goals.iter();
        let ratio = goals.find(|goal| goal.what.contains("threads")).unwrap();
        assert!((ratio.value - 2.0).abs() < 1e-9, "{ratio:?}");
    }
}
