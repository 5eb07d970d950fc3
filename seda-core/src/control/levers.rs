//! What controllers see and move, without knowing whether it is real.

use crate::control::{Decision, Sample};
use crate::meta::Class;
use crate::overload::monitors::Load;
use crate::stats::histogram::Spread;

/// Is what controllers see and move: the runtime, or the simulator.
pub(crate) trait Levers {
    /// Gives what there is to see of a stage, but for how long events were there.
    fn sample(&self, stage: usize) -> Sample;
    /// Gives how long events were in a stage, all since the start.
    fn sojourns(&self, stage: usize) -> Spread;
    /// Counts the events that one stage has sent to another since the start,
    /// those included that were refused for good.
    fn flow(&self, from: usize, to: usize) -> u64;
    /// Gives what the graph knows of its load.
    fn load(&self) -> Load;
    /// Has events of this class and of less urgent ones be turned away where
    /// they enter the graph; none lets all of them in again.
    fn shed_from(&self, class: Option<Class>);
    fn apply(&self, stage: usize, decision: &Decision);
}
