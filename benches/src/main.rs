//! scratch
use seda_core::*;
use std::time::*;
#[derive(Clone)]
struct Hop {
    next: Sink<u64>,
}
impl Handler for Hop {
    type Event = u64;
    fn handle(&mut self, b: &mut Batch<u64>) -> Result<(), BoxError> {
        while let Some(n) = b.next() {
            self.next.enqueue(n + 1)?;
        }
        Ok(())
    }
}
struct Gen {
    sink: Sink<u64>,
    left: u64,
    batch: u64,
}
impl Source for Gen {
    fn poll(&mut self, _: Tick) -> Next {
        for _ in 0..self.batch {
            if self.left == 0 {
                return Next::Ended;
            }
            if self.sink.enqueue(self.left).is_err() {
                return Next::Again;
            }
            self.left -= 1;
        }
        Next::Again
    }
    fn is_drained(&self) -> bool {
        true
    }
}
fn main() {
    for batch in [1usize, 16, 256] {
        for stats in [true, false] {
            let n = 5_000_000u64;
            let done = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
            let d = done.clone();
            let mut g = Graph::new("p");
            let mut c = 0u64;
            let mut next = g.stage("s7").queue(4096).batch(batch).each(move |_n: u64| {
                c += 1;
                if c == n {
                    d.store(1, std::sync::atomic::Ordering::Release);
                }
                Ok(())
            });
            for i in (0..7).rev() {
                let nx = next.clone();
                next = g
                    .stage(&format!("s{i}"))
                    .queue(4096)
                    .batch(batch)
                    .handler_with(|w| Hop { next: w.to(&nx) });
            }
            let first = next.clone();
            g.source("gen").solo(|w| Gen {
                sink: w.to(&first),
                left: n,
                batch: batch as u64,
            });
            let mut plan = Plan::default().workers(1);
            if !stats {
                plan = plan.without_statistics();
            }
            let t = Instant::now();
            let r = g.start(plan).unwrap();
            while done.load(std::sync::atomic::Ordering::Acquire) == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            let e = t.elapsed();
            println!(
                "batch {batch} stats {stats}: {:.2} ns/hop",
                e.as_nanos() as f64 / (n as f64 * 8.0)
            );
            let l = r.drain(Duration::from_secs(5)).unwrap();
            assert!(l.balances() && l.is_empty());
        }
    }
}
