//! What is counted of a run, and when it shows nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::CreationError;

use super::desk::Concluded;
use super::errand::{End, Failure};
use super::ranks::Ranks;
use super::strip::Strip;
use super::tape::Tape;
use super::times::Times;
use super::window::{Verdict, Window};
use crate::fairness::Shares;
use crate::record::{Lag, Outcomes, Run};

/// Milliseconds: a generator that is later than this for one request of a hundred
/// has not made the load that it says.
const LAG_P99_MAX_MS: f64 = 1.0;
/// The part of the schedule that must have been sent.
const SENT_MIN: f64 = 0.99;

/// Is what is counted of a run.
#[derive(Debug)]
pub(super) struct Gauge {
    window: Window,
    outcomes: Outcomes,
    unsent: u64,
    queued: u64,
    retried: u64,
    failures: BTreeMap<Failure, u64>,
    latency: Times,
    uncorrected: Times,
    rejection: Times,
    lag: Times,
    strip: Strip,
    shares: Option<Shares>,
    ranks: Ranks,
    tape: Option<Tape>,
}

/// Is what is told apart besides.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Apart {
    /// Clients that are there from the beginning; 0 where there are none.
    pub(super) clients: usize,
    /// Classes of requests; 0 where there are none.
    pub(super) classes: usize,
    /// When the run begins to count, after 1970, if its intervals are kept.
    pub(super) intervals_from: Option<Duration>,
}

impl Gauge {
    pub(super) fn new(window: Window, apart: Apart) -> Result<Self, CreationError> {
        Ok(Self {
            window,
            outcomes: Outcomes::default(),
            unsent: 0,
            queued: 0,
            retried: 0,
            failures: BTreeMap::new(),
            latency: Times::new()?,
            uncorrected: Times::new()?,
            rejection: Times::new()?,
            lag: Times::new()?,
            strip: Strip::new(window)?,
            shares: (apart.clients > 0).then(|| Shares::of(apart.clients)),
            ranks: Ranks::new(window, apart.classes)?,
            tape: apart
                .intervals_from
                .map(|began| Tape::new(window, apart.classes, began))
                .transpose()?,
        })
    }

    /// Counts a request of a class that was due `at`, and so many nanoseconds later was begun.
    pub(super) fn begun(&mut self, at: u64, lag: u64, class: u8) {
        if self.window.has(at) {
            self.outcomes.offered += 1;
            self.lag.count(lag);
            self.strip.offered(at);
            self.ranks.begun(class);
        }
    }

    /// Counts one that had to wait for a connection.
    pub(super) fn queued(&mut self, at: u64) {
        self.queued += u64::from(self.window.has(at));
    }

    /// Counts an attempt beyond a request's first.
    pub(super) fn retried(&mut self, at: u64) {
        self.retried += u64::from(self.window.has(at));
    }

    /// Counts what became of a request.
    pub(super) fn concluded(&mut self, it: &Concluded) {
        let took = it.done.saturating_sub(it.at);
        let verdict = match it.end {
            End::Answered if took <= self.window.slo => Verdict::Good,
            End::Answered => Verdict::Late,
            End::Rejected => Verdict::Rejected,
            End::Failed(_) => Verdict::Failed,
        };
        self.strip.concluded(it.done, verdict, took);
        if verdict.is_answer() {
            self.ranks.answered(it.class, it.done);
        }
        if !self.window.has(it.at) {
            return;
        }
        self.unsent += u64::from(it.sent.is_none());
        verdict.count(&mut self.outcomes);
        self.ranks.concluded(it.class, verdict, took);
        match it.end {
            End::Answered => {
                self.latency.count(took);
                if let Some(tape) = &mut self.tape {
                    tape.count(it.class, it.done, took);
                }
                let sent = it.sent.unwrap_or(it.at);
                self.uncorrected.count(it.done.saturating_sub(sent));
                if let (Some(shares), Some(client)) = (&mut self.shares, it.client) {
                    shares.answered(client, Duration::from_nanos(took));
                }
            }
            End::Rejected => self.rejection.count(took),
            End::Failed(why) => *self.failures.entry(why).or_default() += 1,
        }
    }

