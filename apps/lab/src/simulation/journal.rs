//! What became of every request of a run.

use std::time::Duration;

use hdrhistogram::Histogram;
use seda_core::simulator::{Ended, Outcome};
use seda_core::{Class, Tick};

use crate::fairness::Shares;
use crate::quantiles::{self, DIGITS, LONGEST};
use crate::record::{ClassRun, Distribution, Outcomes};
use crate::simulation::timeline::{Step, Timeline};

/// Notes what becomes of requests that were asked while it counts.
#[derive(Debug)]
pub(super) struct Journal {
    from: Tick,
    until: Tick,
    pub(super) attempts: u64,
    pub(super) rejections: Histogram<u64>,
    pub(super) lines: Vec<Line>,
    pub(super) timeline: Timeline,
    pub(super) shares: Option<Shares>,
}

/// Is what became of the requests of one class.
#[derive(Debug)]
pub(super) struct Line {
    /// An answer within this is good.
    target: Duration,
    pub(super) outcomes: Outcomes,
    latency: Histogram<u64>,
    answered: Tick,
    starved: Duration,
}

impl Journal {
    /// Makes one for requests of as many classes as there are targets.
    pub(super) fn new(
        targets: &[Duration],
        (from, until): (Tick, Tick),
        shares: Option<Shares>,
    ) -> Result<Self, hdrhistogram::CreationError> {
        let lines = targets.iter().map(|target| Line::new(*target, from));
        Ok(Self {
            from,
            until,
            attempts: 0,
            rejections: Histogram::new_with_max(LONGEST, DIGITS)?,
            lines: lines.collect::<Result<_, _>>()?,
            timeline: Timeline::new(until.since(from)),
            shares,
        })
    }

    /// Notes the end of a request of a client; in a run without classes the
    /// class says nothing.
    pub(super) fn note(&mut self, ended: &Ended, client: usize) {
        let took = ended.at.since(ended.asked);
        let counts = self.counts(ended.asked);
        let target = self.line(ended.class).map(|line| line.target);
        let in_time = target.is_some_and(|target| took <= target);
        let good = ended.outcome == Outcome::Answered && in_time;
        let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        if let Some(step) = self.step(ended.at) {
            step.count(ended.outcome, (good, micros));
            step.attempts += u64::from(ended.attempts);
        }
        if counts && let Some(step) = self.step(ended.asked) {
            step.offered += 1;
        }
        let until = self.until;
        if let Some(line) = self.line(ended.class) {
            if ended.outcome == Outcome::Answered && ended.at < until {
                line.answer(ended.at);
            }
            if counts {
                line.count(ended.outcome, (good, took));
            }
        }
        if !counts {
            return;
        }
        self.attempts += u64::from(ended.attempts);
        match ended.outcome {
            Outcome::Answered => {
                if let Some(shares) = &mut self.shares {
                    shares.answered(client, took);
                }
            }
            Outcome::Rejected => self.rejections.saturating_record(nanos(took)),
            Outcome::Lost | Outcome::TimedOut => {}
        }
    }

    /// Notes a request that has no answer at the end of the run.
    pub(super) fn leave(&mut self, asked: Tick, class: Class) {
        if !self.counts(asked) {
            return;
        }
        if let Some(step) = self.step(asked) {
            step.offered += 1;
        }
        if let Some(line) = self.line(class) {
            line.outcomes.offered += 1;
            line.outcomes.failed += 1;
        }
    }

    pub(super) fn outcomes(&self) -> Outcomes {
        let mut all = Outcomes::default();
        self.lines.iter().for_each(|line| all.add(&line.outcomes));
        all
    }

    /// Gives the latency of everything that was answered.
    pub(super) fn latency(&self) -> Distribution {
        let mut lines = self.lines.iter();
        let Some(mut all) = lines.next().map(|line| line.latency.clone()) else {
            return Distribution::default();
        };
        for line in lines {
            // They are made alike, so that one fits into the other.
            if all.add(&line.latency).is_err() {
                return Distribution::default();
            }
        }
        quantiles::distribution(&all)
    }

    pub(super) fn classes(&self) -> Vec<ClassRun> {
        let lines = self.lines.iter().zip(0..);
        let run = |(line, class): (&Line, u8)| ClassRun {
            class,
            outcomes: line.outcomes,
            latency: quantiles::spread(&line.latency),
            target_ms: Some(millis(line.target)),
            starved_ms: Some(millis(line.starved.max(self.until.since(line.answered)))),
        };
        lines.map(run).collect()
    }

    fn counts(&self, asked: Tick) -> bool {
        (self.from..self.until).contains(&asked)
    }

    fn step(&mut self, at: Tick) -> Option<&mut Step> {
        (at >= self.from).then(|| self.timeline.at(at.since(self.from)))?
    }

    fn line(&mut self, class: Class) -> Option<&mut Line> {
        let only = self.lines.len() == 1;
        let place = if only { 0 } else { usize::from(class.0) };
        self.lines.get_mut(place)
    }
}

impl Step {
    fn count(&mut self, outcome: Outcome, (good, micros): (bool, u32)) {
        match outcome {
            Outcome::Answered if good => self.good += 1,
            Outcome::Answered => self.late += 1,
            Outcome::Rejected => self.rejected += 1,
            Outcome::Lost | Outcome::TimedOut => self.failed += 1,
        }
        if outcome == Outcome::Answered {
            self.took.push(micros);
        }
    }
}

impl Line {
    fn new(target: Duration, from: Tick) -> Result<Self, hdrhistogram::CreationError> {
        Ok(Self {
            target,
            outcomes: Outcomes::default(),
            latency: Histogram::new_with_max(LONGEST, DIGITS)?,
            answered: from,
            starved: Duration::ZERO,
        })
    }

    fn answer(&mut self, at: Tick) {
        self.starved = self.starved.max(at.since(self.answered));
        self.answered = self.answered.max(at);
    }

    fn count(&mut self, outcome: Outcome, (good, took): (bool, Duration)) {
        self.outcomes.offered += 1;
        match outcome {
            Outcome::Answered if good => self.outcomes.good += 1,
            Outcome::Answered => self.outcomes.late += 1,
            Outcome::Rejected => self.outcomes.rejected += 1,
            Outcome::Lost | Outcome::TimedOut => self.outcomes.failed += 1,
        }
        if outcome == Outcome::Answered {
            self.latency.saturating_record(nanos(took));
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
