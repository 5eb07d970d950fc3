//! Measures one server with some number of clients: a fresh process each time.

use std::io;
use std::time::{Duration, Instant};

use crate::bandwidth::counted::Counted;
use crate::bandwidth::senders::Clients;
use crate::cpu;
use crate::http::procfs;
use crate::http::reading::{BUSY, OTHERS, Quantity, Reading};

/// How much arrives at the server's stage or thread in a second, in 10^6 bytes.
pub const BANDWIDTH: Quantity = Quantity::new("bandwidth", "MB/s");
/// What that costs the server, in CPU time of all its threads, for 10^6 bytes.
pub const CPU_PER_MB: Quantity = Quantity::new("CPU per MB", "µs");

/// How long clients send before it counts, when all are connected.
const WARM_UP: Duration = Duration::from_secs(2);

/// Starts a server, has clients send to it for some seconds, and reads what it cost.
///
/// # Errors
///
/// When it does not start, or a connection ends.
pub fn measure(server: &str, clients: usize, seconds: u64) -> io::Result<Reading> {
    let mut server = Counted::start(server)?;
    let mut clients = Clients::connect(server.address, clients)?;
    clients.run(WARM_UP)?;
    let before = Snapshot::take(&mut server)?;
    clients.run(Duration::from_secs(seconds))?;
    let after = Snapshot::take(&mut server)?;
    let wall = after.at.duration_since(before.at).as_secs_f64();
    let [cpu, load, machine] = [
        after.server.saturating_sub(before.server),
        after.load.saturating_sub(before.load),
        after.machine.saturating_sub(before.machine),
    ]
    .map(|time| time.as_secs_f64());
    let megabytes = float(after.bytes - before.bytes) / 1e6;
    Ok(Reading(vec![
        (BANDWIDTH, megabytes / wall),
        (CPU_PER_MB, cpu * 1e6 / megabytes),
        (BUSY, cpu / wall * 100.0),
        (OTHERS, (machine - cpu - load).max(0.0) / wall * 100.0),
    ]))
}

/// Is what was counted until some moment.
struct Snapshot {
    at: Instant,
    bytes: u64,
    server: Duration,
    /// By this process, which is the clients.
    load: Duration,
    /// By the whole machine.
    machine: Duration,
}

impl Snapshot {
    fn take(server: &mut Counted) -> io::Result<Self> {
        Ok(Self {
            bytes: server.bytes()?,
            at: Instant::now(),
            server: procfs::cpu(server.process())?,
            load: cpu::process(),
            machine: procfs::machine()?,
        })
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a figure needs no more than 52 bits"
)]
const fn float(count: u64) -> f64 {
    count as f64
}
