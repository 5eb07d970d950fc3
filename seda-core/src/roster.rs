//! All stages of a graph, as its own parts see them.

use std::fmt;
use std::sync::Arc;

use crate::here::StageRef;
use crate::promises::Promises;
use crate::stage::core::StageControl;

/// Is the list of a graph's stages, in the order they were made.
pub(crate) struct Roster {
    graph: u64,
    stages: Vec<Arc<dyn StageControl>>,
    /// What sources have yet to make events of.
    promises: Vec<Promises>,
}

impl Roster {
    pub(crate) fn new(
        graph: u64,
        stages: Vec<Arc<dyn StageControl>>,
        promises: Vec<Promises>,
    ) -> Self {
        Self {
            graph,
            stages,
            promises,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &dyn StageControl> {
        self.stages.iter().map(|stage| &**stage)
    }

    pub(crate) fn get(&self, at: StageRef) -> Option<&dyn StageControl> {
        if at.graph != self.graph {
            return None;
        }
        self.stages.get(at.stage).map(|stage| &**stage)
    }

    pub(crate) fn named(&self, name: &str) -> Option<&dyn StageControl> {
        self.iter().find(|stage| &*stage.common().name == name)
    }

    /// Tells whether every accepted event is finished, and every promise kept.
    ///
    /// Finished counters are read before accepted ones, and a handler's events
    /// are accepted before the event it handles is finished; so equal sums
    /// mean that at some moment in between nothing was queued or in hand.
    /// Promises are made and kept in the same order, and counted with them.
    pub(crate) fn is_settled(&self) -> bool {
        let finished: u64 = self.iter().map(|stage| stage.common().finished()).sum();
        let kept: u64 = self.promises.iter().map(Promises::kept).sum();
        let accepted: u64 = self.iter().map(StageControl::accepted).sum();
        let made: u64 = self.promises.iter().map(Promises::made).sum();
        finished + kept == accepted + made
    }
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.iter().map(|stage| &stage.common().name);
        f.debug_list().entries(names).finish()
    }
}
