//! What happens to the clients that the generator plays, and how requests end.

use std::io::ErrorKind;

use seda_io::http::{Answered, CallError, CallTimeout, StatusCode};

/// Status codes by which a server says that it cannot now, and means nothing else.
const REFUSALS: [u16; 2] = [429, 503];

/// Is something that the clients' stage has to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// A moment has come.
    Due(Due),
    /// An attempt has ended.
    Ended {
        /// The request.
        ticket: usize,
        /// How.
        end: End,
    },
}

/// Is what is to be done at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    /// The moment, in nanoseconds of the clock.
    pub(super) at: u64,
    /// What.
    pub(super) what: What,
}

/// Is what can be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// Somebody new asks: a request of an open loop, or a session's first.
    Arrival,
    /// A client has thought, and asks.
    Turn(usize),
    /// A request is tried again.
    Again(usize),
    /// The schedule is over.
    Over,
}

/// Says how an attempt has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Answered, by what was asked for.
    Answered,
    /// Refused: the server said that it cannot now.
    Rejected,
    /// In no other way.
    Failed(Failure),
}

/// Says why a request has no answer of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Failure {
    /// None came in time.
    TimedOut,
    /// All connections were taken for as long as it would have waited.
    NoConnection,
    /// No connection was accepted.
    Unreachable(ErrorKind),
    /// The connection ended before the answer did.
    Broken,
    /// What came is no answer.
    Malformed,
    /// An answer, but not what was asked for.
    Status(u16),
    /// The client has refused it: TLS, names, its bounds.
    NotSent,
}

impl End {
    /// Says how an attempt has ended of which this has become.
    pub(super) fn of<T>(answered: &Answered<T>) -> Self {
        match &answered.result {
            Ok(response) => Self::of_status(response.status()),
            Err(error) => Self::Failed(Failure::of(error)),
        }
    }

    fn of_status(status: StatusCode) -> Self {
        if status.is_success() {
            Self::Answered
        } else if REFUSALS.contains(&status.code()) {
            Self::Rejected
        } else {
            Self::Failed(Failure::Status(status.code()))
        }
    }
}

impl Failure {
    fn of(error: &CallError) -> Self {
        match error {
            CallError::TimedOut(CallTimeout::Connect) => Self::Unreachable(ErrorKind::TimedOut),
            CallError::TimedOut(_) => Self::TimedOut,
            CallError::Unreachable(kind) => Self::Unreachable(*kind),
            CallError::Unresolved(_) => Self::Unreachable(ErrorKind::NotFound),
            CallError::Broken(_) => Self::Broken,
            CallError::Malformed(_) => Self::Malformed,
            CallError::Unsecured(_) | CallError::Busy | CallError::Abandoned => Self::NotSent,
        }
    }

    /// Says it to people.
    pub(super) fn words(self) -> String {
        match self {
            Self::TimedOut => "timed out".to_owned(),
            Self::NoConnection => "no connection free in time".to_owned(),
            Self::Unreachable(kind) => kind.to_string(),
            Self::Broken => "connection broken".to_owned(),
            Self::Malformed => "malformed answer".to_owned(),
            Self::Status(code) => format!("status {code}"),
            Self::NotSent => "not sent".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_one_of_three_ends() {
        let end = |code| End::of_status(StatusCode::new(code).unwrap());
        assert_eq!([end(200), end(204)], [End::Answered; 2]);
        assert_eq!([end(429), end(503)], [End::Rejected; 2]);
        for code in [302, 404, 500, 504] {
            assert_eq!(end(code), End::Failed(Failure::Status(code)));
        }
    }
}
