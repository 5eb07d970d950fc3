//! How pressed a graph is, in one word that anybody may read.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::Serialize;

/// The lowest bit of the actions; the level is below.
const ACTIONS_FROM: u32 = 8;

/// Is something that is done while a process runs short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OverloadAction {
    /// Whoever is silent is given less time.
    ShrinkTimeouts,
    /// Connections end after the answer that is due.
    EndKeepAlive,
    /// Less urgent events are turned away where they enter the graph.
    ShedClasses,
    /// No more connections are accepted.
    CloseAccept,
}

impl OverloadAction {
    /// Lists all actions, those that are taken first.
    pub const ALL: [Self; 4] = [
        Self::ShrinkTimeouts,
        Self::EndKeepAlive,
        Self::ShedClasses,
        Self::CloseAccept,
    ];

    /// Names the action, as it is serialized.
    ///
    /// ```
    /// assert_eq!(seda_core::OverloadAction::CloseAccept.name(), "close-accept");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::ShrinkTimeouts => "shrink-timeouts",
            Self::EndKeepAlive => "end-keep-alive",
            Self::ShedClasses => "shed-classes",
            Self::CloseAccept => "close-accept",
        }
    }

    const fn bit(self) -> u32 {
        1 << (ACTIONS_FROM + self as u32)
    }
}

/// Tells how pressed a graph is, as its overload manager found last. Clones
/// are one; each question is one load of memory that is seldom written.
///
/// [`Graph::pressure`](crate::Graph::pressure) gives it, for sources that can
/// do something about it.
#[derive(Clone, Default)]
pub struct Pressure(Arc<AtomicU32>);

impl Pressure {
    /// Gives the brownout level, 0 (idle) to 255 (overloaded).
    #[inline]
    pub fn level(&self) -> u8 {
        let [level, ..] = self.0.load(Ordering::Relaxed).to_le_bytes();
        level
    }

    /// Tells whether an action is taken just now.
    ///
    /// ```
    /// use seda_core::{Graph, OverloadAction};
    ///
    /// let pressure = Graph::new("idle").pressure();
    /// assert_eq!(pressure.level(), 0);
    /// assert!(!pressure.calls_for(OverloadAction::CloseAccept));
    /// ```
    #[inline]
    pub fn calls_for(&self, action: OverloadAction) -> bool {
        self.0.load(Ordering::Relaxed) & action.bit() != 0
    }

    pub(crate) fn publish(&self, level: u8, actions: impl IntoIterator<Item = OverloadAction>) {
        let bits = actions.into_iter().map(OverloadAction::bit);
        let word = bits.fold(u32::from(level), |word, bit| word | bit);
        self.0.store(word, Ordering::Relaxed);
    }
}

impl fmt::Debug for Pressure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actions = OverloadAction::ALL.into_iter();
        f.debug_struct("Pressure")
            .field("level", &self.level())
            .field(
                "actions",
                &actions
                    .filter(|action| self.calls_for(*action))
                    .collect::<Vec<_>>(),
            )
            .finish()
    }
}
