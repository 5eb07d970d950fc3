//! What controllers have set about a stage, in plain figures.

use std::time::Duration;

use serde::Serialize;

use crate::dials::{Dials, Order};
use crate::meta::Class;
use crate::stats::seconds;

/// Is what controllers have set about a stage, as it is now; what none has
/// set is none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Conditions {
    /// Events per second that it was found to get done, of all classes together.
    pub events_per_second: Option<f64>,
    /// The most events that may wait or be in hand together.
    pub in_flight_max: Option<usize>,
    /// Events per second that may enter.
    pub rate_max: Option<f64>,
    /// The first class that is turned away.
    pub shed_from: Option<Class>,
    /// How long an event may wait before it expires, beside the stage's budget.
    #[serde(serialize_with = "seconds::known")]
    pub wait_max: Option<Duration>,
    /// Which of the events that wait is served next.
    pub order: Order,
    /// Its share of a path's budget.
    #[serde(serialize_with = "seconds::known")]
    pub share: Option<Duration>,
    /// What events will need further down that path.
    #[serde(serialize_with = "seconds::known")]
    pub beyond: Option<Duration>,
}

impl Conditions {
    pub(crate) fn of(dials: &Dials) -> Self {
        let in_flight = dials.in_flight();
        Self {
            events_per_second: dials.throughput(),
            in_flight_max: (in_flight != usize::MAX).then_some(in_flight),
            rate_max: dials.rate(),
            shed_from: dials.shed_from(),
            wait_max: dials.serving.wait_max(),
            order: dials.serving.order(),
            share: dials.share(),
            beyond: dials.share().map(|_| dials.beyond()),
        }
    }
}

/// Is how often one controller has decided about a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionCount {
    /// The controller.
    pub by: &'static str,
    /// Its decisions since the start.
    pub count: u64,
}
