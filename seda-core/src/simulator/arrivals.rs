//! When events arrive: the arrival processes of an open loop.

use std::time::Duration;

use crate::clock::Tick;
use crate::simulator::random::Random;

/// In how many parts a ramp's rate is constant.
const RAMP_PARTS: u32 = 1_000;

/// Is an arrival process.
#[derive(Clone, Debug)]
pub struct Arrivals {
    process: Process,
    /// What each takes of a worker's time.
    pub(crate) cost: Duration,
}

#[derive(Clone, Debug)]
enum Process {
    Poisson {
        gap: Duration,
    },
    Uniform {
        gap: Duration,
    },
    Bursts {
        gaps: [Duration; 2],
        dwell: Duration,
        high: bool,
        until: Tick,
    },
    Steps(Vec<(Tick, f64)>),
    Ramp {
        from: f64,
        to: f64,
        over: Duration,
    },
    Trace {
        ticks: Vec<Tick>,
        next: usize,
    },
}

impl Arrivals {
    const fn of(process: Process) -> Self {
        Self {
            process,
            cost: Duration::ZERO,
        }
    }

    /// Has each arrival, let in or not, take this much time of a worker of the
    /// domain that it enters, as reading and refusing a request does.
    #[must_use]
    pub const fn costing(mut self, each: Duration) -> Self {
        self.cost = each;
        self
    }

    /// Makes independent arrivals, `events_per_second` on average.
    pub fn poisson(events_per_second: f64) -> Self {
        Self::of(Process::Poisson {
            gap: gap(events_per_second),
        })
    }

    /// Makes evenly spaced arrivals.
    pub fn uniform(events_per_second: f64) -> Self {
        Self::of(Process::Uniform {
            gap: gap(events_per_second),
        })
    }

    /// Makes Poisson arrivals that change between two rates after
    /// exponentially distributed times of mean `dwell` (an MMPP).
    pub fn bursts(low: f64, high: f64, dwell: Duration) -> Self {
        Self::of(Process::Bursts {
            gaps: [gap(low), gap(high)],
            dwell,
            high: true,
            until: Tick::ZERO,
        })
    }

    /// Makes Poisson arrivals whose rate changes at given moments; before the
    /// first there are none, and a rate of 0 stops them.
    pub fn steps(steps: impl IntoIterator<Item = (Duration, f64)>) -> Self {
        let steps = steps.into_iter();
        let mut steps: Vec<_> = steps
            .map(|(at, rate)| (Tick::ZERO.after(at), rate))
            .collect();
        steps.sort_by_key(|(at, _)| *at);
        Self::of(Process::Steps(steps))
    }

    /// Makes Poisson arrivals whose rate goes evenly from one to another, and
    /// stays there.
    pub fn ramp(from: f64, to: f64, over: Duration) -> Self {
        Self::of(Process::Ramp { from, to, over })
    }

    /// Makes arrivals at recorded moments since the start.
    pub fn trace(moments: impl IntoIterator<Item = Duration>) -> Self {
        let moments = moments.into_iter();
        let mut ticks: Vec<_> = moments.map(|at| Tick::ZERO.after(at)).collect();
        ticks.sort_unstable();
        Self::of(Process::Trace { ticks, next: 0 })
    }

    /// Gives the next arrival after `now`; none when there are no more.
    pub(crate) fn next(&mut self, now: Tick, random: &mut Random) -> Option<Tick> {
        match &mut self.process {
            Process::Poisson { gap } => Some(now.after(random.exponential(*gap))),
            Process::Uniform { gap } => Some(now.after(*gap)),
            Process::Bursts {
                gaps: [low, swift],
                dwell,
                high,
                until,
            } => {
                if now >= *until {
                    *high = !*high;
                    *until = now.after(random.exponential(*dwell));
                }
                let gap = if *high { *swift } else { *low };
                Some(now.after(random.exponential(gap)))
            }
            Process::Steps(steps) => next_of_steps(steps, now, random),
            Process::Ramp { from, to, over } => {
                Some(next_of_ramp((*from, *to, *over), now, random))
            }
            Process::Trace { ticks, next } => {
                let at = ticks.get(*next).copied();
                *next += 1;
                at
            }
        }
    }
}

