//! An event given back, and why.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

/// Says why a queue gave an event back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The queue holds as many events as it may.
    Full,
    /// The stage's admission policy turned it away.
    Shed,
    /// Its deadline has passed, or would pass before it could be handled.
    Expired,
    /// The stage takes no more events: it drains, has stopped, or is quarantined.
    Closed,
}

impl Reason {
    /// Lists every reason, in the order of the counters.
    pub const ALL: [Self; 4] = [Self::Full, Self::Shed, Self::Expired, Self::Closed];

    /// Is this reason's place in [`Reason::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Shed => "shed",
            Self::Expired => "expired",
            Self::Closed => "closed",
        })
    }
}

/// Is an event that a queue did not take, given back by value.
///
/// It is an [`Error`] whatever `E` is, so `?` works for events that hold sockets.
pub struct Rejected<E> {
    /// The event itself; nothing of it is lost.
    pub event: E,
    /// Why it came back.
    pub reason: Reason,
    /// When trying again makes sense, where that is known.
    pub retry_after: Option<Duration>,
    /// The stage that gave it back.
    pub(crate) stage: Arc<str>,
}

impl<E> Rejected<E> {
    /// Names the stage that gave the event back.
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// Changes what is given back, and keeps why.
    pub fn map<F>(self, change: impl FnOnce(E) -> F) -> Rejected<F> {
        Rejected {
            event: change(self.event),
            reason: self.reason,
            retry_after: self.retry_after,
            stage: self.stage,
        }
    }
}

impl<E> fmt::Debug for Rejected<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("stage", &self.stage)
            .field("reason", &self.reason)
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}

impl<E> fmt::Display for Rejected<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stage `{}` gave the event back: ", self.stage)?;
        f.write_str(match self.reason {
            Reason::Full => "its queue is full; try later, defer, or make `.queue(…)` larger",
            Reason::Shed => "its admission policy shed it; try later",
            Reason::Expired => "its deadline cannot be met; give it more time or send it earlier",
            Reason::Closed => {
                "it takes no more events; the graph drains, or the stage is quarantined"
            }
        })?;
        match self.retry_after {
            Some(wait) => write!(f, " (after {wait:?})"),
            None => Ok(()),
        }
    }
}

impl<E> Error for Rejected<E> {}

#[cfg(test)]
mod tests {
    use super::{Reason, Rejected};

    struct NeitherDebugNorClone;

    #[test]
    fn it_is_an_error_without_asking_anything_of_the_event() {
        let rejected = Rejected {
            event: NeitherDebugNorClone,
            reason: Reason::Full,
            retry_after: None,
            stage: "parse".into(),
        };
        let error: Box<dyn std::error::Error> = Box::new(rejected);
        assert!(error.to_string().contains("`parse`"));
    }

    #[test]
    fn reasons_index_their_own_list() {
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), place);
        }
    }
}
