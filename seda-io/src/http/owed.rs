//! What must be known of a request to write its answer.

use super::message::Version;
use super::method::Method;
use super::parse::RequestHead;
use super::write::Persistence;

/// The duty to answer one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owed {
    /// What the peer has asked for the connection behind the answer.
    pub(super) persistence: Persistence,
    /// What the peer speaks.
    pub(super) version: Version,
    /// The answer has no body, whatever its head says.
    pub(super) head_only: bool,
    /// The request was bad: what else the peer sends is thrown away.
    pub(super) bad: bool,
    /// Others may be handled beside it (RFC 9110 §9.2.1).
    pub(super) safe: bool,
}

impl Owed {
    /// The duty that comes with a well-formed request.
    pub(super) fn to(head: &RequestHead) -> Self {
        let method = head.request.method();
        Self {
            persistence: match (head.stays_open, head.request.version()) {
                (false, _) => Persistence::Close,
                (true, Version::Http10) => Persistence::KeepAlive,
                (true, Version::Http11) => Persistence::Unsaid,
            },
            version: head.request.version(),
            head_only: *method == Method::Head,
            bad: false,
            safe: method.is_safe(),
        }
    }

    /// The duty to say what was wrong.
    pub(super) const fn to_bad_request() -> Self {
        Self {
            persistence: Persistence::Close,
            version: Version::Http11,
            head_only: false,
            bad: true,
            safe: true,
        }
    }

    /// Tells whether no request follows on this connection.
    pub(super) fn is_last(self) -> bool {
        self.persistence == Persistence::Close
    }
}
