//! The states of a job, and which may follow which.
//!
//! One set of states serves this server's own jobs and those of every remote
//! flavour, whose native states are mapped onto it. A remote job is seen only
//! when it is asked for, so states on the way may be skipped but never
//! revisited.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Where a job is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum JobState {
    /// Nothing is known yet.
    Undefined,
    /// Taken; the server answers for it from here on.
    Accepted,
    /// Its inputs, its target and its directory are being made ready.
    Preparing,
    /// It is being handed to the target.
    Submitting,
    /// Held back by someone, until someone lets it go.
    Hold,
    /// Waiting at the target for room to run.
    Queuing,
    /// Its process runs.
    Running,
    /// Its process has ended; outputs are being collected.
    Finishing,
    /// Ended well.
    Finished,
    /// Ended because someone asked for it.
    Killed,
    /// Ended badly; the record says why.
    Failed,
    /// Ended, and its data is gone.
    Deleted,
    /// A native state that no mapping covers.
    Other,
}

impl JobState {
    /// All states, in the order of the contract.
    pub const ALL: [Self; 13] = [
        Self::Undefined,
        Self::Accepted,
        Self::Preparing,
        Self::Submitting,
        Self::Hold,
        Self::Queuing,
        Self::Running,
        Self::Finishing,
        Self::Finished,
        Self::Killed,
        Self::Failed,
        Self::Deleted,
        Self::Other,
    ];

    /// Returns the name, in capitals as in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Undefined => "UNDEFINED",
            Self::Accepted => "ACCEPTED",
            Self::Preparing => "PREPARING",
            Self::Submitting => "SUBMITTING",
            Self::Hold => "HOLD",
            Self::Queuing => "QUEUING",
            Self::Running => "RUNNING",
            Self::Finishing => "FINISHING",
            Self::Finished => "FINISHED",
            Self::Killed => "KILLED",
            Self::Failed => "FAILED",
            Self::Deleted => "DELETED",
            Self::Other => "OTHER",
        }
    }

    /// Tells whether the job has come to its end.
    pub const fn is_ended(self) -> bool {
        matches!(
            self,
            Self::Finished | Self::Killed | Self::Failed | Self::Deleted
        )
    }

    /// Tells whether a job in this state may be seen in state `next` after.
    ///
    /// * A state does not follow itself: that is no transition.
    /// * Forward along accepted, preparing, submitting, queuing, running,
    ///   finishing, finished; any of them may go unseen.
    /// * A job that has not ended may fail or be killed.
    /// * A job that does not finish yet may be held, and goes on anywhere.
    /// * A running job may queue again: batch systems requeue jobs.
    /// * An ended job may only be deleted, and a deleted one stays so.
    /// * Whatever was known never becomes undefined; an unmapped state may
    ///   come before and after anything that is not an end.
    pub const fn may_become(self, next: Self) -> bool {
        use JobState::{
            Deleted, Failed, Finished, Hold, Killed, Other, Queuing, Running, Undefined,
        };
        match (self, next) {
            (_, Undefined) | (Other, Other) | (Hold, Hold) => false,
            (Undefined, _) | (Finished | Killed | Failed, Deleted) => true,
            (Finished | Killed | Failed | Deleted, _) => false,
            (Other, _) | (_, Other | Killed | Failed) => true,
            (_, Deleted) => false,
            (Hold, _) | (Running, Queuing) => true,
            (before, Hold) => before.step() <= Running.step(),
            (before, after) => before.step() < after.step(),
        }
    }

    /// Returns `next` if it may follow this state.
    ///
    /// # Errors
    ///
    /// Fails, naming both states, if [`may_become`](Self::may_become) says
    /// no: that is a logic error of the caller.
    ///
    /// # Examples
    ///
    /// ```
    /// use seda_stages::job::state::JobState;
    ///
    /// assert!(JobState::Running.advance(JobState::Finishing).is_ok());
    /// let refused = JobState::Finished.advance(JobState::Running).unwrap_err();
    /// assert_eq!(refused.to_string(), "a job that is FINISHED cannot become RUNNING");
    /// ```
    pub const fn advance(self, next: Self) -> Result<Self, IllegalTransition> {
        if self.may_become(next) {
            Ok(next)
        } else {
            Err(IllegalTransition {
                from: self,
                to: next,
            })
        }
    }

    /// How far along the way an ordinary job is; states off the way are
    /// dealt with before this is asked.
    const fn step(self) -> u8 {
        match self {
            Self::Undefined => 0,
            Self::Accepted => 1,
            Self::Preparing => 2,
            Self::Submitting => 3,
            Self::Hold | Self::Queuing => 4,
            Self::Running => 5,
            Self::Finishing => 6,
            Self::Finished | Self::Killed | Self::Failed | Self::Deleted | Self::Other => 7,
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for JobState {
    type Err = UnknownState;

    /// Reads a name in any case.
    fn from_str(text: &str) -> Result<Self, UnknownState> {
        let named = |state: &Self| state.name().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(named).ok_or(UnknownState)
    }
}

/// A step that the life of a job does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct IllegalTransition {
    /// The state that the job keeps.
    pub from: JobState,
    /// The state that was asked for.
    pub to: JobState,
}

impl fmt::Display for IllegalTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a job that is {} cannot become {}", self.from, self.to)
    }
}

