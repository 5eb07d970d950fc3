//! Overload: the load steps to three times what the service can do, and back.
//!
//! The stage has a latency target and nothing else to tune. Each second shows
//! what was offered, accepted and rejected, and the 99th percentile of the time
//! from enqueue to done of what was accepted.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use seda_core::{BoxError, Graph, Plan, Running, Sink};

/// How much CPU time a request takes.
const WORK: Duration = Duration::from_micros(500);
/// What the service promises.
const TARGET: Duration = Duration::from_millis(25);
/// How long each step of the load lasts, and what part of the capacity it is.
const STEPS: [(u64, f64); 3] = [(2, 0.5), (3, 3.0), (2, 0.5)];

fn main() -> Result<(), BoxError> {
    let times = Arc::new(Mutex::new(Vec::new()));
    let done = Arc::clone(&times);
    let mut graph = Graph::new("overload");
    let serve = graph
        .stage("serve")
        .queue(10_000)
        .target(TARGET)
        .each(move |came: Instant| {
            let began = Instant::now();
            while began.elapsed() < WORK {
                std::hint::spin_loop();
            }
            done.lock()
                .map_err(|_| "the times are gone")?
                .push(came.elapsed());
            Ok(())
        });
    // One core works, so that the other can make the load.
    let running = graph.start(Plan::default().workers(1))?;
    let inlet = running.inlet(&serve);
    println!(
        "{:>7} {:>9} {:>9} {:>9} {:>11}",
        "load", "offered", "accepted", "rejected", "p99"
    );
    for (seconds, load) in STEPS {
        for _ in 0..seconds {
            let before = counts(&running);
            offer_for_a_second(&inlet, load);
            let now = counts(&running);
            let mut second = std::mem::take(&mut *times.lock().map_err(|_| "the times are gone")?);
            second.sort_unstable();
            let p99 = second
                .get(second.len() * 99 / 100)
                .copied()
                .unwrap_or_default();
            println!(
                "{:>6.1}x {:>9} {:>9} {:>9} {:>8.1} ms",
                load,
                now[0] - before[0],
                now[1] - before[1],
                now[2] - before[2],
                p99.as_secs_f64() * 1e3
            );
        }
    }
    print!("{}", running.drain(Duration::from_secs(5))?);
    Ok(())
}

/// Offers evenly spaced requests, late ones too: an open loop.
fn offer_for_a_second(inlet: &Sink<Instant>, load: f64) {
    let gap = WORK.div_f64(load);
    let began = Instant::now();
    let mut next = Duration::ZERO;
    while next < Duration::from_secs(1) {
        if let Some(early) = next.checked_sub(began.elapsed()) {
            std::thread::sleep(early);
        }
        // A rejected request comes back; a server would answer it at once.
        let _ = inlet.enqueue(began + next);
        next += gap;
    }
}

/// Gives what was offered, accepted and rejected so far; what expired in the
/// queue was not served, so it counts as rejected.
fn counts(running: &Running) -> [u64; 3] {
    let ledger = running.ledger();
    let account = ledger.stage("serve");
    account.map_or([0; 3], |account| {
        [
            account.offered,
            account.accepted - account.expired,
            account.rejected.total() + account.expired,
        ]
    })
}
