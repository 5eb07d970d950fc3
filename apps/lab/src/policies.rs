//! The policies that the laboratory knows by name.

use std::time::Duration;

use seda_core::{AdaptiveLifo, Aimd, Cap, CoDel, Dagor, Gradient2, MinRtt, ResponseTime};
use seda_core::{Controller, Decision, Sample, StageBuilder, Tick};
use seda_core::{SedaDirect, SedaMulticlass, SedaPid, SedaQueueing, Vegas};

/// How much a queue holds that nothing else bounds, in events.
const UNBOUNDED: usize = 10_000_000;

/// Is a way to condition one stage.
#[derive(Clone, Copy)]
pub struct Policy {
    /// What it is called, such as `drain rate`.
    pub name: &'static str,
    /// What it is, in a few words, with its parameters.
    pub about: &'static str,
    means: Means,
}

/// Is what a policy does to a stage.
#[derive(Clone, Copy)]
enum Means {
    /// Nothing.
    Nothing,
    /// Adds a controller, made for the latency that is wanted.
    Controls(fn(Duration) -> Box<dyn Controller>),
    /// Sets the latency that is wanted as the stage's target.
    Target,
    /// Sets the target, and adds a controller that goes by it.
    TargetAnd(fn(Duration) -> Box<dyn Controller>),
}

const ALL: &[Policy] = &[
    Policy {
        name: "unbounded",
        about: "takes everything, in order",
        means: Means::Nothing,
    },
    Policy {
        name: "expiry only",
        about: "takes everything, gives up what has waited for 0.9 of the target",
        means: Means::Controls(|target| Box::new(ExpiryOnly(target))),
    },
    Policy {
        name: "cap 100",
        about: "at most 100 waiting or in hand",
        means: Means::Controls(|_| Box::new(Cap::new(100))),
    },
    Policy {
        name: "cap 20",
        about: "at most 20 waiting or in hand, tuned by hand",
        means: Means::Controls(|_| Box::new(Cap::new(20))),
    },
    Policy {
        name: "adaptive lifo",
        about: "newest first while there is a standing queue, with CoDel's bound",
        means: Means::Controls(|_| Box::new(AdaptiveLifo::default())),
    },
    Policy {
        name: "codel",
        about: "Facebook's CoDel for servers, 5 ms and 100 ms",
        means: Means::Controls(|_| Box::new(CoDel::default())),
    },
    Policy {
        name: "dagor",
        about: "WeChat's DAGOR over one class, levels by turn",
        means: Means::Controls(|_| Box::new(Dagor::default())),
    },
    Policy {
        name: "seda direct",
        about: "SEDA's first: AIMD of the rate, with its constants",
        means: Means::Controls(|target| Box::new(SedaDirect::new(target))),
    },
    Policy {
        name: "seda multiclass",
        about: "SEDA's second, with the constants of 2003",
        means: Means::Controls(|target| Box::new(SedaMulticlass::new(target))),
    },
    Policy {
        name: "seda queueing",
        about: "SEDA's M/M/1 model",
        means: Means::Controls(|target| Box::new(SedaQueueing::new(target))),
    },
    Policy {
        name: "seda pid",
        about: "SEDA's PID controller",
        means: Means::Controls(|target| Box::new(SedaPid::new(target))),
    },
    Policy {
        name: "vegas",
        about: "Netflix' VegasLimit, over windows of 100 ms",
        means: Means::Controls(|_| Box::new(Vegas::default())),
    },
    Policy {
        name: "gradient2",
        about: "Netflix' Gradient2Limit, over windows of 100 ms",
        means: Means::Controls(|_| Box::new(Gradient2::default())),
    },
    Policy {
        name: "aimd",
        about: "Netflix' AIMDLimit with the target for its timeout",
        means: Means::Controls(|target| Box::new(Aimd::new(target))),
    },
    Policy {
        name: "min rtt",
        about: "Envoy's adaptive concurrency: gradient with minRTT",
        means: Means::Controls(|_| Box::new(MinRtt::default())),
    },
    Policy {
        name: "response time",
        about: "a limit in flight from the target alone, and expiry",
        means: Means::TargetAnd(|_| Box::new(ResponseTime::default())),
    },
    Policy {
        name: "drain rate",
        about: "the default: work ahead / drain rate <= 0.8 of the target, and expiry",
        means: Means::Target,
    },
];

impl Policy {
    /// Lists all policies, the defaults last.
    pub const fn all() -> &'static [Self] {
        ALL
    }

    /// Gives the policy of this name.
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|policy| policy.name == name).copied()
    }

    /// Finds the policy whose name is the nearest to a misspelt one.
    pub fn nearest(name: &str) -> Option<&'static str> {
        nearest(name, ALL.iter().map(|policy| policy.name))
    }

    /// Tells whether it goes by the stage's target.
    pub(crate) const fn has_target(&self) -> bool {
        matches!(self.means, Means::Target | Means::TargetAnd(_))
    }

    pub(crate) fn build<'g, E: Send + 'static>(
        &self,
        stage: StageBuilder<'g, E>,
        target: Duration,
    ) -> StageBuilder<'g, E> {
        let stage = stage.queue(UNBOUNDED);
        match self.means {
            Means::Nothing => stage,
            Means::Controls(make) => stage.controller(make(target)),
            Means::Target => stage.target(target),
            Means::TargetAnd(make) => stage.target(target).controller(make(target)),
        }
    }
}

/// Finds the word that a misspelt one was probably meant to be.
pub(crate) fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    // One slip in three letters is a slip; more is another word.
    let most = word.chars().count().div_ceil(3);
    let slips = |known: &'w str| (strsim::osa_distance(word, known), known);
    let near = known
        .into_iter()
        .map(slips)
        .filter(|(slips, _)| *slips <= most);
    near.min().map(|(_, known)| known)
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Policy").field(&self.name).finish()
    }
}

/// Gives up events that have waited too long, and refuses none.
struct ExpiryOnly(Duration);

impl Controller for ExpiryOnly {
    fn name(&self) -> &'static str {
        "expiry only"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn update(&mut self, _now: Tick, _sample: &Sample) -> Decision {
        Decision {
            wait_max: Some(self.0.mul_f64(0.9)),
            ..Decision::none()
        }
    }
}
