//! A random graph before it is built, with one stage that needs its workers the most.

use std::time::Duration;

use fastrand::Rng;
use seda_core::{DomainKind, LimitedBy, Plan};

/// By how much the workers of the bottleneck are more needed than any others.
const FACTOR: f64 = 2.0;
/// All that is computed beside the bottleneck, as a part of what that takes: the
/// machine's cores are not to be what limits the graph.
const BESIDE_MAX: f64 = 0.4;
/// What an event takes at the bottleneck, for each of its workers, in milliseconds.
const SLOWEST_MS: (u32, u32) = (1, 4);

/// Is one stage of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// From where its events come; none at the entry.
    pub parent: Option<usize>,
    /// Each event goes on to one of those behind it, else to all.
    pub splits: bool,
    /// It waits for somebody else, and does not compute.
    pub waits: bool,
    /// What an event takes here, on average, in seconds.
    pub takes: f64,
    /// The number of its domain.
    pub domain: usize,
    /// How many events may wait.
    pub queue: usize,
    /// How many are handled at once, at most.
    pub batch: usize,
}

/// Is a tree of stages, the first of which is the entry.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The stages.
    pub steps: Vec<Step>,
    /// The workers of each domain, and whether they may block.
    pub domains: Vec<(usize, bool)>,
    /// Stages wait for room behind them, else what is refused is lost.
    pub defers: bool,
    /// The stage that is to be found.
    pub bottleneck: usize,
    /// The rate at the entry, as a part of what the bottleneck does.
    pub load: f64,
}

impl Drawn {
    /// Draws one.
    pub fn new(rng: &mut Rng) -> Self {
        let count = rng.usize(3..=8);
        let spread = rng.u8(0..3);
        let steps = (0..count).map(|place| step(rng, place, spread)).collect();
        let domain = |_| (rng.usize(1..=3), rng.bool());
        let mut drawn = Self {
            steps,
            domains: (0..count).map(domain).collect(),
            defers: rng.bool(),
            bottleneck: rng.usize(0..count),
            load: rng.f64().mul_add(0.6, 1.1),
        };
        drawn.inject(rng);
        drawn
    }

    /// Makes the one stage so slow that its workers are needed the most.
    fn inject(&mut self, rng: &mut Rng) {
        let Some(chosen) = self.steps.get_mut(self.bottleneck) else {
            return;
        };
        chosen.takes = 0.0;
        let (home, waits) = (chosen.domain, chosen.waits);
        // Who computes on several cores leaves none to those who bring the load.
        if !waits && let Some(domain) = self.domains.get_mut(home) {
            domain.0 = 1;
        }
        let visits = self.visits();
        let need = 1e-3 * f64::from(rng.u32(SLOWEST_MS.0..=SLOWEST_MS.1));
        let most = (0..self.domains.len()).map(|domain| self.need(domain));
        let most = most.fold(f64::MIN_POSITIVE, f64::max);
        let computed: f64 = self.computed(&visits);
        let scale = (need / FACTOR / most).min(BESIDE_MAX * need / computed.max(1e-9));
        for step in &mut self.steps {
            step.takes *= scale;
        }
        let workers = self
            .domains
            .get(home)
            .map_or(1.0, |(workers, _)| float(*workers));
        if let (Some(chosen), Some(visits)) = (
            self.steps.get_mut(self.bottleneck),
            visits.get(self.bottleneck),
        ) {
            chosen.takes = need * workers / visits;
        }
    }

    /// Seconds of computing that an event of the entry needs.
    fn computed(&self, visits: &[f64]) -> f64 {
        let steps = self.steps.iter().zip(visits);
        steps
            .filter(|(step, _)| !step.waits)
            .map(|(step, visits)| step.takes * visits)
            .sum()
    }

    /// How often an event of the entry comes to each stage.
    fn visits(&self) -> Vec<f64> {
        let mut visits: Vec<f64> = Vec::new();
        for step in &self.steps {
            let from = step
                .parent
                .and_then(|parent| Some((parent, self.steps.get(parent)?)));
            visits.push(from.map_or(1.0, |(parent, above)| {
                let among = if above.splits {
                    self.children(parent).count()
                } else {
                    1
                };
                visits.get(parent).copied().unwrap_or(1.0) / float(among)
            }));
        }
        visits
    }

    /// Lists the stages that get a stage's events.
    pub fn children(&self, of: usize) -> impl Iterator<Item = usize> {
        let steps = self.steps.iter().enumerate();
        steps
            .filter(move |(_, step)| step.parent == Some(of))
            .map(|(place, _)| place)
    }

    /// Seconds of each worker of a domain that an event of the entry needs.
    fn need(&self, domain: usize) -> f64 {
        let visits = self.visits();
        let mine = self
            .steps
            .iter()
            .zip(visits)
            .filter(|(step, _)| step.domain == domain);
        let needed: f64 = mine.map(|(step, visits)| step.takes * visits).sum();
        needed
            / self
                .domains
                .get(domain)
                .map_or(1.0, |(workers, _)| float(*workers))
    }

    /// Events per second at the entry.
    pub fn rate(&self) -> f64 {
        let home = self
            .steps
            .get(self.bottleneck)
            .map_or(0, |step| step.domain);
        self.load / self.need(home)
    }

    /// Says what limits the graph.
    pub fn limit(&self) -> LimitedBy {
        match self.steps.get(self.bottleneck) {
            Some(step) if step.waits => LimitedBy::Outside,
            _ => LimitedBy::Cpu,
        }
    }

    /// Makes the plan, with the domains that have stages.
    pub fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        for (number, (workers, blocks)) in self.domains.iter().enumerate() {
            if !self.steps.iter().any(|step| step.domain == number) {
                continue;
            }
            let workers = *workers;
            let kind = if *blocks {
                DomainKind::Blocking {
                    min: workers,
                    max: workers,
                }
            } else {
                DomainKind::Cores { workers }
            };
            plan = plan.domain(&format!("d{number}"), kind);
        }
        for (place, step) in self.steps.iter().enumerate() {
            plan = plan
                .place(&name(place), &format!("d{}", step.domain))
                .batch(&name(place), step.batch);
        }
        plan
    }
}

/// Draws a stage: all in one domain, each in its own, or a few in each of three.
fn step(rng: &mut Rng, place: usize, spread: u8) -> Step {
    let parent = place.checked_sub(1).map(|last| {
        if rng.u8(..) < 170 {
            last
        } else {
            rng.usize(0..place)
        }
    });
    Step {
        parent,
        splits: rng.bool(),
        waits: rng.bool(),
        takes: f64::from(rng.u32(100..1_600)),
        domain: match spread {
            0 => 0,
            1 => place,
            _ => rng.usize(0..3),
        },
        queue: rng.usize(64..200),
        batch: rng.usize(1..=16),
    }
}

/// Names a stage.
pub fn name(place: usize) -> String {
    format!("s{place}")
}

/// Says how long an event takes at a stage.
pub fn takes(step: &Step) -> Duration {
    Duration::from_secs_f64(step.takes)
}

#[allow(clippy::cast_precision_loss, reason = "a count of stages or workers")]
const fn float(count: usize) -> f64 {
    count as f64
}
