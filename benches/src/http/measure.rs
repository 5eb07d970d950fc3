//! Measures one server in one scenario: a fresh process each time.

use std::io;
use std::time::Duration;

use crate::cpu;
use crate::http::idle::bytes_per_connection;
use crate::http::load::Load;
use crate::http::procfs;
use crate::http::reading::{BUSY, CPU, MEMORY, OTHERS, P50, P99, RATE, Reading};
use crate::http::scenario::{Generator, Work};
use crate::http::servers::Server;
use crate::http::shape::{Life, Shape};
use crate::http::shop::Shop;
use crate::http::start::Started;
use crate::http::tally::Tally;
use crate::http::wrk;

/// How long our own load runs, with all connections open, before it counts.
const WARM_UP: Duration = Duration::from_millis(300);

/// Starts a server, does the work to it for some seconds, and reads what it cost.
///
/// # Errors
///
/// When it does not start, or anything but the right answers comes back.
pub fn measure(server: &Server, work: Work, shop: &Shop, seconds: u64) -> io::Result<Reading> {
    let server = Started::new(server, work.service(), shop)?;
    match work {
        Work::KeepAlive {
            connections,
            by: Generator::Wrk,
        } => by_wrk(&server, &Shape::hello(connections), shop, seconds),
        Work::KeepAlive { connections, .. }
        | Work::Workers { connections }
        | Work::Secured { connections } => by_own(&server, Shape::hello(connections), seconds),
        Work::Refused { connections } => by_own(&server, Shape::refused(connections), seconds),
        Work::Closing { connections } => {
            let hello = Shape::hello(connections);
            let life = Life::Once;
            by_own(&server, Shape { life, ..hello }, seconds)
        }
        Work::Pipelining { connections, depth } => {
            let hello = Shape::hello(connections);
            by_own(&server, Shape { depth, ..hello }, seconds)
        }
        Work::Files {
            document,
            connections,
            by,
        } => {
            let shape = document.asked_on(connections);
            match by {
                Generator::Own => by_own(&server, shape, seconds),
                Generator::Wrk => by_wrk(&server, &shape, shop, seconds),
            }
        }
        Work::Idle { connections } => {
            let bytes = bytes_per_connection(&server, connections)?;
            Ok(Reading(vec![(MEMORY, bytes)]))
        }
    }
}

/// Counts from the first connection on, as wrk does.
fn by_wrk(server: &Started, shape: &Shape, shop: &Shop, seconds: u64) -> io::Result<Reading> {
    let url = format!("http://{}{}", server.door.address, shape.path);
    let before = procfs::cpu(server.process())?;
    let seen = wrk::run(shop, &url, shape.connections, seconds)?;
    let cpu = procfs::cpu(server.process())?.saturating_sub(before);
    let wall = Duration::from_micros(seen.microseconds);
    let latency = [float(seen.p50), float(seen.p99)];
    Ok(reading(seen.requests, cpu, wall, latency))
}

/// Counts when all connections have been opened.
fn by_own(server: &Started, shape: Shape, seconds: u64) -> io::Result<Reading> {
    let mut load = Load::open(server.door.clone(), shape)?;
    load.run(WARM_UP)?;
    let before = Times::read(server)?;
    let tally = load.run(Duration::from_secs(seconds))?;
    let Times { server, all, load } = Times::read(server)?.since(&before);
    check(&tally)?;
    let microseconds = |quantile| float(tally.latency.value_at_quantile(quantile)) / 1e3;
    let latency = [microseconds(0.5), microseconds(0.99)];
    let mut reading = reading(tally.answered, server, tally.wall, latency);
    let others = all.saturating_sub(server + load).as_secs_f64() / tally.wall.as_secs_f64();
    reading.0.push((OTHERS, others * 100.0));
    Ok(reading)
}

/// Is the CPU time that was used until now.
struct Times {
    server: Duration,
    /// By this process, which makes the load.
    load: Duration,
    /// By the whole machine.
    all: Duration,
}

impl Times {
    fn read(server: &Started) -> io::Result<Self> {
        Ok(Self {
            server: procfs::cpu(server.process())?,
            load: cpu::process(),
            all: procfs::machine()?,
        })
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            load: self.load.saturating_sub(before.load),
            all: self.all.saturating_sub(before.all),
        }
    }
}

fn reading(requests: u64, cpu: Duration, wall: Duration, latency: [f64; 2]) -> Reading {
    let (requests, cpu, wall) = (float(requests), cpu.as_secs_f64(), wall.as_secs_f64());
    let [p50, p99] = latency;
    Reading(vec![
        (CPU, cpu * 1e6 / requests),
        (BUSY, cpu / wall * 100.0),
        (RATE, requests / wall),
        (P50, p50),
        (P99, p99),
    ])
}

fn check(tally: &Tally) -> io::Result<()> {
    if tally.failed > 0 || tally.answered == 0 {
        let (answered, failed) = (tally.answered, tally.failed);
        return Err(io::Error::other(format!(
            "{failed} requests failed, {answered} were answered"
        )));
    }
    Ok(())
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a figure needs no more than 52 bits"
)]
const fn float(count: u64) -> f64 {
    count as f64
}
