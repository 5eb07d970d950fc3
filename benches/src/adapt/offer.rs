//! Evenly spaced events, whatever becomes of those before.

use std::thread;
use std::time::{Duration, Instant};

use seda_core::Sink;

/// How long to sleep between looks at the clock; what is due by then is sent at once.
const GLANCE: Duration = Duration::from_millis(1);

/// Enqueues `rate` events a second for as long as `time`; what is refused is
/// in the ledger.
pub fn offer<E: Send + 'static>(
    inlet: &Sink<E>,
    rate: f64,
    time: Duration,
    mut make: impl FnMut(Instant) -> E,
) {
    let began = Instant::now();
    let gap = Duration::from_secs_f64(1.0 / rate);
    let mut next = Duration::ZERO;
    while next < time {
        if next > began.elapsed() {
            thread::sleep(GLANCE);
            continue;
        }
        // The moment that it should have come at, so that being late shows.
        drop(inlet.enqueue(make(began + next)));
        next += gap;
    }
}