    /// Gives what was counted.
    pub(super) fn read(mut self) -> Run {
        let counted = Duration::from_nanos(self.window.until - self.window.from);
        let lag = Lag {
            spread: self.lag.spread(),
            sent: part(self.outcomes.offered - self.unsent, self.outcomes.offered),
        };
        let failures = self.failures.iter();
        Run {
            seconds: counted.as_secs_f64(),
            outcomes: self.outcomes,
            latency: self.latency.distribution(),
            uncorrected: self.uncorrected.some_spread(),
            rejection: self.rejection.some_spread(),
            lag: Some(lag),
            fairness: self.shares.map(|shares| shares.fairness(counted)),
            classes: self.ranks.read(),
            series: Some(self.strip.read()),
            queued: Some(self.queued),
            retried: Some(self.retried),
            failures: failures.map(|(why, count)| (why.words(), *count)).collect(),
            invalid: invalid(&lag),
            intervals: self.tape.map(Tape::read).unwrap_or_default(),
            ..Run::default()
        }
    }
}

/// Says why a run shows nothing, if so.
fn invalid(lag: &Lag) -> Option<String> {
    let p99 = lag.spread.p99;
    if p99 > LAG_P99_MAX_MS {
        return Some(format!(
            "the generator was late: its p99 lag is {p99:.2} ms, at most {LAG_P99_MAX_MS:.0} ms \
             is good; lower the load, give it a core with `--cpu`, or leave the machine alone"
        ));
    }
    (lag.spread.count > 0 && lag.sent < SENT_MIN).then(|| {
        let percent = 100.0 * lag.sent;
        format!(
            "only {percent:.1} % of the schedule was sent: the others found no free connection \
             in time; raise `--connections` or lower `--timeout`"
        )
    })
}

#[allow(clippy::cast_precision_loss, reason = "counts of requests")]
fn part(some: u64, all: u64) -> f64 {
    if all == 0 {
        1.0
    } else {
        some as f64 / all as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const WINDOW: Window = Window {
        from: 100 * MS,
        until: 1_100 * MS,
        slo: 25 * MS,
    };

    fn concluded(at: u64, took: u64, end: End) -> Concluded {
        Concluded {
            at,
            sent: Some(at + took / 2),
            done: at + took,
            end,
            client: None,
            class: 0,
        }
    }

    #[test]
    fn the_four_outcomes_are_told_apart_and_sum_to_what_was_offered() {
        let mut gauge = Gauge::new(WINDOW, Apart::default()).unwrap();
        let broken = End::Failed(Failure::Broken);
        for (took, end) in [
            (10 * MS, End::Answered),
            (25 * MS, End::Answered),
            (26 * MS, End::Answered),
            (3 * MS, End::Rejected),
            (40 * MS, broken),
        ] {
            gauge.begun(500 * MS, 0, 0);
            gauge.concluded(&concluded(500 * MS, took, end));
        }
        // Before and behind what counts.
        for at in [99 * MS, 1_100 * MS] {
            gauge.begun(at, 50 * MS, 0);
            gauge.concluded(&concluded(at, MS, End::Answered));
        }
        let run = gauge.read();
        let outcomes = run.outcomes;
        assert!(outcomes.is_exact());
        assert_eq!((outcomes.good, outcomes.late), (2, 1));
        assert_eq!((outcomes.rejected, outcomes.failed), (1, 1));
        assert_eq!(run.failures["connection broken"], 1);
        assert!(
            (run.latency.spread.max - 26.0).abs() < 0.1,
            "{:?}",
            run.latency.spread
        );
        assert!((run.uncorrected.unwrap().max - 13.0).abs() < 0.1);
        assert!((run.rejection.unwrap().p50 - 3.0).abs() < 0.1);
        assert_eq!((run.lag.unwrap().spread.count, run.invalid), (5, None));
    }

    #[test]
    fn a_late_generator_and_one_that_has_not_sent_all_are_invalid() {
        let mut late = Gauge::new(WINDOW, Apart::default()).unwrap();
        for count in 0..100 {
            late.begun(500 * MS, if count < 98 { 0 } else { 2 * MS }, 0);
        }
        assert!(late.read().invalid.unwrap().contains("p99 lag"));
        let mut unsent = Gauge::new(WINDOW, Apart::default()).unwrap();
        for count in 0..100 {
            unsent.begun(500 * MS, 0, 0);
            let sent = (count > 1).then_some(500 * MS);
            let end = End::Failed(Failure::NoConnection);
            let done = 600 * MS;
            unsent.concluded(&Concluded {
                at: 500 * MS,
                sent,
                done,
                end,
                client: None,
                class: 0,
            });
        }
        assert!(unsent.read().invalid.unwrap().contains("98.0 %"));
        assert_eq!(
            Gauge::new(WINDOW, Apart::default()).unwrap().read().invalid,
            None
        );
    }
}
