//! What became of an event that was not handled: failures and dead letters.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::clock::Tick;
use crate::error::BoxError;
use crate::meta::Meta;

/// Says how a handler lost an event.
#[derive(Debug)]
pub enum Cause {
    /// It returned this error.
    Error(BoxError),
    /// It panicked with this message.
    Panic(String),
    /// It failed without having taken an event; this one was taken off for it.
    Untaken(BoxError),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => write!(f, "{error}"),
            Self::Panic(message) => write!(f, "panic: {message}"),
            Self::Untaken(error) => write!(f, "{error} (before it took an event)"),
        }
    }
}

/// Is one event that a handler lost. The event itself went with the handler.
#[derive(Debug)]
pub struct Failure {
    /// The stage whose handler failed.
    pub stage: Arc<str>,
    /// The event's meta.
    pub meta: Meta,
    /// What happened.
    pub cause: Cause,
    /// When the failed batch began.
    pub at: Tick,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stage `{}` lost an event: {}", self.stage, self.cause)
    }
}

/// Says why an accepted event never reached its handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Death {
    /// Its deadline passed while it waited.
    Expired,
    /// It made room for a newer one ([`Overflow::DropOldest`](crate::Overflow)).
    Evicted,
    /// The graph stopped, or its drain ran out of time.
    Stopped,
    /// Its stage was quarantined.
    Quarantined,
}

thread_local! {
    /// Why events are buried on this thread just now.
    static BURYING: Cell<Option<Death>> = const { Cell::new(None) };
}

impl Death {
    /// Tells the `Drop` of an event, or of a part of it, why it is dropped: it
    /// is in a queue no more, and no [dead-letter stage](crate::StageBuilder::dead_letters)
    /// has taken it. None when it is dropped for another reason, such as a
    /// handler's error.
    ///
    /// So an event that carries a duty, such as to answer somebody, can say
    /// what has become of it, whatever it is wrapped in.
    ///
    /// ```
    /// use seda_core::Death;
    ///
    /// struct Request;
    ///
    /// impl Drop for Request {
    ///     fn drop(&mut self) {
    ///         match Death::of_dropped() {
    ///             Some(Death::Expired) => println!("too late"),
    ///             Some(_) => println!("nobody will come"),
    ///             None => println!("handled, or lost"),
    ///         }
    ///     }
    /// }
    ///
    /// drop(Request); // handled, or lost
    /// ```
    pub fn of_dropped() -> Option<Self> {
        BURYING.try_with(Cell::get).ok().flatten()
    }

    /// Has what is dropped inside `burial` know why.
    pub(crate) fn known_in(self, burial: impl FnOnce()) {
        let before = BURYING.replace(Some(self));
        let _end = EndOfBurial { before };
        burial();
    }
}

/// Goes back to what was before, even when an event panics as it is dropped.
struct EndOfBurial {
    before: Option<Death>,
}

impl Drop for EndOfBurial {
    fn drop(&mut self) {
        BURYING.set(self.before);
    }
}

/// Is an accepted event that never reached its handler, given back by value.
#[derive(Debug)]
pub struct DeadLetter<E> {
    /// The event itself.
    pub event: E,
    /// What travelled with it.
    pub meta: Meta,
    /// The stage in whose queue it died.
    pub stage: Arc<str>,
    /// Why.
    pub death: Death,
}

#[cfg(test)]
mod tests {
    use super::Death;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn a_death_is_known_only_during_its_burial_though_it_panics() {
        Death::Expired.known_in(|| {
            assert_eq!(Death::of_dropped(), Some(Death::Expired));
            Death::Stopped.known_in(|| assert_eq!(Death::of_dropped(), Some(Death::Stopped)));
            assert_eq!(Death::of_dropped(), Some(Death::Expired));
        });
        let burial = || Death::Evicted.known_in(|| panic!("on purpose"));
        assert!(catch_unwind(AssertUnwindSafe(burial)).is_err());
        assert_eq!(Death::of_dropped(), None);
    }
}
