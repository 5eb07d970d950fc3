//! wrk, the usual generator of keep-alive load.

use std::fs;
use std::io;
use std::process::Command;

use serde::Deserialize;

use crate::http::shop::Shop;

/// Prints the figures as JSON; wrk's own text rounds them.
const REPORT: &str = include_str!("report.lua");
/// Seconds: an answer that is later counts as an error.
const TIMEOUT: &str = "10s";

/// Is what wrk has seen.
#[derive(Debug, Deserialize)]
pub struct Seen {
    /// Requests that were answered.
    pub requests: u64,
    /// How long it took.
    pub microseconds: u64,
    /// The median latency in microseconds.
    pub p50: u64,
    /// The 99th percentile of the latency in microseconds.
    pub p99: u64,
    /// Connections refused or lost, and answers that were too late.
    pub socket_errors: u64,
    /// Answers that were not 200.
    pub other_statuses: u64,
}

/// Lets wrk ask on some connections for some seconds.
///
/// # Errors
///
/// When wrk does not run, or anything but the right answers came back.
pub fn run(shop: &Shop, url: &str, connections: usize, seconds: u64) -> io::Result<Seen> {
    let directory = tempfile::tempdir()?;
    let script = directory.path().join("report.lua");
    fs::write(&script, REPORT)?;
    let output = Command::new(shop.installed("wrk")?)
        .args(["--threads", "1", "--timeout", TIMEOUT])
        .args(["--connections", &connections.to_string()])
        .args(["--duration", &format!("{seconds}s")])
        .arg("--script")
        .arg(&script)
        .arg(url)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let seen = text
        .lines()
        .find_map(|line| serde_json::from_str(line).ok());
    let seen: Seen = seen.ok_or_else(|| {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        io::Error::other(format!("wrk says nothing: {text}{why}"))
    })?;
    if seen.socket_errors > 0 || seen.other_statuses > 0 || seen.requests == 0 {
        return Err(io::Error::other(format!("wrk met errors: {seen:?}")));
    }
    Ok(seen)
}
