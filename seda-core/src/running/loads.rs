//! What a graph knows of its load, and who is turned away at its entries.

use std::sync::Arc;
use std::time::Duration;

use crate::admission::BUDGET_SHARE;
use crate::edge::{Edge, Origin};
use crate::gate;
use crate::law::float;
use crate::meta::Class;
use crate::overload::monitors::{Lateness, Load};
use crate::roster::Roster;
use crate::stage::core::StageControl;

/// Adds up what is in the graph, and finds the queue that is the longest in time.
pub(crate) fn load(roster: &Roster) -> Load {
    let in_flight = |stage: &dyn StageControl| stage.queued() + stage.common().in_hand();
    let late = roster.iter().filter_map(lateness);
    let part = |late: &Lateness| late.queue_time.div_duration_f64(late.most);
    Load {
        in_flight: roster.iter().map(in_flight).sum(),
        slowest: late.max_by(|a, b| part(a).total_cmp(&part(b))),
    }
}

fn lateness(stage: &dyn StageControl) -> Option<Lateness> {
    let common = stage.common();
    let dials = &common.dials;
    let own = dials.budgets.longest().max(dials.serving.target());
    let target = own.or_else(|| dials.share())?;
    let time = float(stage.queued()) / dials.throughput()?;
    Some(Lateness {
        stage: Arc::clone(&common.name),
        queue_time: Duration::try_from_secs_f64(time).unwrap_or(Duration::MAX),
        most: target.mul_f64(BUDGET_SHARE).max(Duration::from_nanos(1)),
    })
}

/// Has events of this class and of less urgent ones be turned away by the
/// stages that code outside or a source sends to: work that is begun goes on.
pub(crate) fn shed_from(roster: &Roster, class: Option<Class>) {
    let is_outer = |edge: &Arc<Edge>| !matches!(edge.from, Origin::Stage(_));
    for stage in roster.iter() {
        let common = stage.common();
        if !common.edges().iter().any(is_outer) {
            continue;
        }
        common.dials.set_overload_shed(class);
        if class.is_some() {
            common.gate.set(gate::OVERLOADED);
        } else if common.gate.has(gate::OVERLOADED) {
            common.gate.clear(gate::OVERLOADED);
        }
    }
}
