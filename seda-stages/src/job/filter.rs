//! Which jobs of a list are wanted.

use std::str::FromStr;

use super::state::{JobState, UnknownState};

/// A choice of jobs by their state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateFilter {
    /// All.
    #[default]
    All,
    /// Those that have not ended.
    Live,
    /// Those that have ended.
    Ended,
    /// Those in this state.
    Only(JobState),
}

impl StateFilter {
    /// Tells whether a job in this state is wanted.
    pub fn accepts(self, state: JobState) -> bool {
        match self {
            Self::All => true,
            Self::Live => !state.is_ended(),
            Self::Ended => state.is_ended(),
            Self::Only(wanted) => state == wanted,
        }
    }
}

impl FromStr for StateFilter {
    type Err = UnknownState;

    /// Reads `all`, `live`, `ended` or the name of a state.
    fn from_str(text: &str) -> Result<Self, UnknownState> {
        match text {
            "all" => Ok(Self::All),
            "live" => Ok(Self::Live),
            "ended" => Ok(Self::Ended),
            state => state.parse().map(Self::Only),
        }
    }
}
