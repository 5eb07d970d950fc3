//! What became of an event that was not handled: failures and dead letters.

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
