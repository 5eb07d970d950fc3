//! The work that every server does for a request: it burns CPU time.
//!
//! CPU time of the thread, not wall time: a thread that has to share its core
//! takes longer, as real work would. The n-th request of a run takes the same
//! time in every server, since the times are drawn in order from one seed.

use std::fmt;
use std::hint;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use rustix::time::{ClockId, clock_gettime};

use crate::world::World;

/// Turns of an empty loop between two looks at the clock: about 1 µs, against
/// some 0.3 µs for the look.
const STEP_TURNS: u32 = 2_000;
/// Share of long times among [`Spread::TwoModes`]: one in five, each six times a short one.
const LONG_SHARE: f64 = 0.2;
/// Lengths of its short and long times, in means.
const SHORT: f64 = 0.5;
const LONG: f64 = 3.0;
/// Tail index of [`Spread::Pareto`]: one in a hundred takes more than 4.4 means.
const TAIL: f64 = 2.2;

/// Says how times are spread around their mean, as the simulator's are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// All are the same.
    Fixed,
    /// Exponentially.
    Exponential,
    /// Half a mean, but one in five six times that.
    TwoModes,
    /// With a heavy tail.
    Pareto,
}

/// All spreads, by their names.
pub const SPREADS: [(&str, Spread); 4] = [
    ("exponential", Spread::Exponential),
    ("fixed", Spread::Fixed),
    ("two-modes", Spread::TwoModes),
    ("pareto", Spread::Pareto),
];

impl Spread {
    /// Gives a time, in means, for a number that is evenly spread over [0, 1).
    fn at(self, number: f64) -> f64 {
        match self {
            Self::Fixed => 1.0,
            Self::Exponential => -(1.0 - number).ln(),
            Self::TwoModes if number < LONG_SHARE => LONG,
            Self::TwoModes => SHORT,
            Self::Pareto => (TAIL - 1.0) / TAIL * (1.0 - number).powf(-1.0 / TAIL),
        }
    }
}

/// Is the work of a server, shared by all its threads.
pub struct Work {
    mean: Duration,
    spread: Spread,
    draws: Mutex<Rng>,
    world: Arc<World>,
    done: AtomicU64,
    burnt: AtomicU64,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mean, spread, .. } = self;
        write!(f, "Work({mean:?}, {spread:?})")
    }
}

impl Work {
    /// Makes work of so much CPU time on average.
    pub fn new(mean: Duration, spread: Spread, seed: u64, world: Arc<World>) -> Self {
        Self {
            mean,
            spread,
            draws: Mutex::new(Rng::with_seed(seed)),
            world,
            done: AtomicU64::new(0),
            burnt: AtomicU64::new(0),
        }
    }

    /// Gives the world in which it is done.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Tells how many requests were worked on to the end, and how much CPU time was
    /// meant for them. What a client no longer waited for is among them.
    pub fn done(&self) -> (u64, Duration) {
        let burnt = self.burnt.load(Ordering::Relaxed);
        let done = self.done.load(Ordering::Relaxed);
        (done, Duration::from_nanos(burnt))
    }

    /// Does the work of one request.
    ///
    /// # Blocking
    ///
    /// For as long as it takes, and for as long as the world is paused.
    pub fn run(&self) {
        self.world.wait();
        let time = self.draw().mul_f64(self.world.factor());
        let until = cpu_time().saturating_add(time);
        while cpu_time() < until {
            (0..STEP_TURNS).for_each(|turn| {
                hint::black_box(turn);
            });
            self.world.wait();
        }
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.burnt.fetch_add(nanoseconds, Ordering::Relaxed);
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn draw(&self) -> Duration {
        // A generator is as good as before, whoever panicked beside it.
        let mut draws = self.draws.lock().unwrap_or_else(PoisonError::into_inner);
        self.mean.mul_f64(self.spread.at(draws.f64()))
    }
}

/// Tells how much CPU time this thread has used.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use fastrand::Rng;

    use super::{SPREADS, Spread, Work, cpu_time};
    use crate::world::World;

    fn work(spread: Spread) -> Work {
        Work::new(Duration::from_millis(1), spread, 7, Arc::new(World::new()))
    }

    #[test]
    fn every_spread_has_its_mean() {
        let mut draws = Rng::with_seed(7);
        for (name, spread) in SPREADS {
            let count = 1_000_000;
            let sum: f64 = (0..count).map(|_| spread.at(draws.f64())).sum();
            let mean = sum / f64::from(count);
            assert!((mean - 1.0).abs() < 0.02, "{name}: {mean}");
        }
    }

    #[test]
    fn a_request_burns_what_was_drawn_and_hardly_more() {
        let work = work(Spread::Fixed);
        let before = cpu_time();
        (0..20).for_each(|_| work.run());
        let burnt = cpu_time().saturating_sub(before);
        assert!((20_000..21_000).contains(&burnt.as_micros()), "{burnt:?}");
        assert_eq!(work.done(), (20, Duration::from_millis(20)));
    }

    #[test]
    fn one_seed_gives_one_sequence() {
        let [one, other] = [work(Spread::Exponential), work(Spread::Exponential)];
        for _ in 0..100 {
            assert_eq!(one.draw(), other.draw());
        }
    }

    #[test]
    fn nobody_works_in_a_pause_and_slow_work_takes_longer() {
        let work = work(Spread::Fixed);
        work.world().slow(4.0);
        work.world().pause(Duration::from_millis(50));
        let began = Instant::now();
        let before = cpu_time();
        work.run();
        assert!(began.elapsed() >= Duration::from_millis(54));
        let burnt = cpu_time().saturating_sub(before);
        assert!((4_000..5_000).contains(&burnt.as_micros()), "{burnt:?}");
    }
}
