//! A stage that appends to a file and waits for the disk, once for each batch.

use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use seda_core::{Batch, Batching, BoxError, Graph, Handler, Plan};

use crate::adapt::offer::offer;

/// Bytes of a line of the journal.
const LINE: [u8; 128] = [b'.'; 128];
/// By when a line should be on the disk.
pub const TARGET: Duration = Duration::from_millis(100);
/// More lines than are ever worth waiting for.
const QUEUE: usize = 100_000;

/// Says how many lines a batch has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// At most so many, always.
    Fixed(usize),
    /// As many as the controller finds right.
    Controlled,
}

/// What became of the lines that were offered.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// Lines per second that were on the disk within the target.
    pub good_per_second: f64,
    /// Half were on the disk within this.
    pub p50: Duration,
}

/// Tells how long a line takes that is written alone: the median of some.
///
/// # Errors
///
/// When the file cannot be written.
pub fn alone() -> Result<Duration, BoxError> {
    let file = tempfile::tempfile()?;
    let mut times = Vec::new();
    for _ in 0..51 {
        let began = Instant::now();
        append(&file, 1)?;
        times.push(began.elapsed());
    }
    Ok(median(&mut times))
}

/// Offers `rate` lines a second for as long as `time`, the first third of which
/// does not count.
///
/// # Errors
///
/// When the file cannot be written, or the graph does not start.
///
/// # Panics
///
/// Panics if the ledger is not exact.
pub fn write(size: Size, rate: f64, time: Duration) -> Result<Written, BoxError> {
    let times = Arc::new(Mutex::new(Vec::new()));
    let append = Append {
        file: Arc::new(tempfile::tempfile()?),
        counts_from: Instant::now() + time / 3,
        times: Arc::clone(&times),
    };
    let mut graph = Graph::new("journal");
    let stage = graph
        .stage("append")
        .queue(QUEUE)
        .target(TARGET)
        .blocking(1..=1);
    let stage = match size {
        Size::Fixed(most) => stage.batch(most),
        Size::Controlled => stage.controller(Batching::default()),
    };
    let stage = stage.handler(append);
    let running = graph.start(Plan::default().workers(1))?;
    offer(&running.inlet(&stage), rate, time, |moment| moment);
    let ledger = running.drain(Duration::from_secs(10))?;
    assert!(ledger.balances(), "{ledger}");
    let mut times = std::mem::take(&mut *times.lock().map_err(|_| "a handler panicked")?);
    let good = times.iter().filter(|time| **time <= TARGET).count();
    #[allow(clippy::cast_precision_loss, reason = "a count of lines")]
    let good_per_second = good as f64 / (time * 2 / 3).as_secs_f64();
    Ok(Written {
        good_per_second,
        p50: median(&mut times),
    })
}

/// Writes all lines of a batch at once, and waits for the disk.
#[derive(Clone)]
struct Append {
    file: Arc<File>,
    counts_from: Instant,
    times: Arc<Mutex<Vec<Duration>>>,
}

impl Handler for Append {
    type Event = Instant;

    fn handle(&mut self, batch: &mut Batch<Instant>) -> Result<(), BoxError> {
        let lines = batch.take_up_to(batch.len());
        append(&self.file, lines.len())?;
        let mut times = self.times.lock().map_err(|_| "another handler panicked")?;
        let counted = lines.iter().filter(|came| **came >= self.counts_from);
        times.extend(counted.map(Instant::elapsed));
        Ok(())
    }
}

fn append(mut file: &File, lines: usize) -> Result<(), BoxError> {
    file.write_all(&LINE.repeat(lines))?;
    file.sync_data()?;
    Ok(())
}

/// Gives the time in the middle; for ever where there is none.
fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let middle = times.get(times.len() / 2);
    middle.copied().unwrap_or(Duration::MAX)
}