impl std::error::Error for IllegalTransition {}

/// A text that names no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownState;

impl fmt::Display for UnknownState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such job state, choose from")?;
        JobState::ALL
            .iter()
            .try_for_each(|state| write!(f, " {}", state.name().to_lowercase()))
    }
}

impl std::error::Error for UnknownState {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rows: from; columns: to; both in the order of [`JobState::ALL`].
    /// Drawn by hand from the rules, apart from the code that computes them.
    const LEGAL: [&str; 13] = [
        // U A P S H Q R F F K F D O
        "  . x x x x x x x x x x x x", // undefined
        "  . . x x x x x x x x x . x", // accepted
        "  . . . x x x x x x x x . x", // preparing
        "  . . . . x x x x x x x . x", // submitting
        "  . x x x . x x x x x x . x", // hold
        "  . . . . x . x x x x x . x", // queuing
        "  . . . . x x . x x x x . x", // running
        "  . . . . . . . . x x x . x", // finishing
        "  . . . . . . . . . . . x .", // finished
        "  . . . . . . . . . . . x .", // killed
        "  . . . . . . . . . . . x .", // failed
        "  . . . . . . . . . . . . .", // deleted
        "  . x x x x x x x x x x x .", // other
    ];

    #[test]
    fn transitions_are_as_drawn() {
        for (from, row) in JobState::ALL.into_iter().zip(LEGAL) {
            for (to, mark) in JobState::ALL.into_iter().zip(row.split_whitespace()) {
                assert_eq!(from.may_become(to), mark == "x", "{from} to {to}");
            }
        }
    }

    #[test]
    fn names_read_back_in_any_case() {
        for state in JobState::ALL {
            assert_eq!(state.name().to_lowercase().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
        assert_eq!("runing".parse::<JobState>(), Err(UnknownState));
        assert!(UnknownState.to_string().ends_with("deleted other"));
    }

    fn any_state() -> impl Strategy<Value = JobState> {
        prop::sample::select(JobState::ALL.to_vec())
    }

    proptest! {
        /// Whatever is asked for, the path that results is a life.
        #[test]
        fn every_path_is_a_life(wishes in prop::collection::vec(any_state(), 0..60)) {
            let mut path = vec![JobState::Accepted];
            for wish in wishes {
                let now = *path.last().unwrap();
                match now.advance(wish) {
                    Ok(next) => path.push(next),
                    Err(refused) => {
                        prop_assert_eq!(refused, IllegalTransition { from: now, to: wish });
                    }
                }
            }
            let ends = path.iter().filter(|s| s.is_ended() && **s != JobState::Deleted).count();
            prop_assert!(ends <= 1, "ended twice: {:?}", path);
            let after_end = path.iter().skip_while(|s| !s.is_ended()).skip(1);
            prop_assert!(after_end.clone().all(|s| *s == JobState::Deleted), "{:?}", path);
            prop_assert!(after_end.count() <= 1, "{:?}", path);
            prop_assert!(!path.contains(&JobState::Undefined), "{:?}", path);
            prop_assert!(path.windows(2).all(|pair| pair[0] != pair[1]), "{:?}", path);
        }
    }
}
