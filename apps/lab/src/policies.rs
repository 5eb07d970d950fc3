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
    build: Build,
}

/// Builds a stage under a policy, given the latency that is wanted.
type Build = for<'g> fn(StageBuilder<'g, Tick>, Duration) -> StageBuilder<'g, Tick>;

const ALL: &[Policy] = &[
    Policy {
        name: "unbounded",
        about: "takes everything, in order",
        build: |stage, _| stage.queue(UNBOUNDED),
    },
    Policy {
        name: "expiry only",
        about: "takes everything, gives up what has waited for 0.9 of the target",
        build: |stage, target| stage.queue(UNBOUNDED).controller(ExpiryOnly(target)),
    },
    Policy {
        name: "cap 100",
        about: "at most 100 waiting or in hand",
        build: |stage, _| stage.queue(UNBOUNDED).controller(Cap::new(100)),
    },
    Policy {
        name: "cap 20",
        about: "at most 20 waiting or in hand, tuned by hand",
        build: |stage, _| stage.queue(UNBOUNDED).controller(Cap::new(20)),
    },
    Policy {
        name: "adaptive lifo",
        about: "newest first while there is a standing queue, with CoDel's bound",
        build: |stage, _| stage.queue(UNBOUNDED).controller(AdaptiveLifo::default()),
    },
    Policy {
        name: "codel",
        about: "Facebook's CoDel for servers, 5 ms and 100 ms",
        build: |stage, _| stage.queue(UNBOUNDED).controller(CoDel::default()),
    },
    Policy {
        name: "dagor",
        about: "WeChat's DAGOR over one class, levels by turn",
        build: |stage, _| stage.queue(UNBOUNDED).controller(Dagor::default()),
    },
    Policy {
        name: "seda direct",
        about: "SEDA's first: AIMD of the rate, with its constants",
        build: |stage, target| stage.queue(UNBOUNDED).controller(SedaDirect::new(target)),
    },
    Policy {
        name: "seda multiclass",
        about: "SEDA's second, with the constants of 2003",
        build: |stage, target| {
            stage
                .queue(UNBOUNDED)
                .controller(SedaMulticlass::new(target))
        },
    },
    Policy {
        name: "seda queueing",
        about: "SEDA's M/M/1 model",
        build: |stage, target| stage.queue(UNBOUNDED).controller(SedaQueueing::new(target)),
    },
    Policy {
        name: "seda pid",
        about: "SEDA's PID controller",
        build: |stage, target| stage.queue(UNBOUNDED).controller(SedaPid::new(target)),
    },
    Policy {
        name: "vegas",
        about: "Netflix' VegasLimit, over windows of 100 ms",
        build: |stage, _| stage.queue(UNBOUNDED).controller(Vegas::default()),
    },
    Policy {
        name: "gradient2",
        about: "Netflix' Gradient2Limit, over windows of 100 ms",
        build: |stage, _| stage.queue(UNBOUNDED).controller(Gradient2::default()),
    },
    Policy {
        name: "aimd",
        about: "Netflix' AIMDLimit with the target for its timeout",
        build: |stage, target| stage.queue(UNBOUNDED).controller(Aimd::new(target)),
    },
    Policy {
        name: "min rtt",
        about: "Envoy's adaptive concurrency: gradient with minRTT",
        build: |stage, _| stage.queue(UNBOUNDED).controller(MinRtt::default()),
    },
    Policy {
        name: "response time",
        about: "a limit in flight from the target alone, and expiry",
        build: |stage, target| {
            let stage = stage.queue(UNBOUNDED).target(target);
            stage.controller(ResponseTime::default())
        },
    },
    Policy {
        name: "drain rate",
        about: "the default: work ahead / drain rate <= 0.8 of the target, and expiry",
        build: |stage, target| stage.queue(UNBOUNDED).target(target),
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

    pub(crate) fn build<'g>(
        &self,
        stage: StageBuilder<'g, Tick>,
        target: Duration,
    ) -> StageBuilder<'g, Tick> {
        (self.build)(stage, target)
    }
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