/// Draws gaps at the present rate; what would come after the next step is
/// drawn anew at the step (a Poisson process has no memory).
fn next_of_steps(steps: &[(Tick, f64)], now: Tick, random: &mut Random) -> Option<Tick> {
    let mut from = now;
    loop {
        let after = steps.iter().position(|(at, _)| *at > from);
        let next_step = after.and_then(|place| steps.get(place)).map(|(at, _)| *at);
        let place = after.unwrap_or(steps.len()).checked_sub(1);
        let rate = place
            .and_then(|place| steps.get(place))
            .map_or(0.0, |(_, rate)| *rate);
        let at = (rate > 0.0).then(|| from.after(random.exponential(gap(rate))));
        match (at, next_step) {
            (Some(at), Some(step)) if at < step => return Some(at),
            (Some(at), None) => return Some(at),
            (_, Some(step)) => from = step,
            (None, None) => return None,
        }
    }
}

/// Draws gaps at the present rate, and anew after each small part of the ramp.
fn next_of_ramp((from, to, over): (f64, f64, Duration), now: Tick, random: &mut Random) -> Tick {
    let part = over / RAMP_PARTS;
    let mut at = now;
    loop {
        let done = at
            .since(Tick::ZERO)
            .div_duration_f64(over.max(Duration::from_nanos(1)));
        let wait = random.exponential(gap(from + (to - from) * done.min(1.0)));
        if done >= 1.0 || wait < part {
            return at.after(wait);
        }
        at = at.after(part);
    }
}

/// Gives the mean gap at a rate; a rate of 0 is one event in 30 years.
fn gap(events_per_second: f64) -> Duration {
    Duration::from_secs_f64((1.0 / events_per_second).clamp(1e-9, 1e9))
}

#[cfg(test)]
mod tests {
    use super::Arrivals;
    use crate::clock::Tick;
    use crate::simulator::random::Random;
    use std::time::Duration;

    fn count(mut arrivals: Arrivals, from: u64, to: u64) -> usize {
        let second = 1_000_000_000;
        let mut random = Random::new(7);
        let mut now = Tick::ZERO;
        let mut n = 0;
        while let Some(at) = arrivals.next(now, &mut random) {
            assert!(at >= now);
            now = at;
            if now.as_nanos() >= to * second {
                break;
            }
            n += usize::from(now.as_nanos() >= from * second);
        }
        n
    }

    #[test]
    fn the_rates_are_what_was_asked() {
        assert_eq!(count(Arrivals::uniform(100.0), 0, 10), 999);
        assert!((9_700..10_300).contains(&count(Arrivals::poisson(1_000.0), 0, 10)));
        let ramp = Arrivals::ramp(0.0001, 2_000.0, Duration::from_secs(10));
        assert!((19_400..20_600).contains(&count(ramp, 10, 20)));
        let bursts = Arrivals::bursts(100.0, 1_900.0, Duration::from_millis(20));
        assert!((7_000..13_000).contains(&count(bursts, 0, 10)));
    }

    #[test]
    fn steps_change_the_rate_at_once_and_can_stop() {
        let secs = Duration::from_secs;
        let steps = Arrivals::steps([(secs(1), 100.0), (secs(2), 10_000.0), (secs(3), 0.0)]);
        assert_eq!(count(steps.clone(), 0, 1), 0);
        assert!((70..130).contains(&count(steps.clone(), 1, 2)));
        assert!((9_700..10_300).contains(&count(steps.clone(), 2, 3)));
        assert_eq!(count(steps, 3, 100), 0);
    }

    #[test]
    fn a_trace_is_replayed() {
        let trace = Arrivals::trace([3, 1, 2].map(Duration::from_secs));
        assert_eq!(count(trace, 0, 3), 2);
    }
}
