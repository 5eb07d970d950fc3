//! A stage in a pool of threads: one that waits for somebody, and one that computes.

use std::ops::RangeInclusive;
use std::thread;
use std::time::{Duration, Instant};

use seda_core::{BoxError, Graph, Plan, Running};

use crate::adapt::offer::offer;
use crate::cpu;

/// What an event takes, of somebody else's time or of a core's.
const WORK: Duration = Duration::from_millis(10);
/// More than any pool here gets done while it is small.
const QUEUE: usize = 100_000;

/// What a pool did, once it had had time to adapt.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// Events per second that it got done.
    pub per_second: f64,
    /// The most threads that it had.
    pub threads_max: usize,
}

/// Says what the handler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// It waits 10 ms for somebody else.
    Waits,
    /// It computes for 10 ms of CPU time.
    Computes,
}

/// Offers `rate` events a second to a pool, and counts what it gets done after
/// the first `adapting`, for as long as that again.
///
/// # Errors
///
/// When the graph does not start.
///
/// # Panics
///
/// Panics if the ledger is not exact.
pub fn pool(
    handling: Handling,
    threads: RangeInclusive<usize>,
    rate: f64,
    adapting: Duration,
) -> Result<Done, BoxError> {
    let mut graph = Graph::new("pool");
    let work = graph
        .stage("work")
        .queue(QUEUE)
        .blocking(threads)
        .each(move |()| {
            match handling {
                Handling::Waits => thread::sleep(WORK),
                Handling::Computes => cpu::burn(WORK),
            }
            Ok(())
        });
    let running = graph.start(Plan::default().workers(1))?;
    let inlet = running.inlet(&work);
    let offering = thread::spawn(move || offer(&inlet, rate, adapting * 2, |_| ()));
    let mut watch = Watch::new(&running);
    watch.until(adapting);
    let before = watch.handled();
    watch.until(adapting * 2);
    let done = watch.handled() - before;
    offering.join().map_err(|_| "the offers ended in a panic")?;
    let threads_max = watch.threads_max;
    let ended = running.drain(Duration::ZERO);
    let ledger = ended.unwrap_or_else(|late| late.ledger);
    assert!(ledger.balances(), "{ledger}");
    #[allow(clippy::cast_precision_loss, reason = "a count of events")]
    let per_second = done as f64 / adapting.as_secs_f64();
    Ok(Done {
        per_second,
        threads_max,
    })
}

/// Looks at a graph now and then.
struct Watch<'r> {
    running: &'r Running,
    began: Instant,
    threads_max: usize,
}

impl<'r> Watch<'r> {
    fn new(running: &'r Running) -> Self {
        Self {
            running,
            began: Instant::now(),
            threads_max: 0,
        }
    }

    fn until(&mut self, moment: Duration) {
        while self.began.elapsed() < moment {
            let snapshot = self.running.snapshot();
            let stage = snapshot.stage("work");
            let threads = stage.map_or(0, |stage| stage.workers);
            self.threads_max = self.threads_max.max(threads);
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn handled(&self) -> u64 {
        let ledger = self.running.ledger();
        ledger.stage("work").map_or(0, |account| account.handled)
    }
}
