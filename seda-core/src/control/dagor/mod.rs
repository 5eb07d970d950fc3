//! DAGOR: overload is a mean queueing time, and a level of priority answers it.

mod ladder;
mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::Tick;
use crate::control::window::Window;
use crate::control::{Adjusts, Controller, Decision, Sample};
use crate::law::float;
use crate::meta::Class;

use ladder::Ladder;
use settings::{ALPHA, BETA, EVENTS, QUEUEING_MAX, TIME};

/// Admits events up to a level of priority, which falls by 5 % of the admitted
/// after a window in which the mean queueing time was above 20 ms, and rises
/// by 1 % of the arrivals after one in which it was not.
///
/// It needs no target: 20 ms is the original's, for services with a timeout of
/// 500 ms. Whoever is turned away stays turned away while the level holds,
/// which spares a client that needs several calls for one result from paying
/// for some in vain. It answers a surge in seconds, since a window takes
/// 2,000 arrivals or 1 s and moves the level by a twentieth, and the queue must
/// hold what comes in meanwhile; and it swings, since it hears of a queue only
/// after that was there.
///
/// Carried over: the original has tens of business levels with 128 user levels
/// each, the user's by a hash that changes every hour. Here a
/// [`Class`] is a business level, as far as the queue tells
/// classes apart; the user level of an event follows from its key, for good,
/// and events without a key take turns. The original counts the arrivals of
/// each level; here those of a class are counted, and spread evenly over its
/// user levels. The level rises by a part of all arrivals, since 1 % of the
/// admitted is less than one level of 128 as soon as a fifth is turned away,
/// and it would never rise again. The queueing time of an event is how long it
/// was in the stage, less how long its batch took. The levels that travel back
/// to the callers, so that they do not even ask, are left out.
///
/// ```
/// use seda_core::{Dagor, Graph};
///
/// let mut graph = Graph::new("a baseline");
/// graph
///     .stage("serve")
///     .controller(Dagor::default())
///     .each(|_request: u32| Ok(()));
/// ```
///
/// Source: Zhou et al., "Overload Control for Scaling `WeChat` Microservices"
/// (`SoCC` 2018).
#[derive(Debug)]
pub struct Dagor {
    queueing_max: Duration,
    window: Window,
    before: Option<(Tick, Sample)>,
    /// How many of the levels enter; none is said while all do.
    admitted: Option<usize>,
}

impl Default for Dagor {
    fn default() -> Self {
        Self::new(QUEUEING_MAX)
    }
}

/// Is what a window showed.
struct Seen {
    ladder: Ladder,
    queueing: Duration,
}

impl Dagor {
    /// Makes a controller that takes a mean queueing time above `queueing_max`
    /// for overload.
    pub const fn new(queueing_max: Duration) -> Self {
        Self {
            queueing_max,
            window: Window::new(EVENTS, TIME),
            before: None,
            admitted: None,
        }
    }

    fn look(&mut self, now: Tick, sample: &Sample) -> Option<Seen> {
        let (then, before) = self.before.replace((now, *sample))?;
        let classes = sample.class_count.clamp(1, Class::COUNT_MAX);
        let arrivals = arrivals(&before, sample, classes);
        let ladder = Ladder::new(arrivals, classes);
        let wall = now.since(then);
        self.window.pass(ladder.total(), wall);
        Some(Seen {
            ladder,
            queueing: queueing(&before, sample).unwrap_or(wall),
        })
    }
}

impl Controller for Dagor {
    fn name(&self) -> &'static str {
        "dagor"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Admission
    }

    fn period(&self) -> Duration {
        self.window.period()
    }

    fn wants_sojourns(&self) -> bool {
        true
    }

    fn update(&mut self, now: Tick, sample: &Sample) -> Decision {
        let Some(seen) = self.look(now, sample) else {
            return Decision::none();
        };
        let ladder = seen.ladder;
        let old = self.admitted.unwrap_or(ladder.top()).min(ladder.top());
        let (queueing, most) = (seen.queueing, self.queueing_max);
        let overloaded = queueing > most;
        if ladder.total() == 0 || (old == ladder.top() && !overloaded) {
            return Decision::none();
        }
        let wanted = if overloaded {
            ladder.below(old) * (1.0 - ALPHA)
        } else {
            BETA.mul_add(float(ladder.total()), ladder.below(old))
        };
        let new = ladder.level_of(wanted);
        self.admitted = Some(new);
        if new == old {
            return Decision::none();
        }
        let compared = if overloaded { "above" } else { "not above" };
        Decision {
            level: Some(Ladder::named(new)),
            reason: format!(
                "mean queueing time {queueing:.1?} is {compared} {most:?}: {wanted:.0} of {} arrivals wanted, {old} -> {new} of {} levels",
                ladder.total(),
                ladder.top()
            ),
            ..Decision::none()
        }
    }
}

/// Counts what arrived since the last sample, by class.
fn arrivals(before: &Sample, sample: &Sample, classes: usize) -> [u64; Class::COUNT_MAX] {
    if classes > 1 {
        let grown = |class: usize| {
            let of = |sample: &Sample| sample.classes.get(class).map_or(0, |class| class.offered);
            of(sample).saturating_sub(of(before))
        };
        return std::array::from_fn(grown);
    }
    let offered = |sample: &Sample| sample.accepted + sample.rejected;
    let mut arrivals = [0; Class::COUNT_MAX];
    if let Some(all) = arrivals.first_mut() {
        *all = offered(sample).saturating_sub(offered(before));
    }
    arrivals
}

/// Gives the mean time that events waited; none when all still do.
fn queueing(before: &Sample, sample: &Sample) -> Option<Duration> {
    if sample.sojourns.count == 0 {
        return (sample.queued == 0).then_some(Duration::ZERO);
    }
    let batches = sample.batches.saturating_sub(before.batches).max(1);
    let busy = sample.busy.saturating_sub(before.busy);
    let in_hand = busy.div_f64(float(batches));
    Some(sample.sojourns.mean.saturating_sub(in_hand))
}
